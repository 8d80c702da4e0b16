"""The REST API under /api/v3: people, memberships, teams."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from sandbox.github.answers import Meter, error, not_found, paged, tagged
from sandbox.github.world import APP, Account, Switches, Team, Token, World

RESTRICTED = (
    "Although you appear to have the correct authorization credentials, the `{org}` organization has enabled OAuth App "
    "access restrictions, meaning that data access to third-parties is limited. For more information on these "
    "restrictions, including how to enable this app, visit "
    "https://docs.github.com/articles/restricting-access-to-your-organization-s-data/"
)
SAML = (
    "Resource protected by organization SAML enforcement. You must grant your OAuth token access to this organization."
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Api:
    def __init__(self, world: World) -> None:
        self.world, self.meter = world, Meter()

    def routes(self) -> list[web.RouteDef]:
        base = "/api/v3"
        return [
            web.get(f"{base}/user", self.user),
            web.get(f"{base}/user/emails", self.emails),
            web.get(f"{base}/user/memberships/orgs/{{org}}", self.own_membership),
            web.get(f"{base}/user/teams", self.own_teams),
            web.get(f"{base}/orgs/{{org}}", self.organisation),
            web.get(f"{base}/orgs/{{org}}/members", self.members),
            web.get(f"{base}/orgs/{{org}}/memberships/{{login}}", self.membership),
            web.get(f"{base}/orgs/{{org}}/teams", self.teams),
            web.get(f"{base}/orgs/{{org}}/teams/{{slug}}", self.team),
            web.get(f"{base}/orgs/{{org}}/teams/{{slug}}/members", self.team_members),
            web.get(f"{base}/orgs/{{org}}/teams/{{slug}}/memberships/{{login}}", self.team_membership),
            web.get(f"{base}/{{anything:.*}}", self.unknown),
        ]

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Outages first, then credentials, then what the organisation forbids; limits are counted on the way out."""
        if not request.path.startswith("/api/v3/"):
            return await handler(request)
        switches = self.world.switches
        await asyncio.sleep(switches.delay_s)
        if switches.down:
            return error(503, "Service unavailable. Please wait a moment and try again.")
        token = self.token_of(request)
        if token is None:
            return error(401, "Bad credentials" if "Authorization" in request.headers else "Requires authentication")
        if switches.rate_limited:
            return self.limited(token)
        request["token"] = token
        answer = self.forbidden(request, token, switches) or await handler(request)
        answer.headers.update(self.meter.count(token, free=answer.status == 304))
        answer.headers["X-OAuth-Scopes"] = ", ".join(sorted(token.scopes))
        return answer

    def token_of(self, request: web.Request) -> Token | None:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        return self.world.tokens.get(value.strip()) if scheme.lower() in {"bearer", "token"} else None

    def limited(self, token: Token) -> web.Response:
        number = self.world.accounts[token.login].id if token.login != APP else 1
        answer = error(403, f"API rate limit exceeded for user ID {number}.")
        answer.headers.update(self.meter.exhausted())
        return answer

    def forbidden(self, request: web.Request, token: Token, switches: Switches) -> web.Response | None:
        about_organisation = "/orgs/" in request.path or request.path.endswith("/user/teams")
        if not about_organisation:
            return None
        if "read:org" not in token.scopes:
            return error(403, "You need at least read:org scope or user scope to list your organizations.")
        if token.is_oauth and switches.unapproved:
            return error(403, RESTRICTED.format(org=self.world.organisation["login"]))
        if token.is_oauth and switches.saml:
            address = f"https://{request.host}/orgs/{self.world.organisation['login']}/sso"
            return error(403, SAML, X_GitHub_SSO=f"required; url={address}")
        return None

    def caller(self, request: web.Request) -> Account | None:
        return self.world.accounts.get(request["token"].login)

    def sees(self, request: web.Request) -> bool:
        """The organisation's inside is for its members and for the token it installed."""
        login = request["token"].login
        named = request.match_info["org"].lower() == str(self.world.organisation["login"])
        return named and (login == APP or login in self.world.members)

    # --- The person the token belongs to

    async def user(self, request: web.Request) -> web.Response:
        person = self.caller(request)
        if person is None:
            return error(403, "Resource not accessible by integration")
        return tagged(request, {**brief(person), "name": person.name, "email": None, "html_url": f"/{person.login}"})

    async def emails(self, request: web.Request) -> web.Response:
        person = self.caller(request)
        if person is None or "user:email" not in request["token"].scopes:
            return not_found()
        return tagged(request, [{"email": person.email, "primary": True, "verified": True, "visibility": "private"}])

    async def own_membership(self, request: web.Request) -> web.Response:
        person = self.caller(request)
        return self._membership(request, person.login if person else "")

    async def own_teams(self, request: web.Request) -> web.Response:
        person = self.caller(request)
        if person is None:
            return error(403, "Resource not accessible by integration")
        return paged(request, [self.team_body(team) for team in self.world.teams_of(person.login)])

    # --- The organisation

    async def organisation(self, request: web.Request) -> web.Response:
        named = request.match_info["org"].lower() == str(self.world.organisation["login"])
        return tagged(request, dict(self.world.organisation)) if named else not_found()

    async def members(self, request: web.Request) -> web.Response:
        if not self.sees(request):
            return not_found()
        return paged(request, [brief(self.world.accounts[login]) for login in sorted(self.world.members)])

    async def membership(self, request: web.Request) -> web.Response:
        return self._membership(request, request.match_info["login"].lower()) if self.sees(request) else not_found()

    def _membership(self, request: web.Request, login: str) -> web.Response:
        world = self.world
        named = request.match_info["org"].lower() == str(world.organisation["login"])
        if not named or (login not in world.members and login not in world.pending):
            return not_found()
        body = {
            "state": "pending" if login in world.pending else "active",
            "role": world.members.get(login, "member"),
            "organization": dict(world.organisation),
            "user": brief(world.accounts[login]),
        }
        return tagged(request, body)

    async def teams(self, request: web.Request) -> web.Response:
        if not self.sees(request):
            return not_found()
        return paged(request, [self.team_body(team) for _, team in sorted(self.world.teams.items())])

    async def team(self, request: web.Request) -> web.Response:
        team = self.named_team(request)
        return tagged(request, self.team_body(team)) if team else not_found()

    async def team_members(self, request: web.Request) -> web.Response:
        team = self.named_team(request)
        if team is None:
            return not_found()
        return paged(request, [brief(self.world.accounts[login]) for login in sorted(team.members)])

    async def team_membership(self, request: web.Request) -> web.Response:
        team, login = self.named_team(request), request.match_info["login"].lower()
        if team is None or login not in team.members:
            return not_found()
        return tagged(request, {"state": "active", "role": "member"})

    async def unknown(self, request: web.Request) -> web.Response:
        return not_found()

    def named_team(self, request: web.Request) -> Team | None:
        return self.world.teams.get(request.match_info["slug"]) if self.sees(request) else None

    def team_body(self, team: Team) -> dict[str, object]:
        return {
            "id": team.id,
            "slug": team.slug,
            "name": team.slug,
            "privacy": "closed",
            "organization": dict(self.world.organisation),
        }


def brief(person: Account) -> dict[str, object]:
    return {"id": person.id, "login": person.login, "type": "User"}
