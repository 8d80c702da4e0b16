"""HTTP and websockets, one process. Lifespan is answered so that servers with and without it work."""

import os

import structlog
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mctl.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  models load with the line above
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402
from channels.sessions import SessionMiddlewareStack  # noqa: E402

from core.start import start_warnings  # noqa: E402
from mcp_server.endpoint import Endpoint  # noqa: E402
from mcp_server.gate import PATHS, McpGate  # noqa: E402
from mctl.middleware import ActorSocketMiddleware  # noqa: E402
from operations.routing import websocket_urlpatterns  # noqa: E402

for warning in start_warnings():
    structlog.get_logger(__name__).warning("start_warning", said=warning.msg, hint=warning.hint)
tools = Endpoint()
mcp = McpGate(tools)


async def http(scope, receive, send):  # type: ignore[no-untyped-def]
    """/mcp never enters Django's handler."""
    await (mcp if scope["path"] in PATHS else django_application)(scope, receive, send)


application = ProtocolTypeRouter(
    {
        "http": http,
        "lifespan": tools.lifespan,
        "websocket": AllowedHostsOriginValidator(
            SessionMiddlewareStack(ActorSocketMiddleware(URLRouter(websocket_urlpatterns)))
        ),
    }
)
