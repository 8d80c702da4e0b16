"""The local bare clone and its talk with the remote: fetch, push, one writer at a time, errors in our words.

Only http(s) and ssh remotes: on a plain path libgit2 moves the branch without comparing, and commits get lost.
The clone may be shared by several processes; a file lock orders what they do with the remote. A clone that is damaged
is made again, once a call (see `healed`).
"""

import fcntl
import hashlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import pygit2
import structlog
from pygit2.enums import CredentialType

from core import clock
from core.patterns import Pattern
from integrations.errors import Contended, IntegrationError, Missing, Refused, Unreachable
from integrations.gitops.model import Revision
from integrations.gitops.store import DamagedClone, Store, intact

log = structlog.get_logger(__name__)
Result = TypeVar("Result")

CONNECT_TIMEOUT_MS = 5_000
ANSWER_TIMEOUT_MS = 15_000
LOCK_PATIENCE_S = 30.0
TRACKING = "refs/remotes/origin/"
# libgit2's GIT_DIRECTION_PUSH, for which pygit2 has no name of its own.
TO_PUSH = 1

# What a server says when somebody else moved the branch first; every other rejection is a refusal.
LOST_RACE = (
    "failed to update ref",
    "cannot lock ref",
    "non-fast-forward",
    "non-fastforwardable",
    "fetch first",
    "stale info",
    "not present locally",
    "incorrect old value",
    "reference already exists",
    "but expected",
)
# libgit2's words for what stands in its way in the local clone; none of them comes from a remote.
DAMAGE = (
    "failed to lock file",
    "corrupted",
    "object not found",
    "no match for id",
    "cannot be peeled",
    "cannot read object",
    "failed to inflate",
    "failed to parse config",
)
SERVER_LOCK = Pattern(r"(?i)unable to create '[^']*?((?:refs/|packed-refs|HEAD)[^']*\.lock)': file exists")
LONGEST_ANSWER = 4_000
# A clone that is damaged again after so many renewals within one call lies on a disk that loses data.
MOST_RENEWALS = 3


class LostRace(Exception):
    """The remote's branch is not where we thought; nothing was pushed.

    `lock` is the lock file that the server names, where that was in the way: of a push going on, or a stale one.
    """

    def __init__(self, words: str, lock: str = "") -> None:
        super().__init__(words)
        self.lock = lock


class _WrongCredentials(Exception):
    """The server asks again after it was given what we have."""


