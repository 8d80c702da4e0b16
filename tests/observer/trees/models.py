"""The table of a made-up kind."""

from django.db import models


class Tree(models.Model):
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=253)
    tenant = models.CharField(max_length=63)
    service = models.CharField(max_length=63, blank=True)
    height = models.PositiveIntegerField()
    fruit = models.CharField(max_length=40)
    planted_on = models.DateField(null=True)
    observed_at = models.DateTimeField()

    class Meta:
        app_label = "trees"
        constraints = [models.UniqueConstraint(fields=["namespace", "name"], name="one_row_per_tree")]
