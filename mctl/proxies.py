"""Behind a proxy that ends TLS, a request arrives in clear; a proxy we trust says how it was sent.

Nothing else of X-Forwarded-* is believed, save X-Forwarded-For in `core.limits`: the host is the one in `Host`.
"""

from core.limits import is_trusted
from mcp_server.gate import Application, Message, Receive, Send

SCHEMES = {b"http": {"http": "http", "websocket": "ws"}, b"https": {"http": "https", "websocket": "wss"}}


class ForwardedScheme:
    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"} and is_trusted((scope.get("client") or ("", 0))[0]):
            said = [value for name, value in scope["headers"] if name == b"x-forwarded-proto"]
            # Two values: one does not come from the proxy.
            if len(said) == 1 and said[0] in SCHEMES:
                scope = {**scope, "scheme": SCHEMES[said[0]][scope["type"]]}
        await self.application(scope, receive, send)