class Clone:
    """`folder` holds this clone only. `username` and `token` are used for http(s); ssh asks the agent."""

    def __init__(self, url: str, username: str, token: str, folder: Path, branch: str) -> None:
        parts = urlsplit(url)
        is_scp_form = "://" not in url and ":" in url and "@" in url.split(":")[0]
        if parts.scheme not in {"http", "https", "ssh"} and not is_scp_form:
            raise Refused(
                "gitops",
                "The GitOps repository must be reached over http(s) or ssh.",
                remedy="Set MCTL_GITOPS_URL to such an address; a path on disk loses concurrent commits.",
            )
        if not pygit2.reference_is_valid_name(f"refs/heads/{branch}"):
            sentence = "This is not the name of a branch."
            raise Refused("gitops", sentence, remedy="Set MCTL_GITOPS_BRANCH to a name such as main.", branch=branch)
        self.url, self.username, self.token, self.branch = url, username, token, branch
        name = hashlib.sha256(f"{url}\n{branch}".encode()).hexdigest()[:16]
        self.store = Store(folder, name)
        self.lock_file = folder / f"{name}.lock"
        self.stamp = folder / f"{name}.fetched"
        self._network = threading.Lock()
        self._fetch_begun = 0.0

    # --- the local repository

    def repository(self) -> pygit2.Repository:
        """The calling thread's own."""
        pygit2.settings.server_connect_timeout = CONNECT_TIMEOUT_MS
        pygit2.settings.server_timeout = ANSWER_TIMEOUT_MS
        return self.store.repository()

    def healed(self, work: Callable[[], Result], *, is_locked: bool = False) -> Result:
        """What `work` returns; where the local clone is damaged, what it returns on a new one.

        `is_locked` says that the caller holds the lock.
        """
        for _ in range(MOST_RENEWALS):
            seen = self.store.in_use()
            try:
                self.store.look_over()
                return work()
            except DamagedClone as damage:
                with nullcontext() if is_locked else self.locked():
                    # Another process or thread may have been faster.
                    if self.store.in_use() == seen:
                        log.warning("gitops_clone_replaced", clone=seen, reason=damage.facts.get("detail", ""))
                        self.store.replace(self._fetch_into)
        return work()

    def known_head(self) -> str:
        """The branch as last seen; "" before the first fetch."""
        with intact():
            repository = self.repository()
            reference = repository.references.get(TRACKING + self.branch)
            if reference is None:
                return ""
            if not isinstance(reference.target, pygit2.Oid) or reference.target not in repository:
                raise DamagedClone(f"{TRACKING}{self.branch} names no commit")
            return str(reference.target)

    def remember_head(self, sha: str) -> None:
        with intact():
            self.repository().references.create(TRACKING + self.branch, pygit2.Oid(hex=sha), force=True)
        self.stamp.touch()

    def revision(self) -> Revision:
        """The branch as last seen, fetched where it never was."""
        sha = self.known_head()
        if not sha or not self.stamp.exists():
            return self.fetch()
        return Revision(sha, datetime.fromtimestamp(self.stamp.stat().st_mtime, UTC))

    # --- the remote

    def fetch(self) -> Revision:
        """Cheap when nothing changed. Callers that wait for a fetch begun after their call share its result."""
        called = time.monotonic()
        with self._network:
            if self._fetch_begun < called:
                self._fetch_begun = time.monotonic()
                with self.locked():
                    self.healed(self.fetch_locked, is_locked=True)
        return self.revision()

    def fetch_locked(self) -> str:
        """Fetches while the caller holds the lock; the branch's newest commit."""
        self._fetch_into(self.repository())
        if not self.known_head():
            raise Missing("gitops", f"The repository has no branch {self.branch}.", remedy="Set MCTL_GITOPS_BRANCH.")
        return self.known_head()

    def _fetch_into(self, repository: pygit2.Repository) -> None:
        begun = clock.now()
        with translate_errors("fetch from"):
            remote = repository.remotes.create_anonymous(self.url)
            remote.fetch([f"+refs/heads/{self.branch}:{TRACKING}{self.branch}"], callbacks=_Answers(self))
        self.stamp.touch()
        os.utime(self.stamp, (begun.timestamp(), begun.timestamp()))

    def push_locked(self, sha: str) -> None:
        """Moves the branch to `sha` while the caller holds the lock. Raises LostRace where it has moved meanwhile."""
        repository = self.repository()
        local = f"refs/mctl/push-{os.getpid()}"
        answers = _Answers(self)
        with intact():
            repository.references.create(local, pygit2.Oid(hex=sha), force=True)
        try:
            with translate_errors("push to"):
                repository.remotes.create_anonymous(self.url).push([f"{local}:refs/heads/{self.branch}"], answers)
        finally:
            with intact():
                repository.references.delete(local)
        if answers.rejection is not None:
            raise rejection(answers.rejection, answers.said)
        self.remember_head(sha)
        self.store.pack()

    def may_push(self) -> bool:
        """Asks the server for what it tells before a push, and pushes nothing. Raises Unreachable, Missing.

        A server may still refuse the branch itself: its protection rules are looked at when a commit arrives.
        """
        remote = self.repository().remotes.create_anonymous(self.url)
        try:
            with translate_errors("push to"):
                remote.connect(callbacks=_Answers(self), direction=TO_PUSH)
        except Refused:
            return False
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time talks to the remote; the lock falls with the process that holds it.

        Who waits for the lock holds the queue's lock, so that a process that has just finished does not go first again.
        """
        self.lock_file.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + LOCK_PATIENCE_S
        with self.lock_file.open("w") as lock:
            with self.lock_file.with_suffix(".queue").open("w") as queue:
                _take(queue, deadline)
                _take(lock, deadline)
            yield


def _take(handle: IO[str], deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                sentence = f"Another process has been writing to the GitOps repository for {LOCK_PATIENCE_S:.0f} s."
                raise Contended("gitops", sentence, remedy="Try again in a moment.") from None
            time.sleep(random.uniform(0.001, 0.004))  # noqa: S311


class _Answers(pygit2.RemoteCallbacks):
    """Credentials once, and what the server says about the branch."""

    def __init__(self, clone: Clone) -> None:
        super().__init__()
        self.clone = clone
        self.asked = 0
        self.rejection: str | None = None
        self.said = ""

    def credentials(self, url: str, username_from_url: str | None, allowed_types: CredentialType) -> Any:
        self.asked += 1
        if allowed_types & CredentialType.USERNAME:
            return pygit2.Username(username_from_url or self.clone.username or "git")
        if self.asked > 2 or (allowed_types & CredentialType.USERPASS_PLAINTEXT and self.asked > 1):
            raise _WrongCredentials
        if allowed_types & CredentialType.USERPASS_PLAINTEXT and self.clone.token:
            return pygit2.UserPass(self.clone.username or username_from_url or "git", self.clone.token)
        if allowed_types & CredentialType.SSH_KEY:
            return pygit2.KeypairFromAgent(username_from_url or self.clone.username or "git")
        raise _WrongCredentials

    def sideband_progress(self, string: str) -> None:
        self.said = (self.said + string)[-LONGEST_ANSWER:]

    def push_update_reference(self, refname: str, message: str | None) -> None:
        self.rejection = message


def rejection(message: str, said: str) -> Exception:
    """`message` is about the branch, `said` what the server's git wrote beside it."""
    if any(words in message.lower() for words in LOST_RACE):
        lock = SERVER_LOCK.search(said)
        return LostRace(message, lock.group(1) if lock else "")
    return Refused(
        "gitops",
        "The git server refused the commit.",
        remedy="Check that the account may push to the branch, and the branch's protection rules.",
        detail=message,
    )


