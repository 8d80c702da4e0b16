"""Small servers on loopback that speak as Dex and GitHub do, and can be told to be slow, broken or huge."""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

CLIENT_ID = "mctl-api"
# How long a server takes at most to see that it shall stop.
POLL_S = 0.02


@dataclass
class Server:
    """`answers` maps a path to (status, headers, body); `asked` counts the requests for each."""

    answers: dict[str, tuple[int, dict[str, str], Any]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    delay_s: float = 0
    seen: list[str] = field(default_factory=list)

    def start(self) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked[self.path] += 1
                server.seen.append(self.headers.get("Authorization", ""))
                time.sleep(server.delay_s)
                status, headers, body = server.answer(self.path, self.headers.get("Authorization", ""))
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(raw))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=[POLL_S], daemon=True)
        self.thread.start()

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, str], Any]:
        return self.answers.get(path, (404, {}, {}))

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_port}"


class Dex(Server):
    """An issuer with keys that can be rotated."""

    def begin(self, keys: dict[str, rsa.RSAPrivateKey] | None = None) -> None:
        """`keys` are those of an earlier server: to make one takes longer than a test."""
        self.start()
        self.keys = {} if keys is None else keys
        self.publish("first")

    def publish(self, *kids: str) -> None:
        for kid in kids:
            if kid not in self.keys:
                self.keys[kid] = rsa.generate_private_key(65537, 2048)
        listed = [self.jwk(kid) for kid in kids]
        self.answers["/.well-known/openid-configuration"] = (
            200, {}, {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
        )  # fmt: skip
        self.answers["/keys"] = (200, {}, {"keys": listed})

    def jwk(self, kid: str) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[kid].public_key(), as_dict=True)
        return {**public, "kid": kid, "use": "sig", "alg": "RS256"}

    def public_pem(self, kid: str) -> bytes:
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.keys[kid].public_key().public_bytes(serialization.Encoding.PEM, form)

    def token(self, kid: str = "first", headers: dict[str, Any] | None = None, **claims: Any) -> str:
        named = {"kid": kid, **(headers or {})}
        return jwt.encode(self.claims(**claims), self.keys[kid], algorithm="RS256", headers=named)

    def claims(self, **claims: Any) -> dict[str, Any]:
        moment = int(time.time())
        all_claims = {
            "iss": self.url, "aud": CLIENT_ID, "sub": "CgRvbGdh", "preferred_username": "olga",
            "groups": ["payments"], "iat": moment, "exp": moment + 600, **claims,
        }  # fmt: skip
        return {name: value for name, value in all_claims.items() if value is not None}


class GitHub(Server):
    """`GET /api/v3/user` for the tokens it was given, and whether their owners are in the organisation."""

    def begin(self) -> None:
        self.start()
        self.tokens: dict[str, dict[str, Any]] = {}
        self.outsiders: set[str] = set()
        self.broken: tuple[int, dict[str, str], Any] | None = None

    def answer(self, path: str, authorization: str) -> tuple[int, dict[str, str], Any]:
        if self.broken:
            return self.broken
        if "/memberships/" in path:
            login = path.rpartition("/")[2]
            known = {person["login"].lower(): person for person in self.tokens.values()}
            if login not in known or login in self.outsiders:
                return 404, {}, {"message": "Not Found"}
            organisation = {"id": settings.GITHUB_ORG_ID or 1}
            return 200, {}, {"state": "active", "organization": organisation, "user": known[login]}
        person = self.tokens.get(authorization.removeprefix("Bearer "))
        return (200, {}, person) if person else (401, {}, {"message": "Bad credentials"})
