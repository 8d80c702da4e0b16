"""The wire of a watch: lines of events out of a stream of chunks, and a stream another thread can cut."""

from collections.abc import Iterator
from typing import Any

import orjson
import urllib3

from integrations.kubernetes.failures import failure, silence
from integrations.kubernetes.rights import Attempt
from integrations.kubernetes.transport import TRANSPORT_ERRORS, Transport

CHUNK_BYTES = 1 << 16
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class WatchStream:
    """Events of one watch request. `cut()` may be called from any thread and ends the reader at once."""

    def __init__(
        self,
        transport: Transport,
        path: str,
        *,
        asked: str,
        attempt: Attempt,
        query: dict[str, str],
        silence_s: float,
    ) -> None:
        self._host = transport.host
        self._asked, self._attempt = asked, attempt
        self._is_cut = False
        self._response: urllib3.BaseHTTPResponse = transport.open(
            "GET", path, asked=asked, attempt=attempt, query=query, read_timeout_s=silence_s
        )

    def batches(self) -> Iterator[list[bytes]]:
        """Whole lines as they arrive, at least one each time. Ends when the server ends the watch.

        Raises Unreachable where the connection breaks or stays silent for longer than `silence_s`.
        """
        rest = b""
        try:
            # Not `stream()`: behind a proxy that does not chunk, that one waits until its buffer is full.
            while chunk := self._response.read1(CHUNK_BYTES):
                *lines, rest = (rest + chunk).split(b"\n")
                if lines:
                    yield lines
        except TRANSPORT_ERRORS as error:
            if not self._is_cut:
                raise silence(error, self._host) from error
        except (AttributeError, ValueError):
            # What a TLS socket raises in its reader when another thread shut it down.
            if not self._is_cut:
                raise
        finally:
            self._response.close()

    def event(self, line: bytes) -> tuple[str, dict[str, Any]]:
        """Type and object of one line. An ERROR event is raised: Expired for 410, else what its code means."""
        try:
            event = orjson.loads(line)
            kind, thing = event["type"], event["object"]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise silence(error, self._host) from error
        if kind == "ERROR":
            raise failure(int(thing.get("code") or 500), orjson.dumps(thing), self._asked, self._attempt)
        return kind, thing

    def close(self) -> None:
        self._response.close()

    def cut(self) -> None:
        self._is_cut = True
        try:
            self._response.shutdown()
        except (OSError, ValueError, RuntimeError):
            # Already closed or back in the pool: there is no reader to wake.
            return
