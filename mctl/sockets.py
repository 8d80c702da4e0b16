"""The edge for websockets: only our own pages open one, a session becomes an Actor, and nobody opens too many."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

from channels.db import database_sync_to_async
from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.contrib.auth import SESSION_KEY

from accounts.models import Person
from core.actor import Actor, Door
from core.connections import ConnectionKind, connection_of
from core.limits import Kind, TooManyRequests, client_address, take, take_address
from tenants.queries import actor_for

# A code after which the page's script comes back by itself, later each time.
TRY_AGAIN_LATER = 1013


class OwnPagesOnly:
    """A page of another site may open a socket with somebody's cookie; its Origin says so. Scheme, host and port must
    be ours: another port or plain http of the same host is another site."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        said = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"origin"]
        is_ours = len(said) == 1 and said[0] in own_origins()
        await (self.application if is_ours else WebsocketDenier())(scope, receive, send)


def own_origins() -> set[str]:
    """The public address, and the same scheme and port at every other name this server answers to."""
    public = urlsplit(settings.PUBLIC_URL.lower())
    port = f":{public.port}" if public.port else ""
    return {f"{public.scheme}://{host.lower()}{port}" for host in [public.hostname or "", *settings.ALLOWED_HOSTS]}


class ActorSocketMiddleware:
    """The Actor of the session's cookie; None where nobody is signed in."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        async with AsyncExitStack() as held:
            try:
                actor = await self.actor_of(scope["session"], address_in(scope))
                if actor is not None:
                    await held.enter_async_context(connection_of(actor, ConnectionKind.SOCKET))
            except TooManyRequests as problem:
                await receive()
                await send({"type": "websocket.accept"})
                await send({"type": "websocket.close", "code": TRY_AGAIN_LATER, "reason": problem.sentence})
                return
            await self.application({**scope, "actor": actor}, receive, send)

    @database_sync_to_async
    def actor_of(self, session: Any, address: str) -> Actor | None:
        """Raises TooManyRequests; strangers count by their address."""
        person = Person.objects.filter(pk=session.get(SESSION_KEY), is_active=True).first()
        if person is None:
            take_address(address, Door.WEB)
            return None
        actor = actor_for(person.login, door=Door.WEB)
        take(actor, Kind.SOCKET)
        return actor


def address_in(scope: dict[str, Any]) -> str:
    forwarded = dict(scope["headers"]).get(b"x-forwarded-for", b"").decode("latin-1")
    return client_address((scope.get("client") or ("", 0))[0], forwarded)
