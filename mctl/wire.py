"""uvicorn's protocol with limits on a request's head, which uvicorn itself waits for forever and keeps whole.

Given to uvicorn as `--http mctl.wire:GuardedProtocol`. Bodies are limited in `mctl.body`.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Browsers send their headers in one packet; a proxy does too.
LONGEST_HEAD_S = 10.0
# What h11 and nginx take at most, trailers included.
MOST_HEAD_BYTES = 64 * 1024
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.bytes_without_event = 0
        self.head_timer: asyncio.TimerHandle | None = None
        self.expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.head_is_there()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Whatever the parser holds back is a head or a trailer that does not end."""
        if self.timeout_keep_alive_task is not None:
            # uvicorn stops its own timer at any byte, and the parser says nothing of an empty line before a head.
            self.expect_head()
        self.bytes_without_event += len(data)
        super().data_received(data)
        if self.bytes_without_event > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        self.expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.head_is_there()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.bytes_without_event = 0
        super().on_body(body)

    def expect_head(self) -> None:
        self.head_is_there()
        self.head_timer = self.loop.call_later(LONGEST_HEAD_S, self.close_if_open)

    def head_is_there(self) -> None:
        self.bytes_without_event = 0
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def close_if_open(self, *_: Any) -> None:
        if not self.transport.is_closing():
            self.transport.close()
