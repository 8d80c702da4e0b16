"""Which observer is the active one."""

from django.db import models


class ObserverLease(models.Model):
    """One row: who observes, until when. Another process takes over when it runs out."""

    name = models.CharField(max_length=40, unique=True)
    holder = models.CharField(max_length=100)
    until = models.DateTimeField()
