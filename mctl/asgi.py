"""HTTP and websockets, one process. Lifespan is answered so that servers with and without it work."""

import os

import structlog
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mctl.settings")
django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  models load with the line above
from channels.sessions import SessionMiddlewareStack  # noqa: E402

from core.discovery import app_modules  # noqa: E402
from core.start import start_warnings  # noqa: E402
from mcp_server.endpoint import Endpoint  # noqa: E402
from mcp_server.gate import PATHS, McpGate  # noqa: E402
from mctl.body import BodyLimits  # noqa: E402
from mctl.proxies import ForwardedScheme  # noqa: E402
from mctl.sockets import ActorSocketMiddleware, OwnPagesOnly  # noqa: E402

for warning in start_warnings():
    structlog.get_logger(__name__).warning("start_warning", said=warning.msg, hint=warning.hint)
tools = Endpoint()
sockets = URLRouter(
    [route for module in app_modules("routing") for route in getattr(module, "websocket_urlpatterns", [])]
)
mcp = McpGate(tools)


async def http(scope, receive, send):  # type: ignore[no-untyped-def]
    """/mcp never enters Django's handler."""
    await (mcp if scope["path"] in PATHS else django_application)(scope, receive, send)


router = ProtocolTypeRouter(
    {
        "http": BodyLimits(http),
        "lifespan": tools.lifespan,
        "websocket": OwnPagesOnly(SessionMiddlewareStack(ActorSocketMiddleware(sockets))),
    }
)
application = ForwardedScheme(router)
