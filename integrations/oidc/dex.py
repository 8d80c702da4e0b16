"""JWTs of the platform's Dex: verified with its published keys, for our audience only.

The key comes from the configured issuer, never from an address or a key inside the token.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings

from integrations.errors import Unreachable
from integrations.oidc.fetch import OK, get
from integrations.oidc.keys import ALGORITHMS, KeySet, usable_keys

SKEW_S = 60
TIMEOUT_S = 5.0
LONGEST_KEY_ID = 200
LAST_MOMENT = datetime.max.replace(tzinfo=UTC).timestamp() - 1
ASYMMETRIC = frozenset().union(*ALGORITHMS.values())
HEADERS_NAMING_KEYS = ("jku", "jwk", "x5u", "x5c")
FAILURES: dict[type[jwt.PyJWTError], tuple[str, str]] = {
    jwt.ExpiredSignatureError: ("token_expired", "The token has expired."),
    jwt.ImmatureSignatureError: ("token_not_yet_valid", "The token is not valid yet; a clock may be wrong."),
    jwt.InvalidAudienceError: ("token_audience", "The token was issued for another service."),
    jwt.InvalidIssuerError: ("token_issuer", "The token was issued by somebody else."),
    jwt.MissingRequiredClaimError: ("token_claims", "The token lacks a claim that it needs."),
    jwt.InvalidSignatureError: ("token_signature", "The token's signature is wrong."),
}


class DexTokenInvalid(Exception):
    """`code` is stable; the sentence says what is wrong and never quotes the token."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class DexClaims:
    """`login` is the first of preferred_username, email and sub; `groups` are as claimed and decide nothing here."""

    login: str
    groups: tuple[str, ...]
    expires_at: datetime


class DexVerifier:
    """Raises DexTokenInvalid, and Unreachable where the keys cannot be read."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self.keys = KeySet(self._read_keys)

    def verify(self, token: str) -> DexClaims:
        kid, algorithm = self._header(token)
        key = self.keys.key(kid, algorithm)
        if key is None:
            raise DexTokenInvalid("token_key", "The token is signed with a key that the issuer does not publish.")
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[algorithm],
                audience=self.client_id,
                issuer=self.issuer,
                leeway=SKEW_S,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise DexTokenInvalid(*code_and_sentence(error)) from error
        return claims_of(claims)

    def published_keys(self) -> int:
        """How many keys the issuer publishes now that we can verify with. Raises Unreachable."""
        return len(usable_keys(self._read_keys()))

    def _header(self, token: str) -> tuple[str, str]:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise DexTokenInvalid("token_unreadable", "The token's header cannot be read.") from error
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC:
            raise DexTokenInvalid("token_algorithm", "The token is not signed with a public-key algorithm.")
        if any(name in header for name in HEADERS_NAMING_KEYS):
            raise DexTokenInvalid("token_key", "The token brings its own key; only the issuer's published keys count.")
        if not isinstance(kid, str) or not 0 < len(kid) <= LONGEST_KEY_ID:
            raise DexTokenInvalid("token_key", "The token does not name the key it is signed with.")
        return kid, algorithm

    def _read_keys(self) -> Any:
        where = self._discovered()
        status, _, body = get("dex", where, timeout_s=TIMEOUT_S)
        if status != OK:
            raise Unreachable("dex", f"The identity provider answered {status} for its keys.")
        return body

    def _discovered(self) -> str:
        status, _, body = get("dex", f"{self.issuer}/.well-known/openid-configuration", timeout_s=TIMEOUT_S)
        if status != OK or not isinstance(body, dict) or not isinstance(body.get("jwks_uri"), str):
            raise Unreachable("dex", f"The identity provider answered {status} for its configuration.")
        if body.get("issuer") != self.issuer:
            raise Unreachable("dex", "The identity provider names another issuer than MCTL_DEX_ISSUER.")
        # An attacker who changes the issuer's answer must not send us to another machine of the network.
        if origin_of(body["jwks_uri"]) != origin_of(self.issuer):
            raise Unreachable("dex", "The identity provider keeps its keys at another address than its own.")
        return str(body["jwks_uri"])


def code_and_sentence(error: jwt.PyJWTError) -> tuple[str, str]:
    for kind, answer in FAILURES.items():
        if isinstance(error, kind):
            return answer
    return "token_unreadable", "The token cannot be read."


def claims_of(claims: dict[str, Any]) -> DexClaims:
    names = (claims.get(name) for name in ("preferred_username", "email", "sub"))
    login = next((name for name in names if isinstance(name, str) and name), "")
    if not login or len(login) > 100:
        raise DexTokenInvalid("token_claims", "The token does not say whose it is.")
    if not all(is_moment(claims[name]) for name in ("exp", "nbf", "iat") if name in claims):
        raise DexTokenInvalid("token_claims", "The token's time is not valid.")
    groups = claims.get("groups")
    named = [group for group in groups if isinstance(group, str)] if isinstance(groups, list) else []
    return DexClaims(login.lower(), tuple(named[:100]), datetime.fromtimestamp(claims["exp"], UTC))


def is_moment(value: Any) -> bool:
    """A NumericDate of RFC 7519 that a calendar has; the library takes digits in a text for one too."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LAST_MOMENT


def origin_of(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def dex() -> DexVerifier | None:
    """The verifier of the settings; None where no Dex is configured."""
    if not settings.DEX_ISSUER or not settings.DEX_CLIENT_ID:
        return None
    return _verifier(settings.DEX_ISSUER, settings.DEX_CLIENT_ID)


@lru_cache(maxsize=4)
def _verifier(issuer: str, client_id: str) -> DexVerifier:
    return DexVerifier(issuer, client_id)
