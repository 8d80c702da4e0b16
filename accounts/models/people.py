"""People who can sign in. What they may do is not here: roles come from their tenants."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class PersonManager(BaseUserManager["Person"]):
    def signed_in(self, login: str, *, name: str = "") -> "Person":
        """The person of that login, created at the first sign-in."""
        person, _ = self.update_or_create(login=login.lower(), defaults={"name": name})
        return person


class Person(AbstractBaseUser):
    """`login` is the GitHub login in lower case. There are no passwords, and no token of GitHub is kept.

    `github_id` is pinned at the first sign-in with GitHub: logins can be renamed and taken by others, numbers cannot.
    Empty for people GitHub was never asked about. `memberships_at` is when GitHub last answered for this person.
    `is_active` ends with the membership in the organisation, and every session, socket and token with it.
    """

    password = None  # type: ignore[assignment]
    login = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200, blank=True)
    github_id = models.BigIntegerField(null=True, unique=True)
    memberships_at = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)

    objects = PersonManager()
    USERNAME_FIELD = "login"

    def __str__(self) -> str:
        return self.login
