"""Personal access tokens: named, scoped, ending, revocable, and never stored themselves."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models.people import Person


class PersonalTokenQuerySet(models.QuerySet["PersonalToken"]):
    def usable(self, at: datetime) -> Self:
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class PersonalToken(models.Model):
    """`digest` is the SHA-256 of the token in hex; `ending` its last four characters, to tell tokens apart.

    `scopes` are words with spaces between: `read write`.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    scopes = models.CharField(max_length=40)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = PersonalTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"],
                condition=Q(revoked_at__isnull=True),
                name="one_token_in_force_per_name",
                violation_error_message="You already have a token of that name.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}/{self.name}"
