"""Bearer tokens: an administrator, a person who may only read, MCTL's own service account, and tokens issued to
service accounts."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.kubeapi.calls import User
from sandbox.kubeapi.errors import unauthorized

ISSUER = "https://kubernetes.default.svc.cluster.local"
_SHORTEST_TOKEN_S = 600
_USUAL_TOKEN_S = 3600
ADMIN = User("sandbox-admin", ("system:masters", "system:authenticated"), uid="admin")
READER = User("sandbox-reader", ("sandbox:readers", "system:authenticated"), uid="reader")


def account(namespace: str, name: str, uid: str = "") -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid=uid)


# The account of deploy/rbac/mctl.yaml: it may do what that manifest says.
PRODUCT = account("mctl", "mctl")


@dataclass(slots=True)
class Authenticator:
    admin_token: str
    reader_token: str
    product_token: str
    # Whether the object of a uid still exists: a service account's tokens end with it.
    exists: Callable[[str], bool] = lambda uid: True
    _issued: dict[str, tuple[User, float]] = field(default_factory=dict)
    _signing_key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def user_for(self, authorization: str) -> User:
        """The bearer of the header's token. Raises ApiError 401."""
        kind, _, token = authorization.partition(" ")
        user = self.user_of_token(token.strip()) if kind.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        return user

    def user_of_token(self, token: str) -> User | None:
        for held, user in ((self.admin_token, ADMIN), (self.reader_token, READER), (self.product_token, PRODUCT)):
            if hmac.compare_digest(held.encode(), token.encode()):
                return user
        issued = self._issued.get(token)
        if issued and issued[1] > time.time() and self.exists(issued[0].uid):
            return issued[0]
        self._issued.pop(token, None)
        return None

    def issue(self, namespace: str, name: str, uid: str, *, seconds: int, audiences: list[str]) -> tuple[str, float]:
        """A signed token of a service account and the time it ends, in seconds since the epoch."""
        seconds = max(_SHORTEST_TOKEN_S, seconds or _USUAL_TOKEN_S)
        ends_at = time.time() + seconds
        user = account(namespace, name, uid)
        claims = {
            "aud": audiences or [ISSUER],
            "exp": int(ends_at),
            "iat": int(time.time()),
            "iss": ISSUER,
            "jti": secrets.token_hex(8),
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": uid}},
            "sub": user.name,
        }
        signed = ".".join(_encode(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        signature = hmac.new(self._signing_key, signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
        self._issued[token] = (user, ends_at)
        return token, ends_at


def _encode(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode()
