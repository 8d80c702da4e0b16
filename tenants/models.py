"""The mirror of tenants: desired state from git, usage from the cluster; who belongs to them, and their hosts.

The observer writes it, members from git included. Members from GitHub are written by `tenants.engine`, hosts that an
operation is about to commit by `tenants.actions`.
"""

from typing import Self

from django.db import models
from django.db.models import Q

from core.actor import Role


class TenantQuerySet(models.QuerySet["Tenant"]):
    def named(self, names: list[str]) -> Self:
        return self.filter(name__in=names)


class Tenant(models.Model):
    """`quota_hard`/`quota_used`: resource name to Kubernetes quantity, from the ResourceQuota `{name}-quota`.

    `values_problem`: which of the tenant's files in git cannot be read, and why; empty where all can.
    `team_roles`: GitHub team to the word that the values file has for its role; empty where the settings decide.
    """

    name = models.CharField(max_length=63, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    github_team = models.CharField(max_length=100, blank=True)
    team_roles = models.JSONField(default=dict)
    contact_email = models.CharField(max_length=200, blank=True)
    quotas = models.JSONField(default=dict)
    quota_hard = models.JSONField(default=dict)
    quota_used = models.JSONField(default=dict)
    values_problem = models.TextField(blank=True, default="", db_default="")
    git_revision = models.CharField(max_length=64, blank=True)
    git_observed_at = models.DateTimeField(null=True)
    cluster_observed_at = models.DateTimeField(null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Member(models.Model):
    """A person's role in a tenant; `source` says where it was read: `git` (the values file) or `github` (a team).

    `team` is the slug of the GitHub team that gives the role. `resolved_at` is when the source last said so.
    """

    FROM_GIT, FROM_GITHUB = "git", "github"

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="members")
    login = models.CharField(max_length=100)
    role = models.CharField(max_length=12, choices=[(role.value, role.value) for role in Role])
    source = models.CharField(max_length=20, default=FROM_GIT)
    team = models.CharField(max_length=120, blank=True)
    resolved_at = models.DateTimeField()

    class Meta:
        ordering = ["login"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "login", "source"], name="one_role_per_member_and_source"),
        ]
        indexes = [models.Index(fields=["login"], name="member_by_login")]


class TeamPin(models.Model):
    """The number of a GitHub team when it was first seen under its name.

    Names can be given up and taken by another team, which must not inherit the roles: while `seen_id` is another
    number, the team gives none.
    """

    slug = models.CharField(max_length=120, unique=True)
    github_id = models.BigIntegerField()
    seen_id = models.BigIntegerField(null=True)
    pinned_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.slug} ({self.github_id})"


class Source(models.Model):
    """One outside source of the mirror: `gitops`, `kubernetes:pods`, ...

    `last_contact_at` is the last time it answered; `error` is empty while it does. `notice` names what of its answer
    could not be read, such as a broken values file. Pages show the age and never read an unreachable source as zero.
    """

    name = models.CharField(max_length=60, unique=True)
    label = models.CharField(max_length=100)
    last_contact_at = models.DateTimeField(null=True)
    revision = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)
    notice = models.TextField(blank=True)
    error_since = models.DateTimeField(null=True)
    objects_seen = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class HostClaimQuerySet(models.QuerySet["HostClaim"]):
    def in_git(self) -> Self:
        return self.filter(operation="")

    def reserved(self) -> Self:
        return self.exclude(operation="")

    def of_others(self, tenant: str, service: str) -> Self:
        return self.exclude(tenant=tenant, service=service)


class HostClaim(models.Model):
    """A service answers at this path of the host. Two tenants never share one; services of one tenant may, each at
    paths of its own.

    `source` says what claims it: `ingress`, `extra-ingress`, `extra-object`. `operation` is empty for what git has. A
    row with the public id of an operation reserves the host for what that operation is about to commit: the constraint
    decides which of two operations that ask at once is first. It stays until git was read after the operation's end.
    """

    host = models.CharField(max_length=253)
    path = models.CharField(max_length=200)
    tenant = models.CharField(max_length=63)
    service = models.CharField(max_length=63, blank=True)
    source = models.CharField(max_length=20)
    operation = models.CharField(max_length=80, blank=True)

    objects = HostClaimQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["host"], condition=~Q(operation=""), name="one_reservation_per_host")
        ]
        indexes = [
            models.Index(fields=["host"], name="host_claim_by_host"),
            models.Index(fields=["tenant", "service"], name="host_claim_by_service"),
        ]

    def __str__(self) -> str:
        return f"{self.host}{self.path} {self.tenant}/{self.service}"