@contextmanager
def translate_errors(doing: str) -> Iterator[None]:
    """libgit2's and the system's errors in our words. Lost races come out as LostRace."""
    try:
        yield
    except (IntegrationError, LostRace):
        raise
    except _WrongCredentials as error:
        raise _refused_credentials("") from error
    except (pygit2.GitError, OSError, KeyError, ValueError) as error:
        raise _in_our_words(str(error), doing) from error


def _in_our_words(text: str, doing: str) -> Exception:
    words = text.lower()
    if any(hint in words for hint in DAMAGE):
        return DamagedClone(text)
    if any(hint in words for hint in LOST_RACE):
        return LostRace(text)
    if any(hint in words for hint in ("401", "403", "authentication", "credential")):
        return _refused_credentials(text)
    if "404" in words or "repository not found" in words:
        return Missing("gitops", "The GitOps repository does not exist.", remedy="Check MCTL_GITOPS_URL.", detail=text)
    if "certificate" in words or "host key" in words:
        return Refused("gitops", "The git server's identity cannot be verified.", detail=text)
    return Unreachable(
        "gitops",
        f"MCTL cannot {doing} the GitOps repository now.",
        remedy="Check the git server and the network; nothing was lost.",
        detail=text,
    )


def _refused_credentials(text: str) -> Refused:
    return Refused(
        "gitops",
        "The git server does not accept the credentials.",
        remedy="Check MCTL_GITOPS_USERNAME and MCTL_GITOPS_TOKEN.",
        detail=text,
    )
