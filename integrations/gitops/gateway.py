"""The GitOps repository as one object: what the rest of the product calls."""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from core.resource_names import values_path
from integrations.errors import Missing, Unreachable
from integrations.gitops.clone import Clone
from integrations.gitops.model import (
    Change,
    Commit,
    CommitResult,
    FileEdit,
    FilePlan,
    FileText,
    Revision,
    ServiceSpec,
    TenantSpec,
    World,
)
from integrations.gitops.paths import check_name, check_path, join_path
from integrations.gitops.reading import Reader
from integrations.gitops.specs import service_spec, tenant_spec
from integrations.gitops.values_file import unreadable
from integrations.gitops.writing import Writer
from integrations.yaml.events import UnreadableYaml

HISTORY_PAGE = 50
Given = ParamSpec("Given")
Result = TypeVar("Result")


def healing(
    method: Callable[Concatenate["Gitops", Given], Result],
) -> Callable[Concatenate["Gitops", Given], Result]:
    """A method that works on a new clone where it finds the local one damaged."""

    @wraps(method)
    def healed(self: "Gitops", /, *arguments: Given.args, **named: Given.kwargs) -> Result:
        return self.healed(lambda: method(self, *arguments, **named))

    return healed


class Gitops:
    """Tenants, services and history as git holds them, and commits to it.

    Reads answer from the local clone as last fetched; `fetch` asks the remote. Revisions may be given as `Revision`,
    as commit id, or left out for the newest fetched. Paths are those in the repository, base path included.
    Every method may raise Unreachable, Refused and Missing.
    """

    def __init__(
        self,
        url: str,
        *,
        cache_dir: Path,
        username: str = "",
        token: str = "",
        base_path: str = "platform-gitops",
        branch: str = "main",
    ) -> None:
        self.cache_dir, self.base_path = cache_dir, base_path.strip("/")
        self._clone = Clone(url, username, token, cache_dir, branch)
        self._reader = Reader(self._clone.repository, base_path)
        self._writer = Writer(self._clone, self._reader)

    # --- paths

    def service_path(self, tenant: str, service: str) -> str:
        return join_path(self.base_path, values_path(check_name(tenant, "tenant"), check_name(service, "service")))

    def service_folder(self, tenant: str, service: str) -> str:
        """With the trailing slash that `FileEdit.delete` wants of a folder."""
        return self.service_path(tenant, service).removesuffix("values.yaml")

    def chart_path(self, name: str) -> str:
        return join_path(self.base_path, "helm-charts", check_name(name, "chart"))

    # --- reading

    def healed(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; where it finds the local clone damaged, what it returns on a new one."""
        return self._clone.healed(work)

    def fetch(self) -> Revision:
        """The newest revision, asked of the remote; cheap when nothing changed."""
        return self._clone.fetch()

    @healing
    def may_push(self) -> bool:
        """Whether the server takes pushes from our account; nothing is written."""
        return self._clone.may_push()

    @healing
    def head(self) -> Revision:
        """The newest revision as last fetched, with the time of that fetch."""
        return self._clone.revision()

    @healing
    def read_world(self, revision: Revision | None = None) -> World:
        return self._reader.world(revision or self.head())

    def reader(self, base_path: str) -> Reader:
        """The same clone read with another folder as the layout's."""
        return Reader(self._clone.repository, base_path)

    def service(self, tenant: str, service: str, revision: Revision | str = "") -> ServiceSpec:
        """Raises Missing where the service has no values file, Unreadable where that cannot be read."""
        path = self.service_path(tenant, service)
        file = self.file_at(path, revision)
        try:
            return service_spec(tenant, service, path, file.blob_id, file.text)
        except UnreadableYaml as problem:
            raise unreadable(path, problem) from problem

    def tenant(self, tenant: str, revision: Revision | str = "") -> TenantSpec:
        """Raises Missing where the tenant has no values file, Unreadable where that cannot be read."""
        path = join_path(self.base_path, "tenants", check_name(tenant, "tenant"), "values.yaml")
        file = self.file_at(path, revision)
        try:
            return tenant_spec(tenant, path, file.blob_id, file.text)
        except UnreadableYaml as problem:
            raise unreadable(path, problem) from problem

    @healing
    def file_at(self, path: str, revision: Revision | str = "") -> FileText:
        return self._reader.file_at(check_path(path), self._sha(revision))

    @healing
    def tree_files(self, path: str, revision: Revision | str = "") -> tuple[str, Mapping[str, bytes]]:
        """(id of a folder's content, its files by their path in it)."""
        return self._reader.tree_files(check_path(path), self._sha(revision))

    @healing
    def history(self, path: str = "", *, limit: int = HISTORY_PAGE, before: str | None = None) -> list[Commit]:
        """Commits that touched a file or folder, newest first; with `before`, the page after that commit."""
        return self._reader.history(path.strip("/"), self._sha(""), limit, before or "")

    @healing
    def last_changes(self, paths: Iterable[str], revision: Revision | str = "") -> Mapping[str, Commit]:
        """The newest commit of each values file, for all of them at once; paths nobody touched are left out."""
        return self._reader.last_changes(self._sha(revision), paths)

    @healing
    def diff(self, sha: str, path: str = "") -> str:
        return self._reader.diff(sha, path.strip("/"))

    @healing
    def contains(self, revision: Revision | str, sha: str) -> bool:
        """Whether `revision` is the commit `sha` or comes after it; fetches once where one of them is not known."""
        newer = str(revision)
        if self._reader.contains(newer, sha):
            return True
        if not (self._known(newer) and self._known(sha)):
            self.fetch()
        return self._reader.contains(newer, sha)

    def _known(self, sha: str) -> bool:
        try:
            self._reader.commit(sha)
        except Missing:
            return False
        return True

    def _sha(self, revision: Revision | str) -> str:
        return str(revision) if str(revision) else self.head().sha

    # --- writing

    @healing
    def plan(self, edits: Iterable[FileEdit], base: Revision | str = "") -> list[FilePlan]:
        """What the edits would do, one entry a file. Nothing is written."""
        return self._writer.plan(edits, self._sha(base))

    def commit(self, change: Change, *, key: str, expected: Mapping[str, str] | None = None) -> CommitResult:
        """One commit on the branch, pushed, or none where nothing changes.

        `key` is the operation's id: the same key commits once, however often asked. With a trailer `Operation-Step` it
        commits once for each such step. `expected` maps paths to the blob ids that people saw ("" for absent); where
        one differs, PlanVoid is raised. Raises Contended where others keep writing first, and whatever the edits raise.
        """
        return self._writer.commit(change, expected, key)

    def commit_file(
        self,
        *,
        path: str,
        change: Callable[[str | None], str | None],
        message: str,
        author: str,
        key: str,
        trailers: Mapping[str, str] | None = None,
        expected_blob: str | None = None,
    ) -> CommitResult:
        """`commit` of a single file; `expected_blob` None expects nothing, "" that the file is absent."""
        subject, _, body = message.partition("\n")
        whole = Change((FileEdit(path, change),), subject, author, body, trailers or {})
        return self.commit(whole, key=key, expected=None if expected_blob is None else {path: expected_blob})


_held: dict[int, Gitops] = {}
_held_lock = threading.Lock()


def gitops() -> Gitops:
    """The installation's repository. One per process: a forked child must not use its parent's locks."""
    from django.conf import settings

    with _held_lock:
        found = _held.get(os.getpid())
        if found is None:
            if not settings.GITOPS_URL:
                raise Unreachable("gitops", "No GitOps repository is set.", remedy="Set MCTL_GITOPS_URL.")
            found = Gitops(
                settings.GITOPS_URL,
                username=settings.GITOPS_USERNAME,
                token=settings.GITOPS_TOKEN,
                cache_dir=Path(settings.VAR_DIR) / "gitops",
                base_path=settings.GITOPS_BASE_PATH,
                branch=settings.GITOPS_BRANCH,
            )
            _held.clear()
            _held[os.getpid()] = found
        return found


def forget() -> None:
    """Makes the next `gitops()` read the settings again."""
    with _held_lock:
        _held.clear()
