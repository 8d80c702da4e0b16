"""Watches: replay of what was missed, the stream of changes, bookmarks, and objects that leave or enter a selection."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import orjson

from sandbox.kubeapi.calls import Call
from sandbox.kubeapi.entries import Entry, make_entry
from sandbox.kubeapi.errors import ApiError, expired
from sandbox.kubeapi.eventlog import Change, EventLog
from sandbox.kubeapi.listing import selected
from sandbox.kubeapi.options import check_watch
from sandbox.kubeapi.selectors import Test, entry_test
from sandbox.kubeapi.views import show_entry

if TYPE_CHECKING:
    from sandbox.kubeapi.cluster import Cluster

_BOOKMARK_EVERY_S = 2.0
_LONGEST_WATCH_S = 1800
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


def _line(kind: str, encoded: bytes) -> bytes:
    return b'{"type":"%s","object":%s}\n' % (kind.encode(), encoded)


def _error_line(error: ApiError) -> bytes:
    return _line("ERROR", orjson.dumps(error.status()))


class Watch:
    """One watch request: an asynchronous stream of encoded lines."""

    def __init__(self, cluster: "Cluster", call: Call) -> None:
        self._cluster = cluster
        self._call = call
        query = call.query
        namespace = call.namespace if call.resource.namespaced else ""
        field_selector = query.get("fieldSelector", "")
        self._test: Test | None = entry_test(call.resource, namespace, query.get("labelSelector", ""), field_selector)
        self._bookmarks = call.flag("allowWatchBookmarks")
        self._streams_list = call.flag("sendInitialEvents")
        check_watch(call)
        self._wanted = query.get("resourceVersion", "")
        # Changes up to this version are not told: a version of the future is waited for in silence.
        self._after = int(self._wanted or 0)
        self._ends_at = time.monotonic() + (call.number("timeoutSeconds") or _LONGEST_WATCH_S)

    async def lines(self) -> AsyncIterator[bytes]:
        log = self._cluster.store.log(self._call.resource.key)
        position, version = log.end, self._cluster.store.version
        if self._wanted in ("", "0") or self._streams_list:
            for entry in selected(self._cluster, self._call):
                yield _line("ADDED", show_entry(self._call, entry))
            if self._streams_list and self._bookmarks:
                yield self._bookmark(version, initial=True)
        else:
            start = log.end if int(self._wanted) > version else log.position_after(int(self._wanted))
            if start is None:
                told = f"too old resource version: {self._wanted} ({log.compacted_at})"
                yield _error_line(expired(told))
                return
            position = start
        async for line in self._follow(log, position):
            yield line

    async def _follow(self, log: EventLog, position: int) -> AsyncIterator[bytes]:
        woken = asyncio.Event()
        log.waiting.add(woken)
        bookmark_at = time.monotonic() + _BOOKMARK_EVERY_S
        try:
            while (left := self._ends_at - time.monotonic()) > 0:
                woken.clear()
                changes = log.since(position)
                if changes is None:
                    yield _error_line(expired(f"too old resource version: watch fell behind ({log.compacted_at})"))
                    return
                position += len(changes)
                lines = [line for change in changes if (line := self._encode(change))]
                if lines:
                    yield b"".join(lines)
                    continue
                if self._bookmarks and time.monotonic() >= bookmark_at:
                    yield self._bookmark(self._cluster.store.version)
                    bookmark_at = time.monotonic() + _BOOKMARK_EVERY_S
                pause = min(left, max(0.01, bookmark_at - time.monotonic())) if self._bookmarks else left
                try:
                    async with asyncio.timeout(pause):
                        await woken.wait()
                except TimeoutError:
                    continue
        finally:
            log.waiting.discard(woken)

    def _encode(self, change: Change) -> bytes | None:
        if change.version <= self._after:
            return None
        test = self._test
        before = change.before is not None and (test is None or test(change.before))
        if change.type == "DELETED":
            return _line("DELETED", show_entry(self._call, change.entry)) if before else None
        now = test is None or test(change.entry)
        if now:
            return _line("MODIFIED" if before else "ADDED", show_entry(self._call, change.entry))
        if before and change.before:
            return _line("DELETED", show_entry(self._call, self._left(change, change.before)))
        return None

    def _left(self, change: Change, before: Entry) -> Entry:
        """The object as it last was in the selection, under the version of the change that took it out."""
        obj = before.load()
        obj["metadata"]["resourceVersion"] = str(change.version)
        return make_entry(self._call.resource, obj, change.version)

    def _bookmark(self, version: int, *, initial: bool = False) -> bytes:
        """Everything up to `version` has been sent."""
        resource = self._call.resource
        metadata: dict[str, Any] = {"resourceVersion": str(version), "creationTimestamp": None}
        if initial:
            metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
        body = {"kind": resource.kind, "apiVersion": resource.group_version, "metadata": metadata}
        return _line("BOOKMARK", orjson.dumps(body))
