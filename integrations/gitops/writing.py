"""Commits to the branch: planned, compared, pushed together with what others in this process wait to push.

A commit is found again by its `Operation-Id` and `Operation-Step`, so that asking twice, or asking again after a crash,
commits once.
"""

import random
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pygit2

from core import clock
from core.errors import PlanVoid, Problem
from integrations.errors import Contended, Refused, Unreachable
from integrations.gitops.clone import Clone, LostRace
from integrations.gitops.messages import OPERATION, commit_message, key_of, message_of, trailers_of
from integrations.gitops.model import Change, CommitResult, FileEdit, FilePlan
from integrations.gitops.paths import check_path
from integrations.gitops.reading import Reader, entry_at, names_below, text_of, unified_diff
from integrations.gitops.store import DamagedClone, intact
from integrations.gitops.values_file import unreadable
from integrations.yaml.events import UnreadableYaml

MOST_TRIES = 8
LONGEST_PAUSE_S = 0.2
COMMITS_SEARCHED = 2_000
COMMITTER = ("MCTL", "mctl@localhost")


@dataclass(eq=False)
class _Request:
    """One commit waiting to be pushed; `outcome` is set by the thread that pushes it."""

    change: Change
    expected: Mapping[str, str] | None
    operation: str
    outcome: CommitResult | Exception | None = None

    @property
    def key(self) -> str:
        return key_of({**self.change.trailers, OPERATION: self.operation})


class Writer:
    def __init__(self, clone: Clone, reader: Reader) -> None:
        self.clone, self.reader = clone, reader
        self._queue: list[_Request] = []
        self._is_pushing = False
        self._turn = threading.Condition()
        # Key -> commit, for all commits up to `_searched`.
        self._operations: dict[str, str] = {}
        self._searched = ""

    def plan(self, edits: Iterable[FileEdit], base: str) -> list[FilePlan]:
        """What the edits would do to `base`, one entry a file, unchanged ones included."""
        return _Draft(self.reader, self.clone.repository(), base).apply(edits)

    def commit(self, change: Change, expected: Mapping[str, str] | None, operation: str) -> CommitResult:
        request = _Request(change, expected, operation)
        with self._turn:
            self._queue.append(request)
            self._turn.wait_for(lambda: request.outcome is not None or not self._is_pushing)
            batch, self._queue = (self._queue, []) if request.outcome is None else ([], self._queue)
            self._is_pushing = self._is_pushing or bool(batch)
        if batch:
            # Whoever comes when nobody pushes does it for all who queued meanwhile; they find their outcome set.
            try:
                self._push(batch)
            finally:
                with self._turn:
                    self._is_pushing = False
                    self._turn.notify_all()
        if isinstance(request.outcome, Exception):
            raise request.outcome
        assert request.outcome is not None
        return request.outcome

    # --- one pusher at a time

    def _push(self, batch: list[_Request]) -> None:
        """Every request of the batch gets its outcome, whatever happens."""
        try:
            with self.clone.locked():
                self.clone.healed(lambda: self._push_locked(batch), is_locked=True)
        except Problem as problem:
            self._end(batch, problem)
        except BaseException:
            self._end(batch, Unreachable("gitops", "The commit was interrupted.", remedy="Ask for it again."))
            raise

    @staticmethod
    def _end(batch: list[_Request], problem: Problem) -> None:
        for request in batch:
            request.outcome = request.outcome or problem

    def _push_locked(self, batch: list[_Request]) -> None:
        if not self.clone.known_head():
            self.clone.fetch_locked()
        heads, loss = set(), LostRace("")
        for attempt in range(MOST_TRIES):
            if attempt:
                time.sleep(random.uniform(0, LONGEST_PAUSE_S) * attempt / MOST_TRIES)  # noqa: S311
                heads.add(self.clone.fetch_locked())
            try:
                self._push_once(batch, is_fresh=attempt > 0)
                return
            except LostRace as lost:
                loss = lost
        # A lock of somebody who writes is gone after a moment, and leaves another head.
        raise (
            _refused_by_lock(loss)
            if loss.lock and len(heads) == 1
            else Contended(
                "gitops",
                f"Others wrote to the GitOps repository first, {MOST_TRIES} times in a row.",
                remedy="Try again in a moment.",
            )
        )

    def _push_once(self, batch: list[_Request], *, is_fresh: bool) -> None:
        """Builds the commits one on another and pushes them at once. Raises LostRace.

        The first try builds on the head as last seen, which spares a question to the server: an old one cannot be
        pushed on. Where there is nothing to push that proof is missing, so such answers need a fetched head.
        """
        base = head = self.clone.known_head()
        done = dict(self._operations_up_to(base))
        outcomes: list[CommitResult | Problem] = []
        for request in batch:
            outcome = self._outcome(request, head, done.get(request.key, ""))
            if isinstance(outcome, CommitResult) and outcome.files:
                head = done[request.key] = outcome.sha
            elif not is_fresh:
                raise LostRace("the head as last seen may be old")
            outcomes.append(outcome)
        if head != base:
            self._push_surely(head)
        for request, outcome in zip(batch, outcomes, strict=True):
            request.outcome = outcome

    def _outcome(self, request: _Request, head: str, made_before: str) -> CommitResult | Problem:
        try:
            return self._made(request, head, made_before)
        except DamagedClone:
            raise
        except Problem as problem:
            return problem

    def _push_surely(self, head: str) -> None:
        """A connection that breaks may break after the server took the push: look before saying it failed."""
        try:
            self.clone.push_locked(head)
        except Unreachable as broken:
            try:
                self.clone.fetch_locked()
            except Problem:
                raise broken from None
            if not self.reader.contains(self.clone.known_head(), head):
                raise

    def _made(self, request: _Request, head: str, made_before: str) -> CommitResult:
        """The commit on top of `head`, not pushed yet; or the one that a former call made."""
        if request.key and made_before:
            return CommitResult(made_before, True, ())
        draft = _Draft(self.reader, self.clone.repository(), head)
        files = draft.apply(request.change.edits)
        if request.expected is not None:
            _refuse_unexpected(files, request.expected)
        changed = tuple(file for file in files if file.changed)
        if not changed:
            return CommitResult(head, False, ())
        return CommitResult(draft.commit(request.change, request.operation), True, changed)

    def _operations_up_to(self, head: str) -> Mapping[str, str]:
        """Key -> commit among the branch's newest commits. Only what is new since last time is read."""
        if head != self._searched:
            hidden = self._searched if self._searched and self.reader.contains(head, self._searched) else ""
            found: dict[str, str] = {}
            with intact():
                for commit in islice(self.reader.walk(head, hidden), COMMITS_SEARCHED):
                    if key := key_of(trailers_of(message_of(commit))):
                        found.setdefault(key, str(commit.id))
            self._operations = {**self._operations, **found} if hidden else found
            self._searched = head
        return self._operations


