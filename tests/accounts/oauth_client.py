"""An OAuth client as the MCP specification has it, with a person's browser beside it."""

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.test import Client

from accounts.models import Person

MCP, REST = "http://127.0.0.1:8000/mcp", "http://127.0.0.1:8000/api/v1"
REDIRECT = "http://localhost:3118/callback"


@dataclass
class OAuthClient:
    person: str = "olga"
    redirect: str = REDIRECT
    resource: str = REST
    http: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    browser: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    client_id: str = ""
    verifier: str = ""

    def register(self, **metadata: Any) -> Any:
        asked = {"client_name": "Test client", "redirect_uris": [self.redirect], **metadata}
        answer = self.http.post("/oauth/register", asked, content_type="application/json")
        self.client_id = answer.json().get("client_id", "")
        return answer

    def asks(self, **changed: Any) -> dict[str, Any]:
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        asked = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": self.redirect, "scope": "read",
            "state": "s-123", "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256", "resource": self.resource, **changed,
        }  # fmt: skip
        return {name: value for name, value in asked.items() if value is not None}

    def authorize(self, **changed: Any) -> Any:
        self.browser.force_login(Person.objects.signed_in(self.person))
        return self.browser.get("/oauth/authorize", self.asks(**changed))

    def consent(self, page: Any, *, allow: bool = True) -> dict[str, str]:
        """What the client's redirect address is sent: `{"code", "state", "iss"}` or `{"error", ...}`."""
        posted = {"allow": "true"} if allow else {}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", page.content.decode()):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name and value:
                posted[name.group(1)] = html.unescape(value.group(1))
        answer = self.browser.post("/oauth/authorize", posted)
        assert answer.status_code == 302, answer.content.decode()
        return {name: values[0] for name, values in parse_qs(urlsplit(answer["Location"]).query).items()}

    def code(self, **changed: Any) -> str:
        return self.consent(self.authorize(**changed))["code"]

    def token(self, **changed: Any) -> Any:
        asked = {
            "grant_type": "authorization_code", "client_id": self.client_id, "redirect_uri": self.redirect,
            "code_verifier": self.verifier, "resource": self.resource, **changed,
        }  # fmt: skip
        return self.http.post("/oauth/token", {name: value for name, value in asked.items() if value is not None})

    def connect(self, **changed: Any) -> dict[str, Any]:
        return self.token(code=self.code(**changed)).json()

    def refresh(self, token: str, **changed: Any) -> Any:
        return self.token(
            grant_type="refresh_token", refresh_token=token, redirect_uri=None, code_verifier=None, **changed
        )

    def whoami(self, token: str) -> Any:
        return self.http.get("/api/v1/whoami", headers={"Authorization": f"Bearer {token}"})
