"""Reads tenants, services, files and history out of a local repository. Nothing here talks to a remote."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pygit2
import structlog
from pygit2.enums import DiffOption, ObjectType, SortMode

from core.names import is_cluster_name
from core.patterns import encodable
from integrations.errors import Missing
from integrations.gitops.messages import commit_of
from integrations.gitops.model import Commit, FileText, Revision, ServiceSpec, TenantSpec, UnreadableFile, World
from integrations.gitops.paths import join_path
from integrations.gitops.specs import service_spec, tenant_spec
from integrations.gitops.store import intact
from integrations.gitops.values_file import unreadable
from integrations.yaml.events import UnreadableYaml

VALUES = "values.yaml"
LARGEST_FILE = 2 * 1024 * 1024
MOST_COMMITS_WALKED = 20_000
A_NAME = "is not valid in a cluster. Use 1 to 63 lower-case letters, digits and hyphens, such as ledger-api."
Spec = TenantSpec | ServiceSpec | UnreadableFile

log = structlog.get_logger(__name__)


class Reader:
    """`repository` gives the calling thread's own pygit2 repository. `base_path` is the folder of the layout."""

    def __init__(self, repository: Callable[[], pygit2.Repository], base_path: str) -> None:
        self.repository = repository
        self.base_path = join_path(*(part for part in base_path.split("/") if part != "."))
        self._lock = threading.Lock()
        # Folder path -> (tree id, what was read from it): a folder that did not change is not read again.
        self._folders: dict[str, tuple[str, tuple[Spec, ...]]] = {}
        self._blobs: dict[tuple[str, str], Spec] = {}
        self._last: tuple[str, dict[str, Commit]] = ("", {})

    # --- the world

    @intact()
    def world(self, revision: Revision) -> World:
        with self._lock:
            tree = self._tree(revision.sha)
            folders: dict[str, tuple[str, tuple[Spec, ...]]] = {}
            blobs: dict[tuple[str, str], Spec] = {}
            specs: list[Spec] = []
            for path, folder in self._value_folders(tree):
                known = self._folders.get(path)
                if known is None or known[0] != str(folder.id):
                    known = (str(folder.id), tuple(self._read_folder(path, folder)))
                folders[path] = known
                specs.extend(known[1])
            for spec in specs:
                blobs[spec.path, spec.blob_id] = spec
            self._folders, self._blobs = folders, blobs
        return World(
            revision,
            tuple(spec for spec in specs if isinstance(spec, TenantSpec)),
            tuple(spec for spec in specs if isinstance(spec, ServiceSpec)),
            tuple(spec for spec in specs if isinstance(spec, UnreadableFile)),
        )

    def _value_folders(self, tree: pygit2.Tree) -> Iterator[tuple[str, pygit2.Tree]]:
        """The folder of tenants, and that of each tenant's services."""
        if (tenants := entry_at(tree, join_path(self.base_path, "tenants"))) and isinstance(tenants, pygit2.Tree):
            yield join_path(self.base_path, "tenants"), tenants
        services = entry_at(tree, join_path(self.base_path, "services"))
        for tenant in services if isinstance(services, pygit2.Tree) else ():
            if isinstance(tenant, pygit2.Tree):
                yield join_path(self.base_path, "services", str(tenant.name)), tenant

    def _read_folder(self, path: str, folder: pygit2.Tree) -> Iterator[Spec]:
        for inner in folder:
            if isinstance(inner, pygit2.Tree) and VALUES in inner:
                place = f"{path}/{name_as_text(inner.name)}/{VALUES}"
                blob = inner[VALUES]
                known = self._blobs.get((place, str(blob.id)))
                yield known or self._read_spec(path, str(inner.name), place, blob)

    def _read_spec(self, folder: str, name: str, path: str, blob: Any) -> Spec:
        is_tenant = folder == join_path(self.base_path, "tenants")
        tenant, service = (name, "") if is_tenant else (folder.rpartition("/")[2], name)
        blob_id = str(blob.id)
        for part in (tenant, service):
            if part and not is_cluster_name(part):
                owner = tenant if service and is_cluster_name(tenant) else ""
                return UnreadableFile(
                    path, owner, "", f"The folder name {name_as_text(part)[:80]} {A_NAME}", 0, blob_id
                )
        try:
            text = text_of(blob)
            if is_tenant:
                return tenant_spec(tenant, path, blob_id, text)
            return service_spec(tenant, service, path, blob_id, text)
        except UnreadableYaml as problem:
            return UnreadableFile(path, tenant, service, str(problem), problem.line, blob_id)
        except Exception:
            # A fault of ours with one file must not take the other files with it.
            log.exception("values_file_failed", path=path, blob=blob_id)
            return UnreadableFile(path, tenant, service, "MCTL failed to read it; its log says why.", 0, blob_id)

    @intact()
    def has_layout(self, sha: str) -> bool:
        tree = self._tree(sha)
        return any(entry_at(tree, join_path(self.base_path, folder)) is not None for folder in ("tenants", "services"))

    # --- files

    @intact()
    def file_at(self, path: str, sha: str) -> FileText:
        """Raises Missing where the file is absent, Unreadable where it is not a text file."""
        entry = entry_at(self._tree(sha), path)
        if entry is None or isinstance(entry, pygit2.Tree):
            raise Missing("gitops", f"{path} is not in git.", path=path)
        try:
            return FileText(path, text_of(entry), str(entry.id), sha)
        except UnreadableYaml as problem:
            raise unreadable(path, problem) from problem

    @intact()
    def tree_files(self, path: str, sha: str) -> tuple[str, Mapping[str, bytes]]:
        """(id of the folder's content, each file below it by its path in there). Raises Missing."""
        entry = entry_at(self._tree(sha), path)
        if not isinstance(entry, pygit2.Tree):
            raise Missing("gitops", f"{path} is not in git.", path=path)
        return str(entry.id), dict(_files(entry))

    def _tree(self, sha: str) -> Any:
        return self.commit(sha).tree

    def commit(self, sha: str) -> Any:
        """Raises Missing for an id that is malformed or not known here."""
        try:
            oid = pygit2.Oid(hex=sha)
        except ValueError as error:
            raise Missing("gitops", f"The repository has no revision {sha[:40]}.") from error
        with intact():
            repository = self.repository()
            if oid in repository and isinstance(found := repository[oid], pygit2.Commit | pygit2.Tag):
                return found.peel(pygit2.Commit)
        raise Missing("gitops", f"The repository has no revision {sha[:40]}.")

    # --- history

    @intact()
    def history(self, path: str, sha: str, limit: int, before: str = "") -> list[Commit]:
        """Commits that changed the file or folder, newest first; with `before`, those older than that commit."""
        found: list[Commit] = []
        for commit in self.walk(before or sha):
            if str(commit.id) != before and self._changes(commit, path):
                found.append(commit_of(commit))
            if len(found) == limit:
                break
        return found

    def walk(self, sha: str, hidden: str = "") -> Iterator[Any]:
        walker = self.repository().walk(self.commit(sha).id, SortMode.TOPOLOGICAL | SortMode.TIME)
        if hidden:
            walker.hide(pygit2.Oid(hex=hidden))
        for number, commit in enumerate(walker):
            if number == MOST_COMMITS_WALKED:
                return
            yield commit

    def _changes(self, commit: Any, path: str) -> bool:
        """Against every parent, as `git log` does: a merge that only takes over one side changed nothing."""
        if not path:
            return True
        own = _id_at(commit.tree, path)
        if not commit.parents:
            return own is not None
        return all(_id_at(parent.tree, path) != own for parent in commit.parents)

    @intact()
    def last_changes(self, sha: str, paths: Iterable[str]) -> dict[str, Commit]:
        """The newest commit that touched each path, for all of them in one walk over what is new since last time."""
        with self._lock:
            known_sha, known = self._last
            if not known_sha or not self.contains(sha, known_sha):
                known_sha, known = "", {}
            wanted = set(paths)
            found: dict[str, Commit] = {}
            for commit in self.walk(sha, known_sha) if sha != known_sha else ():
                for path in self._touched(commit):
                    if path not in found:
                        found[path] = commit_of(commit)
                if not known_sha and wanted <= found.keys():
                    break
            merged = {**known, **found}
            missing = wanted - merged.keys()
            # A path not met yet may be older than what an earlier, shorter walk saw.
            for path in missing if known_sha else ():
                merged.update((path, commit) for commit in self.history(path, sha, 1))
            self._last = (sha, merged)
        return {path: merged[path] for path in wanted if path in merged}

    def _touched(self, commit: Any) -> list[str]:
        if len(commit.parents) > 1:
            return []
        before = commit.parents[0].tree if commit.parents else None
        return [path for path in _differing(before, commit.tree, "", self.base_path) if path.endswith(VALUES)]

    @intact()
    def contains(self, sha: str, ancestor: str) -> bool:
        """Whether revision `sha` holds the commit `ancestor`. False where either is not known here."""
        if sha == ancestor:
            return True
        try:
            newer, older = self.commit(sha), self.commit(ancestor)
        except Missing:
            return False
        return bool(self.repository().descendant_of(newer.id, older.id))

    @intact()
    def diff(self, sha: str, path: str = "") -> str:
        """What a commit changed against its first parent, as unified diff; of one file or folder, or of all."""
        commit = self.commit(sha)
        before = commit.parents[0].tree if commit.parents else None
        parts = []
        for changed in _differing(before, commit.tree, "", path):
            texts = [
                _text_or_note(entry_at(tree, changed)) if tree is not None else "" for tree in (before, commit.tree)
            ]
            parts.append(unified_diff(texts[0], texts[1], changed))
        return "".join(parts)


