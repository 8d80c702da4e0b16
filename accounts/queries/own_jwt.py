"""Our own access tokens as JWTs: issued and verified here, so one secret and one algorithm are enough.

The signature only saves a look-up; whether the token still holds is in the database, where it can be revoked.
"""

import secrets
from typing import Any

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac

from accounts.choices import TokenKind
from accounts.errors import TokenRefused
from accounts.queries.resources import resources
from core.clock import now

ALGORITHM = "HS256"
SKEW_S = 60
RECONNECT = "Disconnect the client and connect it again."
FAILURES: dict[type[jwt.PyJWTError], tuple[str, str]] = {
    jwt.ExpiredSignatureError: ("token_expired", "The token has expired."),
    jwt.ImmatureSignatureError: ("token_not_yet_valid", "The token is not valid yet."),
    jwt.InvalidAudienceError: ("token_audience", "The token was issued for another service."),
    jwt.InvalidAlgorithmError: ("token_algorithm", "The token is not signed the way our tokens are."),
    jwt.InvalidSignatureError: ("token_signature", "The token names us as its issuer, but we did not sign it."),
    jwt.MissingRequiredClaimError: ("token_claims", "The token lacks a claim that our tokens have."),
}


def sign(*, login: str, client_id: str, scopes: list[str], resource: str, lifetime_s: int) -> str:
    """A token for that resource and no other."""
    issued = int(now().timestamp())
    claims = {
        "iss": settings.PUBLIC_URL,
        "sub": login,
        "aud": resource,
        "client_id": client_id,
        "scope": " ".join(scopes),
        "iat": issued,
        "exp": issued + lifetime_s,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, _key(), algorithm=ALGORITHM, headers={"typ": "at+jwt"})


def verify(token: str) -> dict[str, Any]:
    """The claims; `aud` is one of our resources. Raises TokenRefused."""
    try:
        return jwt.decode(
            token,
            _key(),
            algorithms=[ALGORITHM],
            audience=list(resources()),
            issuer=settings.PUBLIC_URL,
            leeway=SKEW_S,
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
        )
    except jwt.PyJWTError as error:
        code, sentence = next(
            (answer for kind, answer in FAILURES.items() if isinstance(error, kind)),
            ("token_unreadable", "The token cannot be read."),
        )
        raise TokenRefused(code, sentence, kind=TokenKind.OAUTH, remedy=RECONNECT) from error


def _key() -> bytes:
    return salted_hmac("mctl.accounts.access-token", "key", algorithm="sha256").digest()
