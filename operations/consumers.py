"""The socket on which pages hear that something changed. It carries names, never contents, and takes no orders.

Who may hear what is asked at the start and again every half minute: a membership that ends, ends the messages.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.sessions.backends.db import SessionStore
from django.core.serializers.json import DjangoJSONEncoder

from core.actor import Actor, Door
from core.live import ALL_TENANTS, tenant_group
from operations.registry import actor_for

log = structlog.get_logger(__name__)

SIGNED_OUT = 4401
NOT_ALLOWED = 4403
ASK_AGAIN_AFTER_S = 30.0
# Changes of the same thing within this time reach the browser as one message.
GATHER_S = 0.03
MOST_PENDING = 500
LONGEST_MESSAGE_READ = 64
# The pages then fetch all their parts again, as after a reconnect.
EVERYTHING_CHANGED = {"type": "mctl.resync"}

JSON = DjangoJSONEncoder(separators=(",", ":"), sort_keys=True)


class ChangesConsumer(AsyncWebsocketConsumer):
    """Scope: `actor` (None where nobody is signed in) and, behind a session, `session`."""

    async def connect(self) -> None:
        self.groups_joined: set[str] = set()
        self.pending: set[str] = set()
        self.something_pending = asyncio.Event()
        self.chores: list[asyncio.Task[None]] = []
        self.actor: Actor | None = self.scope.get("actor")
        if self.actor is None:
            # Accepted all the same: a refused handshake shows the page no code, and it would try again forever.
            await self.accept()
            await self.close(code=SIGNED_OUT)
            return
        # Before it is accepted: an open socket misses nothing.
        await self.join(self.actor)
        await self.accept()
        self.chores = [asyncio.create_task(self.deliver()), asyncio.create_task(self.ask_again())]

    async def disconnect(self, code: int) -> None:
        for chore in self.chores:
            chore.cancel()
        for group in self.groups_joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Only a ping is understood; whatever else arrives is ignored."""
        if text_data and len(text_data) <= LONGEST_MESSAGE_READ and "ping" in text_data:
            await self.send(text_data='{"type":"pong"}')

    async def changed(self, event: Mapping[str, Any]) -> None:
        """From the channel layer. Never waits for the browser: a slow one may not fill our memory."""
        message = event["message"]
        if self.actor is None or not self.actor.sees(str(message.get("tenant", ""))):
            return
        everything = JSON.encode(EVERYTHING_CHANGED)
        if everything not in self.pending:
            self.pending.add(JSON.encode(message))
        if len(self.pending) > MOST_PENDING:
            self.pending = {everything}
        self.something_pending.set()

    async def deliver(self) -> None:
        while True:
            await self.something_pending.wait()
            await asyncio.sleep(GATHER_S)
            self.something_pending.clear()
            messages, self.pending = self.pending, set()
            for message in messages:
                await self.send(text_data=message)

    async def ask_again(self) -> None:
        """Leaves the groups of tenants the actor no longer belongs to, joins new ones, ends where nothing is left."""
        while True:
            await asyncio.sleep(ASK_AGAIN_AFTER_S)
            try:
                actor = await self.actor_now()
            except Exception as error:
                # The database is away: what was true half a minute ago stays true until it can be asked.
                log.warning("membership_unread", error=type(error).__name__)
                continue
            if actor is None or not (actor.is_admin or actor.roles):
                await self.close(code=SIGNED_OUT if actor is None else NOT_ALLOWED)
                return
            await self.join(actor)

    async def join(self, actor: Actor) -> None:
        self.actor = actor
        wanted = {ALL_TENANTS} if actor.is_admin else {tenant_group(tenant) for tenant in actor.roles}
        for group in self.groups_joined - wanted:
            await self.channel_layer.group_discard(group, self.channel_name)
        for group in wanted - self.groups_joined:
            await self.channel_layer.group_add(group, self.channel_name)
        self.groups_joined = wanted

    @database_sync_to_async
    def actor_now(self) -> Actor | None:
        """The same person with the roles of now, or None where the session has ended."""
        session = self.scope.get("session")
        # Read again: `exists` takes an expired session for a living one.
        if session is not None and session.session_key and not SessionStore(session.session_key).load():
            return None
        return actor_for(self.actor.name, door=Door.WEB, client=self.actor.client) if self.actor else None