def _refused_by_lock(loss: LostRace) -> Refused:
    return Refused(
        "gitops",
        f"The git server holds a stale lock, {loss.lock}, so nobody can write to the branch.",
        remedy="When no git process runs in the repository on the server, delete that file there and try again.",
        detail=str(loss),
        lock=loss.lock,
    )


def _refuse_unexpected(files: list[FilePlan], expected: Mapping[str, str]) -> None:
    """The deletion of a folder may meet files that were added to it since, and miss some that went."""
    found = {file.path: file.blob_id for file in files}
    for path in sorted(found.keys() | expected.keys()):
        before, now = expected.get(path, ""), found.get(path, "")
        if before != now:
            raise PlanVoid(
                f"{path} has changed since the plan was made.",
                remedy="Look at the new plan and confirm again.",
                path=path,
                expected=before,
                found=now,
            )


class _Draft:
    """Edits applied to one revision, in the object store only."""

    def __init__(self, reader: Reader, repository: pygit2.Repository, base: str) -> None:
        self.reader, self.repository, self.base = reader, repository, base
        with intact():
            self.tree = reader.commit(base).tree
        self._new: dict[str, str | None] = {}

    def apply(self, edits: Iterable[FileEdit]) -> list[FilePlan]:
        plans: dict[str, FilePlan] = {}
        for edit in edits:
            for single in self._each_file(edit):
                plan = self._applied(single, plans.get(single.path))
                plans[single.path] = plan
        return list(plans.values())

    def _each_file(self, edit: FileEdit) -> list[FileEdit]:
        """A folder stands for the files below it."""
        if not edit.path.endswith("/"):
            return [edit]
        folder = check_path(edit.path.rstrip("/"))
        with intact():
            names = sorted(names_below(entry_at(self.tree, folder)))
        return [replace(edit, path=f"{folder}/{name}") for name in names]

    def _applied(self, edit: FileEdit, earlier: FilePlan | None) -> FilePlan:
        path = check_path(edit.path)
        before, blob_id = (earlier.before, earlier.blob_id) if earlier else self._now(path, in_words=edit.deletes)
        after = edit.change(earlier.after if earlier else before)
        self._new[path] = after
        diff = unified_diff(before or "", after or "", path)
        return FilePlan(self.base, path, before, after, diff, blob_id)

    @intact()
    def _now(self, path: str, *, in_words: bool) -> tuple[str | None, str]:
        """The text and the blob's id. `in_words`: what is no text is told instead."""
        entry = entry_at(self.tree, path)
        if entry is None:
            return None, ""
        try:
            return text_of(entry), str(entry.id)
        except UnreadableYaml as problem:
            if in_words and not isinstance(entry, pygit2.Tree):
                return f"(not shown: {problem})\n", str(entry.id)
            raise unreadable(path, problem) from problem

    @intact()
    def commit(self, change: Change, key: str) -> str:
        tree = self.tree.id
        for path, text in self._new.items():
            blob = None if text is None else self.repository.create_blob(text.encode("utf-8"))
            tree = self._with(tree, path.split("/"), blob) or self.repository.TreeBuilder().write()
        when = int(clock.now().timestamp())
        name = " ".join(
            "".join(char if char.isprintable() and char not in "<>" else " " for char in change.author).split()
        )
        login = "".join(char for char in name.lower() if char.isalnum() or char in "-._") or "mctl"
        author = pygit2.Signature(name or "MCTL", f"{login}@users.noreply.localhost", when, 0)
        committer = pygit2.Signature(*COMMITTER, when, 0)
        parents = [pygit2.Oid(hex=self.base)]
        return str(self.repository.create_commit(None, author, committer, commit_message(change, key), tree, parents))

    def _with(self, tree: pygit2.Oid | None, parts: list[str], blob: pygit2.Oid | None) -> pygit2.Oid | None:
        """The tree with the blob at `parts`, or without it; None for a tree that is left empty."""
        held: Any = self.repository[tree] if tree is not None else None
        builder = self.repository.TreeBuilder(held) if held is not None else self.repository.TreeBuilder()
        name, rest = parts[0], parts[1:]
        old = held[name] if held is not None and name in held else None
        if rest:
            inner = old.id if isinstance(old, pygit2.Tree) else None
            child, mode = self._with(inner, rest, blob), pygit2.enums.FileMode.TREE
        else:
            child, mode = blob, old.filemode if isinstance(old, pygit2.Blob) else pygit2.enums.FileMode.BLOB
        if child is not None:
            builder.insert(name, child, mode)
        elif old is not None:
            builder.remove(name)
        return builder.write() if len(builder) else None
