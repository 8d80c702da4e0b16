"""The mirror of runbooks in the cluster."""

from django.db import models


class Runbook(models.Model):
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    tenant = models.CharField(max_length=63)
    service = models.CharField(max_length=63)
    first_line = models.CharField(max_length=200)
    observed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["namespace", "name"], name="one_row_per_runbook")]
