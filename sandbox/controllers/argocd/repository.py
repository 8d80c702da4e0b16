"""Reading the GitOps repository: a bare clone, fetched over http, and trees by commit. Writes nothing to it."""

import asyncio
import fnmatch
import hashlib
import re
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pygit2

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class RepositoryError(Exception):
    """The text is what Argo CD's repository server says."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where repositories are read from. `user` and `password` go to the GitOps repository only."""

    url: str
    user: str = ""
    password: str = ""

    def serves(self, url: str) -> bool:
        """The same repository, also under another loopback port: that of an earlier start of the sandbox."""
        ours, theirs = urlsplit(self.url), urlsplit(url)
        if ours.hostname in LOOPBACK and theirs.hostname in LOOPBACK:
            return ours.path == theirs.path
        return self.url.removesuffix(".git") == url.removesuffix(".git")


class Repository:
    """One clone. Every method may be called from any thread; the asynchronous ones use a thread of their own."""

    def __init__(self, remote: Remote, directory: Path) -> None:
        self.remote, self.directory = remote, directory
        self._lock = threading.Lock()
        self._fetched_at = -1.0
        name = hashlib.sha256(remote.url.encode()).hexdigest()[:12]
        self._path = directory / f"clone-{name}.git"
        self._git: pygit2.Repository | None = None

    async def refresh(self, *, max_age_s: float = 0.0) -> None:
        """Fetches unless a fetch began within `max_age_s` before now, or after. Raises RepositoryError."""
        await asyncio.to_thread(self._fetch, max_age_s)

    def resolve(self, revision: str) -> str:
        """The commit a branch, tag or commit id stands for. Raises RepositoryError."""
        git = self._opened()
        names = [f"refs/remotes/origin/{revision}", f"refs/tags/{revision}"]
        if revision in ("", "HEAD"):
            names = ["refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/remotes/origin/master"]
        for name in names:
            if name in git.references:
                return str(git.references[name].peel(pygit2.Commit).id)
        if re.fullmatch(r"[0-9a-f]{40}", revision) and revision in git:
            return revision
        raise RepositoryError(f"rpc error: code = Unknown desc = unable to resolve '{revision}' to a commit SHA")

    def directories(self, commit: str, pattern: str) -> list[str]:
        """Folders that match, segment by segment: `services/*/*`."""
        found: list[str] = []
        self._descend(self._tree(commit, ""), "", pattern.strip("/").split("/"), found)
        return sorted(found)

    def files(self, commit: str, folder: str) -> dict[str, bytes]:
        """Every file below a folder, by path within it. Raises RepositoryError for an absent folder."""
        found: dict[str, bytes] = {}
        self._collect(self._tree(commit, folder), "", found)
        return found

    def text(self, commit: str, path: str) -> str | None:
        """A file's text, or None where there is none."""
        folder, _, name = path.rpartition("/")
        try:
            tree = self._tree(commit, folder)
        except RepositoryError:
            return None
        entry = _entry(tree, name)
        return entry.data.decode() if isinstance(entry, pygit2.Blob) else None

    def tree_id(self, commit: str, folder: str) -> str:
        return str(self._tree(commit, folder).id)

    def exported(self, commit: str, folder: str) -> Path:
        """The folder on disk, kept by the id of its content. Its last segment stays, as Helm shows it in errors."""
        name = folder.rstrip("/").rpartition("/")[2]
        place = self.directory / "trees" / self.tree_id(commit, folder)
        if (place / name).is_dir():
            return place / name
        fresh = place.with_name(f"{place.name}.{threading.get_ident()}")
        for path, content in self.files(commit, folder).items():
            target = fresh / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        try:
            fresh.rename(place)
        except OSError:
            shutil.rmtree(fresh, ignore_errors=True)
        return place / name

    def _opened(self) -> pygit2.Repository:
        if self._git is None:
            raise RepositoryError(f"failed to list refs: repository {self.remote.url} was never read")
        return self._git

    def _fetch(self, max_age_s: float) -> None:
        asked_at = time.monotonic()
        with self._lock:
            if self._fetched_at >= asked_at - max_age_s:
                return
            began_at = time.monotonic()
            try:
                self._git = self._git or self._prepared()
                self._git.remotes["origin"].fetch(callbacks=self._callbacks(), prune=pygit2.enums.FetchPrune.PRUNE)
            except (pygit2.GitError, ValueError, OSError) as error:
                raise RepositoryError(f"failed to list refs: {_worded(error)}") from error
            self._fetched_at = began_at

    def _prepared(self) -> pygit2.Repository:
        if self._path.exists():
            return pygit2.Repository(str(self._path))
        git = pygit2.init_repository(str(self._path), bare=True)
        git.remotes.create("origin", self.remote.url, "+refs/heads/*:refs/remotes/origin/*")
        return git

    def _callbacks(self) -> pygit2.RemoteCallbacks:
        if not self.remote.user:
            return pygit2.RemoteCallbacks()
        return pygit2.RemoteCallbacks(credentials=pygit2.UserPass(self.remote.user, self.remote.password))

    def _tree(self, commit: str, folder: str) -> pygit2.Tree:
        found = self._opened()[commit]
        tree = found.peel(pygit2.Tree)
        for part in [one for one in folder.strip("/").split("/") if one]:
            entry = _entry(tree, part)
            if not isinstance(entry, pygit2.Tree):
                raise RepositoryError(f"rpc error: code = Unknown desc = {folder}: app path does not exist")
            tree = entry
        return tree

    def _descend(self, tree: pygit2.Tree, prefix: str, pattern: list[str], found: list[str]) -> None:
        for entry in tree:
            if isinstance(entry, pygit2.Tree) and fnmatch.fnmatchcase(str(entry.name), pattern[0]):
                path = f"{prefix}{entry.name}"
                if len(pattern) == 1:
                    found.append(path)
                else:
                    self._descend(entry, f"{path}/", pattern[1:], found)

    def _collect(self, tree: pygit2.Tree, prefix: str, found: dict[str, bytes]) -> None:
        for entry in tree:
            if isinstance(entry, pygit2.Tree):
                self._collect(entry, f"{prefix}{entry.name}/", found)
            elif isinstance(entry, pygit2.Blob):
                found[f"{prefix}{entry.name}"] = entry.data


class Repositories:
    """Repositories by address; the GitOps repository with its credentials, all others without."""

    def __init__(self, gitops: Remote, directory: Path) -> None:
        self.gitops, self.directory = gitops, directory
        self._known: dict[str, Repository] = {}

    def at(self, url: str) -> Repository:
        remote = self.gitops if self.gitops.serves(url) else Remote(url)
        if remote.url not in self._known:
            self._known[remote.url] = Repository(remote, self.directory)
        return self._known[remote.url]


def _entry(tree: pygit2.Tree, name: str) -> object:
    try:
        return tree[name]
    except KeyError:
        return None


def _worded(error: Exception) -> str:
    text = str(error)
    if "401" in text or "authentication" in text.lower() or "replays" in text:
        return "authentication required"
    if "404" in text:
        return "repository not found"
    return text
