"""List and watch of one kind: tells a listener what is there, in slim rows, and keeps telling.

The vendor's informer keeps whole typed objects (510 MB for 5,000 pods), never notices a dead connection and has no
back-off. This one decodes plain JSON, hands each object to `slim` and forgets it.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Generic, Protocol, TypeVar

import structlog

from core.clock import now
from integrations.errors import IntegrationError, NotAllowed, Refused, Unreachable
from integrations.kubernetes.backoff import Backoff
from integrations.kubernetes.client import Cluster, list_query
from integrations.kubernetes.failures import SYSTEM, Expired
from integrations.kubernetes.kinds import Kind
from integrations.kubernetes.rights import Attempt
from integrations.kubernetes.selectors import EVERYTHING, Selector
from integrations.kubernetes.transport import without_gc
from integrations.kubernetes.watching import INITIAL_EVENTS_END, WatchStream

log = structlog.get_logger(__name__)
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

# The server ends a watch after this; meanwhile it sends a bookmark about every minute, so that longer silence is a
# dead line. Resuming where the watch was costs one request.
WATCH_S = 240
LONGEST_SILENCE_S = 100.0
INITIAL_SILENCE_S = 20.0
SETTLED_AFTER_S = 2.0
FAILURES_OF_AN_OUTAGE = 3
# Two pages of each kind are in memory at once, and all kinds are listed together.
PAGE_SIZE = 100
# An API server that has just started refuses everything until it has read its roles, which takes a second or two.
REFUSED_FOR_S = 5.0

Row = TypeVar("Row")
Key = tuple[str, str]


class Listener(Protocol[Row]):
    """Called from the reflector's thread, in order. Keys are (namespace, name). Must not block for long."""

    def replaced(self, rows: dict[Key, Row], unreadable: Mapping[Key, str]) -> None:
        """The complete state: what is in neither is gone. After the first sync and after every relist.

        `unreadable` says of each object that is there, and of which no row could be made, why not.
        """

    def upserted(self, key: Key, row: Row) -> None: ...

    def unreadable(self, key: Key, reason: str) -> None:
        """The object is there, and no row could be made of it."""

    def deleted(self, key: Key) -> None: ...


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands in for a row that could not be made."""

    reason: str


@dataclass(frozen=True, slots=True)
class State(Generic[Row]):
    """The complete state while it is read."""

    rows: dict[Key, Row] = field(default_factory=dict)
    unreadable: dict[Key, str] = field(default_factory=dict)

    def put(self, key: Key, row: Row | Unreadable | None) -> None:
        self.drop(key)
        if isinstance(row, Unreadable):
            self.unreadable[key] = row.reason
        elif row is not None:
            self.rows[key] = row

    def drop(self, key: Key) -> None:
        self.rows.pop(key, None)
        self.unreadable.pop(key, None)


class Reflector(Generic[Row]):
    """`slim` turns a raw object into a row, or None where it is of no interest.

    `last_contact_at` is when a list or watch last told something; `failure` is what is wrong now, None while all is
    well; `synced` is set once the first complete state was handed over.
    """

    def __init__(
        self,
        cluster: Callable[[], Cluster],
        kind: Kind,
        slim: Callable[[dict[str, Any]], Row | None],
        listener: Listener[Row],
        *,
        label_selector: Selector = EVERYTHING,
        field_selector: Selector = EVERYTHING,
        namespace: str | None = None,
        longest_silence_s: float = LONGEST_SILENCE_S,
    ) -> None:
        self.kind = kind
        self.last_contact_at: datetime | None = None
        self.failure: IntegrationError | None = None
        self.relists = 0
        self.synced = threading.Event()
        self._cluster, self._slim, self._listener = cluster, slim, listener
        self._namespace = namespace
        self._path, self._longest_silence_s = kind.path(namespace), longest_silence_s
        self._query = list_query(label_selector, field_selector)
        self._version: str | None = None
        self._failed_attempts = self._fruitless_watches = 0
        self._refused_since: float | None = None
        self._can_stream_lists = True
        self._established = self._heard_events = self._is_listed_just_now = False
        self._watching_since: float | None = None
        self._backoff = Backoff()
        self._stopping, self._hurried = threading.Event(), threading.Event()
        self._stream: WatchStream | None = None
        self._thread = threading.Thread(target=self._run, name=f"reflect-{kind.plural}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 1.0) -> None:
        self._stopping.set()
        self.reconnect()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def reconnect(self) -> None:
        """Drops the connection, or ends the wait for the next attempt; a watch resumes where it was."""
        self._hurried.set()
        stream = self._stream
        if stream is not None:
            stream.cut()

    # --- the loop

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._established = self._heard_events = False
            self._watching_since = None
            failed = self._attempt()
            has_watched = self._has_watched()
            if has_watched:
                self._backoff.reset()
                self._fruitless_watches = 0
            if failed or not (has_watched or self._is_listed_just_now):
                self._hurried.wait(self._backoff.next_s())
            self._hurried.clear()

    def _has_watched(self) -> bool:
        """Whether a watch ran in this attempt. A list that succeeds does not count: the watch after it may fail."""
        lasted = self._watching_since is not None and monotonic() - self._watching_since > SETTLED_AFTER_S
        return self._heard_events or lasted

    def _attempt(self) -> bool:
        """One list or watch until it ends. True where it failed."""
        try:
            if self._version is None:
                self._synchronize()
            else:
                self._refuse_a_version_of_the_future()
                self._watch(initial=False)
        except Expired as expired:
            log.info("watch_expired", kind=self.kind.plural, detail=expired.facts["detail"])
            self._version = None
            return True
        except IntegrationError as error:
            self._note(error)
            return True
        except Exception:
            log.exception("reflector_failed", kind=self.kind.plural)
            self.failure = Unreachable(SYSTEM, "An answer of Kubernetes could not be read; see the log.")
            self._version = None
            return True
        return False

    def _note(self, error: IntegrationError) -> None:
        if self._stopping.is_set():
            return
        # A watch that was running and broke is taken up again first; only when that fails is the source at fault.
        if self._established and self._version is not None:
            self._fruitless_watches += 1
            if self._fruitless_watches < FAILURES_OF_AN_OUTAGE:
                return
        if not self._is_believed(error):
            return
        if self.failure is None:
            log.warning("source_unreadable", kind=self.kind.plural, detail=error.facts.get("detail", ""))
        self.failure = error
        self._can_stream_lists = True
        if isinstance(error, NotAllowed):
            # A refusal says nothing about the state: the watch goes on from its version once it is allowed.
            return
        self._failed_attempts += 1
        if max(self._failed_attempts, self._fruitless_watches) >= FAILURES_OF_AN_OUTAGE:
            # The server may come back with an older or another state, where our version means nothing.
            self._version = None
            self._fruitless_watches = 0

    def _is_believed(self, error: IntegrationError) -> bool:
        if not isinstance(error, NotAllowed):
            self._refused_since = None
            return True
        if self._refused_since is None:
            self._refused_since = monotonic()
            self._backoff.reset()
        return monotonic() - self._refused_since >= REFUSED_FOR_S

    def _heard(self) -> None:
        self.last_contact_at = now()
        self.failure = self._refused_since = None
        self._failed_attempts = 0

    # --- the complete state

    def _synchronize(self) -> None:
        if self._can_stream_lists:
            try:
                self._watch(initial=True)
            except Expired:
                raise
            except (Refused, Unreachable) as error:
                if self._version is not None or not self._answered(error):
                    raise
                log.info("streaming_list_refused", kind=self.kind.plural, detail=error.facts.get("detail", ""))
                self._can_stream_lists = False
            else:
                return
        self._list_pages()

    def _answered(self, error: IntegrationError) -> bool:
        """Whether the server spoke and only this way of asking failed: then pages are worth a try."""
        return "status" in error.facts or self._established

    def _list_pages(self) -> None:
        state: State[Row] = State()
        page = {"limit": str(PAGE_SIZE)}
        while not self._stopping.is_set():
            metadata = self._list_page(state, page)
            if not metadata.get("continue"):
                self._replace(state, metadata["resourceVersion"])
                return
            page["continue"] = metadata["continue"]

    def _list_page(self, state: State[Row], page: dict[str, str]) -> dict[str, Any]:
        """Keeps the page's rows and returns its metadata. Its objects are dropped before the next page is read."""
        answer = self._list(page)
        with without_gc():
            for item in answer.get("items") or ():
                state.put(_key(item), self._row(item))
        # What failed is over only when the watch runs again: the right to list is not the right to watch.
        self.last_contact_at = now()
        metadata: dict[str, Any] = answer["metadata"]
        return metadata

    def _list(self, page: dict[str, str]) -> dict[str, Any]:
        return self._cluster().transport.json(
            "GET",
            self._path,
            asked=f"list {self.kind.plural}",
            attempt=Attempt("list", self.kind, self._namespace),
            query={**self._query, **page},
            read_timeout_s=30.0,
        )

    def _refuse_a_version_of_the_future(self) -> None:
        """Raises Expired where the server is behind our version: etcd was restored from a backup.

        A watch from such a version is accepted, and silent until the server has caught up.
        """
        if self._is_listed_just_now:
            self._is_listed_just_now = False
            return
        newest = self._list({"limit": "1"})["metadata"].get("resourceVersion")
        self._refuse_older(newest)

    def _refuse_older(self, version: object) -> None:
        if is_older(version, self._version):
            detail = f"it is at version {version}, and was at {self._version} before"
            raise Expired(SYSTEM, "Kubernetes went back to an earlier state.", detail=detail)

    def _replace(self, state: State[Row], version: str) -> None:
        self._version = version
        self._is_listed_just_now = True
        self.relists += 1
        self._listener.replaced(state.rows, state.unreadable)
        self.synced.set()

    # --- the watch

    def _watch(self, *, initial: bool) -> None:
        query = {**self._query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(WATCH_S)}
        if initial:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        else:
            query["resourceVersion"] = self._version or ""
        stream = WatchStream(
            self._cluster().transport,
            self._path,
            asked=f"watch {self.kind.plural}",
            attempt=Attempt("watch", self.kind, self._namespace),
            query=query,
            silence_s=INITIAL_SILENCE_S if initial else self._longest_silence_s,
        )
        self._stream = stream
        self._established = True
        try:
            if self._stopping.is_set():
                stream.cut()
            if initial:
                with without_gc():
                    self._read_initial(stream)
            else:
                self._read_events(stream)
        finally:
            self._stream = None
            stream.close()

    def _read_initial(self, stream: WatchStream) -> None:
        """Collects rows up to the bookmark that ends the initial events. Raises Unreachable where none comes."""
        state: State[Row] = State()
        for lines in stream.batches():
            for line in lines:
                kind, item = stream.event(line)
                if kind == "BOOKMARK":
                    if (item["metadata"].get("annotations") or {}).get(INITIAL_EVENTS_END):
                        self._replace(state, item["metadata"]["resourceVersion"])
                        return
                elif kind == "DELETED":
                    state.drop(_key(item))
                else:
                    state.put(_key(item), self._row(item))
            self._heard()
        if not self._stopping.is_set():
            raise Unreachable(SYSTEM, "Kubernetes ended a streaming list before it was complete.")

    def _read_events(self, stream: WatchStream) -> None:
        self._watching_since = monotonic()
        self._heard()
        for lines in stream.batches():
            self._heard()
            self._apply(stream, lines)

    def _apply(self, stream: WatchStream, lines: list[bytes]) -> None:
        for line in lines:
            kind, item = stream.event(line)
            self._refuse_older(item["metadata"]["resourceVersion"])
            if kind != "BOOKMARK":
                self._tell(_key(item), None if kind == "DELETED" else self._row(item))
            self._version = item["metadata"]["resourceVersion"]
            self._heard_events = True

    def _tell(self, key: Key, row: Row | Unreadable | None) -> None:
        if row is None:
            self._listener.deleted(key)
        elif isinstance(row, Unreadable):
            self._listener.unreadable(key, row.reason)
        else:
            self._listener.upserted(key, row)

    def _row(self, item: dict[str, Any]) -> Row | Unreadable | None:
        try:
            return self._slim(item)
        except Exception as error:
            # One odd object must not hide all the others.
            log.exception("object_unreadable", kind=self.kind.plural, object="/".join(_key(item)))
            return Unreadable(f"it could not be read ({type(error).__name__})")


def _key(item: dict[str, Any]) -> Key:
    metadata = item["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def is_older(version: object, than: str | None) -> bool:
    """Versions of one kind grow. One that is no number tells nothing."""
    older, newer = str(version), str(than)
    return older.isdecimal() and newer.isdecimal() and int(older) < int(newer)
