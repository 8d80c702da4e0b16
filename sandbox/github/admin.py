"""What tests and demonstrations may turn: memberships and outages. Needs the token in DIR/admin-token."""

import secrets
from pathlib import Path

from aiohttp import web

from sandbox.github.world import Account, Team, Token, World


class Admin:
    def __init__(self, world: World, directory: Path) -> None:
        self.world = world
        file = directory / "admin-token"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(24))
        self.token = file.read_text().strip()

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/sandbox/{action}", self.act)]

    async def act(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not secrets.compare_digest(given.encode(), self.token.encode()):
            return web.json_response({"message": "Bad credentials"}, status=401)
        action = getattr(self, f"do_{request.match_info['action']}", None)
        if action is None:
            return web.json_response({"message": "Not Found"}, status=404)
        try:
            return web.json_response(action(**await request.json()) or {})
        except (TypeError, KeyError, ValueError) as error:
            return web.json_response({"message": f"{type(error).__name__}: {error}"}, status=422)

    def do_reset(self) -> None:
        self.world.reset()

    def do_switch(self, **switches: bool | float) -> None:
        for name, value in switches.items():
            if name not in self.world.switches.__slots__:
                raise ValueError(f"no switch {name}")
            setattr(self.world.switches, name, value)

    def do_join(self, login: str, team: str) -> None:
        self.world.teams[team].members.add(self.world.accounts[login].login)

    def do_leave(self, login: str, team: str) -> None:
        self.world.teams[team].members.discard(login)

    def do_expel(self, login: str) -> None:
        self.world.leave_organisation(login)

    def do_invite(self, login: str) -> None:
        """Back to invited: a membership that its person has not accepted."""
        self.world.leave_organisation(login)
        self.world.pending.add(login)

    def do_account(self, login: str, id: int) -> None:
        """A new person, member of the organisation: for example one who takes a login that another gave up."""
        self.world.accounts[login] = Account(id, login, login.title())
        self.world.members[login] = "member"

    def do_rename(self, login: str, new_login: str) -> None:
        self.world.rename(login, new_login)

    def do_team(self, slug: str, id: int) -> None:
        """A team of that name and id; one of the same name and another id stands for a removed and taken name."""
        before = self.world.teams.get(slug)
        self.world.teams[slug] = Team(id, slug, set(before.members) if before else set())

    def do_organisation(self, id: int) -> None:
        self.world.organisation["id"] = id

    def do_token(self, login: str, scopes: list[str]) -> dict[str, str]:
        token = Token(f"ghp_{secrets.token_hex(20)}", login, frozenset(scopes))
        return {"token": self.world.add_token(token).value}

    def do_revoke(self, token: str) -> None:
        self.world.tokens.pop(token, None)
