"""The web flow: the page that asks, the code, the token. Codes live ten minutes and work once; PKCE is checked."""

import base64
import hashlib
import html
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from sandbox.cast import CAST
from sandbox.github.world import CALLBACK_PATH, Token, World

CODE_LIFE_S = 600
LOOPBACK_HOSTS = {"127.0.0.1", "localhost", "::1", "testserver"}
DENIED = "The user has denied your application access."
DOCUMENTATION = "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-authorization-request-errors"
PARAMETERS = ("client_id", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method")

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorize MCTL</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;display:block;width:100%;text-align:left;padding:.7rem 1rem;margin:.5rem 0;border-radius:.5rem;
border:1px solid GrayText;background:Canvas;color:CanvasText;cursor:pointer}}p{{color:GrayText}}</style></head><body>
<h1>Authorize MCTL</h1><p>This is the sandbox's GitHub. MCTL asks who you are and which teams of {org} you are in.</p>
<form method="post" action="/login/oauth/authorize">{hidden}{people}
<button name="deny" value="1">Cancel</button></form></body></html>"""


@dataclass(frozen=True, slots=True)
class Code:
    login: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    ends_at: float


class OAuth:
    def __init__(self, world: World, client_id: str, client_secret: str) -> None:
        self.world, self.client_id, self.client_secret = world, client_id, client_secret
        self.codes: dict[str, Code] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/login/oauth/authorize", self.ask),
            web.post("/login/oauth/authorize", self.decide),
            web.post("/login/oauth/access_token", self.token),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        refused = self.refused(request.query.get("client_id", ""), request.query.get("redirect_uri", ""))
        if refused:
            return refused
        asked = {name: request.query.get(name, "") for name in PARAMETERS}
        hidden = "".join(f'<input type="hidden" name="{name}" value="{html.escape(asked[name])}">' for name in asked)
        titles = {person.login: person.title for person in CAST}
        people = "".join(
            f'<button name="login" value="{html.escape(login)}"><b>{html.escape(account.name)}</b> '
            f"{html.escape(titles.get(login, ''))}</button>"
            for login, account in self.world.accounts.items()
        )
        organisation = html.escape(str(self.world.organisation["login"]))
        page = PAGE.format(org=organisation, hidden=hidden, people=people)
        return web.Response(text=page, content_type="text/html", headers={"X-Frame-Options": "DENY"})

    async def decide(self, request: web.Request) -> web.Response:
        form = await request.post()
        asked = {name: str(form.get(name, "")) for name in PARAMETERS}
        refused = self.refused(asked["client_id"], asked["redirect_uri"])
        if refused:
            return refused
        login = str(form.get("login", ""))
        if form.get("deny") or login not in self.world.accounts:
            answer = {"error": "access_denied", "error_description": DENIED, "error_uri": DOCUMENTATION}
            return self.back(asked, answer)
        if asked["code_challenge"] and asked["code_challenge_method"] != "S256":
            return self.back(asked, {"error": "invalid_request", "error_description": "Only S256 is supported."})
        code = secrets.token_hex(10)
        self.codes[code] = Code(
            login,
            asked["redirect_uri"],
            frozenset(asked["scope"].replace(",", " ").split()),
            asked["code_challenge"],
            time.monotonic() + CODE_LIFE_S,
        )
        return self.back(asked, {"code": code})

    def refused(self, client_id: str, redirect_uri: str) -> web.Response | None:
        if self.world.switches.down:
            return web.Response(status=503, text="Unicorn! GitHub is not available.")
        if client_id != self.client_id:
            return web.Response(status=404, text="Not Found")
        parts = urlsplit(redirect_uri)
        if parts.hostname not in LOOPBACK_HOSTS or parts.path != CALLBACK_PATH:
            return web.Response(status=400, text="The redirect_uri is not associated with this application.")
        return None

    def back(self, asked: dict[str, str], answer: dict[str, str]) -> web.Response:
        query = urlencode({**answer, **({"state": asked["state"]} if asked["state"] else {})})
        return web.Response(status=302, headers={"Location": f"{asked['redirect_uri']}?{query}"})

    async def token(self, request: web.Request) -> web.Response:
        """Errors come with status 200, and everything form-encoded unless JSON is asked for: so does the real one."""
        if self.world.switches.down:
            return web.Response(status=503, text="Unicorn! GitHub is not available.")
        form = {name: str(value) for name, value in (await request.post()).items()}
        answer = self.exchanged(form)
        if "application/json" in request.headers.get("Accept", ""):
            return web.json_response(answer)
        return web.Response(text=urlencode(answer), content_type="application/x-www-form-urlencoded", charset="utf-8")

    def exchanged(self, form: dict[str, str]) -> dict[str, str]:
        known = secrets.compare_digest(form.get("client_secret", "").encode(), self.client_secret.encode())
        if form.get("client_id") != self.client_id or not known:
            return {
                "error": "incorrect_client_credentials",
                "error_description": "The client_id and/or client_secret passed are incorrect.",
            }
        code = self.codes.pop(form.get("code", ""), None)
        if code is None or code.ends_at < time.monotonic() or not verified(code, form.get("code_verifier", "")):
            return {
                "error": "bad_verification_code",
                "error_description": "The code passed is incorrect or expired.",
            }
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            return {"error": "redirect_uri_mismatch", "error_description": "The redirect_uri MUST match."}
        value = f"gho_{secrets.token_hex(18)}"
        self.world.add_token(Token(value, code.login, code.scopes, is_oauth=True))
        return {"access_token": value, "token_type": "bearer", "scope": ",".join(sorted(code.scopes))}


def verified(code: Code, verifier: str) -> bool:
    if not code.challenge:
        return True
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return secrets.compare_digest(digest, code.challenge.encode())
