"""What the GitOps repository holds, in our words. All values are frozen; texts keep their line endings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from integrations.errors import Missing, Refused
from integrations.gitops.edits import Edit, edit_yaml
from integrations.gitops.routes import Route
from integrations.gitops.values_file import place, values_of

LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Revision:
    """A commit of the branch; `as_of` is when the remote was last known to stand there."""

    sha: str
    as_of: datetime

    def __str__(self) -> str:
        return self.sha


@dataclass(frozen=True, slots=True)
class Commit:
    """`when` is the author's time. `trailers` are the `Name: value` lines that end the message."""

    sha: str
    author: str
    when: datetime
    subject: str
    body: str
    trailers: Mapping[str, str]

    @property
    def requested_by(self) -> str:
        return self.trailers.get("Requested-By", self.author)[:LONGEST_NAME]

    @property
    def via(self) -> str:
        """The door it came through; "" for a commit made by hand."""
        return self.trailers.get("Requested-Via", "")[:LONGEST_NAME]

    @property
    def operation(self) -> str:
        return self.trailers.get("Operation-Id", "")[:LONGEST_NAME]


@dataclass(frozen=True, slots=True)
class MemberSpec:
    login: str
    role: str


@dataclass(frozen=True, slots=True)
class TenantSpec:
    """`quotas` maps a resource of the ResourceQuota to its amount as text, such as "limits.memory" to "6Gi".

    `team_roles` maps a GitHub team to the word the file has for its role; empty where the file says nothing about it.
    """

    name: str
    display_name: str
    description: str
    github_team: str
    team_roles: Mapping[str, str]
    contact_email: str
    members: tuple[MemberSpec, ...]
    quotas: Mapping[str, str]
    path: str
    blob_id: str


@dataclass(frozen=True, slots=True)
class Autoscaling:
    """`cpu_percent` is the average use of the requested CPU that replicas are added at."""

    enabled: bool
    min_replicas: int
    max_replicas: int
    cpu_percent: int


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One values file, the chart's defaults filled in. `hosts` are those of an enabled ingress, `host` the first;
    `routes` are those of every Ingress that the file makes."""

    tenant: str
    name: str
    image: str
    tag: str
    host: str
    hosts: tuple[str, ...]
    routes: tuple[Route, ...]
    port: int
    replicas: int
    autoscaling: Autoscaling
    has_database: bool
    component_type: str
    resources: Mapping[str, Mapping[str, str]]
    probe_paths: Mapping[str, str]
    path: str
    blob_id: str
    text: str = field(repr=False)

    @property
    def values(self) -> Mapping[str, Any]:
        """The file as values. Read from the text each time, so that 10,000 services fit in memory."""
        return values_of(self.path, self.text)


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A values file that is there but cannot be read; `sentence` says why, `line` counts from 1 or is 0.

    `service`, and `tenant` too, are "" where a folder has a name that nothing in a cluster can have.
    """

    path: str
    tenant: str
    service: str
    sentence: str
    line: int
    blob_id: str

    def __str__(self) -> str:
        return f"{place(self.path, self.line)}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class World:
    revision: Revision
    tenants: tuple[TenantSpec, ...]
    services: tuple[ServiceSpec, ...]
    unreadable: tuple[UnreadableFile, ...]


@dataclass(frozen=True, slots=True)
class FileText:
    """`revision` is the commit it was read at."""

    path: str
    text: str = field(repr=False)
    blob_id: str
    revision: str

    @property
    def values(self) -> Mapping[str, Any]:
        """Raises Unreadable."""
        return values_of(self.path, self.text)


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What is to become of one file. `change` takes the text it has now, None where it is absent, and gives the text
    it shall have, None to delete it. It may be called several times and must not act. What `deletes` need not be text.
    """

    path: str
    change: Callable[[str | None], str | None]
    deletes: bool = False

    @classmethod
    def of_yaml(cls, path: str, edits: Sequence[Edit]) -> "FileEdit":
        return cls(path, lambda text: edit_yaml(_require_present(path, text), edits, path))

    @classmethod
    def create(cls, path: str, content: str) -> "FileEdit":
        """Refuses where the file exists."""
        return cls(path, lambda text: _require_absent(path, text, content))

    @classmethod
    def delete(cls, path: str) -> "FileEdit":
        """A file, or with a trailing slash a whole folder. Nothing happens where it is gone.

        Links, binary files and large ones go too; the plan says in words what it does not show.
        """
        return cls(path, lambda _: None, deletes=True)


def _require_present(path: str, text: str | None) -> str:
    if text is None:
        raise Missing("gitops", f"{path} is not in git, so there is nothing to change.", path=path)
    return text


def _require_absent(path: str, text: str | None, content: str) -> str:
    if text is not None:
        raise Refused("gitops", f"{path} is in git already.", remedy="Change it, or choose another name.", path=path)
    return content


@dataclass(frozen=True, slots=True)
class FilePlan:
    """`before` and `after` are None where the file is absent; `blob_id` is that of `before`, "" where absent."""

    base_revision: str
    path: str
    before: str | None = field(repr=False)
    after: str | None = field(repr=False)
    diff: str = field(repr=False)
    blob_id: str

    @property
    def changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Change:
    """One commit to be. `author` is the person it is made for."""

    edits: tuple[FileEdit, ...]
    subject: str
    author: str
    body: str = ""
    trailers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CommitResult:
    """`sha` is the commit that holds the change; where nothing changed, the newest revision. `files` is empty for a
    commit that an earlier call with the same key had already made.
    """

    sha: str
    changed: bool
    files: tuple[FilePlan, ...]

    @property
    def diff(self) -> str:
        return "".join(file.diff for file in self.files)
