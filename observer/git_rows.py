"""What the observer remembers of git: the columns of rows, not the texts of files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.gitops import Route
from integrations.kubernetes.instances import ServiceKey

# Its name among the sources.
SOURCE = "gitops"
SERVICE_COLUMNS = (
    "component_type", "image", "tag", "host", "port", "autoscaling", "has_database", "values_path", "values_blob",
    "change_sha", "change_kind", "changed_by", "changed_at",
)  # fmt: skip
PROBLEM = "values_problem"
TENANT_COLUMNS = ("display_name", "description", "github_team", "team_roles", "contact_email", "quotas")


@dataclass(frozen=True, slots=True)
class GitService:
    """`values` are in the order of SERVICE_COLUMNS; None where the file cannot be read, which `problem` then says."""

    values: tuple[Any, ...] | None
    replicas: int
    changed_at: datetime | None
    problem: str = ""
    routes: tuple[Route, ...] = ()

    def columns(self) -> dict[str, Any]:
        read = dict(zip(SERVICE_COLUMNS, self.values, strict=True)) if self.values is not None else {}
        return {**read, PROBLEM: self.problem}


@dataclass(frozen=True, slots=True)
class GitTenant:
    """`members` are (login, role), sorted. `problem` as above; what was known before then stays in the row."""

    values: tuple[Any, ...] | None
    members: tuple[tuple[str, str], ...]
    problem: str = ""

    def columns(self) -> dict[str, Any]:
        read = dict(zip(TENANT_COLUMNS, self.values, strict=True)) if self.values is not None else {}
        return {**read, PROBLEM: self.problem}


@dataclass(frozen=True, slots=True)
class GitWorld:
    """One revision, slim."""

    revision: str
    read_at: datetime
    services: Mapping[ServiceKey, GitService]
    tenants: Mapping[str, GitTenant]


class GitState:
    """The last world read. `is_known` is False until there is one: then nothing counts as gone from git."""

    def __init__(self) -> None:
        self.is_known = False
        self.revision = ""
        self.read_at: datetime | None = None
        self.services: Mapping[ServiceKey, GitService] = {}
        self.tenants: Mapping[str, GitTenant] = {}

    def replace(self, world: GitWorld) -> tuple[set[ServiceKey], set[str]]:
        """Services and tenants that differ between before and now."""
        services = _differing(self.services, world.services)
        tenants = _differing(self.tenants, world.tenants)
        self.is_known = True
        self.revision, self.read_at = world.revision, world.read_at
        self.services, self.tenants = world.services, world.tenants
        return services, tenants


def _differing(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> set[Any]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