def name_as_text(name: Any) -> str:
    """A name from git, whose bytes need not be text."""
    return str(name).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _text_or_note(entry: Any) -> str:
    if entry is None:
        return ""
    try:
        return text_of(entry)
    except UnreadableYaml:
        return f"(not a text file, {entry.id})\n"


def text_of(blob: Any) -> str:
    """Raises UnreadableYaml for links, submodules, files over 2 MiB and bytes that are not UTF-8."""
    if blob.type != ObjectType.BLOB or blob.filemode == pygit2.enums.FileMode.LINK:
        raise UnreadableYaml("It is a link, not a file.")
    if blob.size > LARGEST_FILE:
        raise UnreadableYaml(f"It has {blob.size:,} bytes; at most {LARGEST_FILE:,} are read.")
    try:
        return str(blob.data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = blob.data[: error.start].count(b"\n") + 1
        raise UnreadableYaml("It is not UTF-8 text.", line) from error


def entry_at(tree: Any, path: str) -> Any:
    """The tree or blob at `path`; None where nothing is. "" is the tree itself.

    An object that is named but gone is a KeyError, which must not pass for a file that nobody has.
    """
    for part in path.split("/") if path else ():
        if not isinstance(tree, pygit2.Tree) or part not in tree:
            return None
        tree = tree[part]
    return tree


def _id_at(tree: Any, path: str) -> str | None:
    entry = entry_at(tree, path)
    return None if entry is None else str(entry.id)


def _files(tree: Any, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    for entry in tree:
        if isinstance(entry, pygit2.Tree):
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif isinstance(entry, pygit2.Blob) and entry.filemode != pygit2.enums.FileMode.LINK:
            yield f"{prefix}{entry.name}", entry.data


def names_below(entry: Any, prefix: str = "") -> Iterator[str]:
    """Paths of all that is below a folder, links and submodules too; nothing where it is no folder."""
    for inner in entry if isinstance(entry, pygit2.Tree) else ():
        if isinstance(inner, pygit2.Tree):
            yield from names_below(inner, f"{prefix}{inner.name}/")
        else:
            yield f"{prefix}{inner.name}"


def _differing(before: Any, after: Any, prefix: str, within: str) -> Iterator[str]:
    """Paths of the files in which two trees differ. Equal folders are not opened; only those on the way to `within`."""
    ids = {entry.name: entry for entry in before} if before is not None else {}
    others = {entry.name: entry for entry in after} if after is not None else {}
    for name in sorted(ids.keys() | others.keys()):
        old, new = ids.get(name), others.get(name)
        if old is not None and new is not None and old.id == new.id:
            continue
        path = f"{prefix}{name}"
        inside = not within or path == within or path.startswith(within + "/")
        trees = [entry if isinstance(entry, pygit2.Tree) else None for entry in (old, new)]
        if any(tree is not None for tree in trees) and (inside or within.startswith(path + "/")):
            yield from _differing(trees[0], trees[1], path + "/", within)
        if inside and any(entry is not None and not isinstance(entry, pygit2.Tree) for entry in (old, new)):
            yield path


def unified_diff(before: str, after: str, path: str) -> str:
    """As `git diff` prints it, three lines around each change; "" where nothing differs.

    libgit2 compares: Python's own comparison takes minutes over files with many equal lines.
    """
    if before == after:
        return ""
    names = (f"a/{path}" if before else "/dev/null", f"b/{path}" if after else "/dev/null")
    old, new = (encodable(text).encode() for text in (before, after))
    patch = pygit2.Patch.create_from(old, new, flag=DiffOption.FORCE_TEXT)
    _, mark, hunks = patch.data.decode("utf-8", "replace").partition("\n@@")
    return f"--- {names[0]}\n+++ {names[1]}{mark}{hunks}"
