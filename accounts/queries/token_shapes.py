"""Tells bearer tokens apart by shape only, as the troubleshooting guide's table does. Verifies nothing."""

import base64
import binascii
import json
from typing import Any

from django.conf import settings

from accounts.choices import TokenKind
from accounts.errors import TokenMissing, TokenRefused

PERSONAL_PREFIX = "mctl_pat_"
LONGEST_TOKEN = 8_192
JWT_DOTS = 2
EXPECTED = "Send the header Authorization: Bearer followed by the token, without quotes."
TABLE = (
    "A token has no dots (GitHub token, or an MCTL personal token beginning mctl_pat_) or two (a JWT of Dex or of "
    "MCTL). Copy it again, whole."
)


def bearer_of(header: str | None) -> str:
    """The token in an Authorization header. Raises TokenMissing, and TokenRefused with what is wrong with it."""
    if not header or not header.strip():
        raise TokenMissing("No token was sent.", remedy=EXPECTED)
    scheme, _, token = header.strip(" \t").partition(" ")
    token = token.strip(" \t")
    if scheme.lower() != "bearer":
        raise _malformed_refusal("token_scheme", "The Authorization header does not begin with Bearer.")
    if not token:
        raise _malformed_refusal("token_empty", "The Authorization header has no token after Bearer.")
    if token[0] in "\"'<{$" or token[-1] in "\"'>}":
        raise _malformed_refusal("token_quoted", "The token stands in quotes or brackets, or is a placeholder.")
    if len(token) > LONGEST_TOKEN:
        raise _malformed_refusal("token_too_long", f"The token is longer than {LONGEST_TOKEN:,} characters.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _malformed_refusal("token_characters", "The token has blanks or characters that no token has.")
    return token


def recognise(token: str) -> TokenKind:
    """No dots: GitHub, or ours by its prefix. Two dots: ours by issuer, else Dex. Anything else: unrecognised."""
    dots = token.count(".")
    if dots == 0:
        return TokenKind.PERSONAL if token.startswith(PERSONAL_PREFIX) else TokenKind.GITHUB
    if dots != JWT_DOTS:
        return TokenKind.UNRECOGNISED
    issuer = read_unverified(token).get("iss")
    if not isinstance(issuer, str) or not issuer:
        return TokenKind.UNRECOGNISED
    return TokenKind.OAUTH if issuer == settings.PUBLIC_URL else TokenKind.DEX


def read_unverified(token: str, part: int = 1) -> dict[str, Any]:
    """One part of a JWT as it claims to be (0 header, 1 payload); empty where it cannot be read. Prove it elsewhere."""
    try:
        piece = token.split(".")[part]
        read = json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4)))
    except (ValueError, IndexError, binascii.Error, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def unrecognised_refusal(token: str) -> TokenRefused:
    dots = token.count(".")
    if dots == JWT_DOTS:
        return TokenRefused(
            "token_unreadable",
            "The token has two dots like a JWT, but says nothing readable about its issuer.",
            kind=TokenKind.UNRECOGNISED,
            remedy=TABLE,
            dots=dots,
        )
    return TokenRefused(
        "unrecognised_token_shape",
        f"The token has {dots} dot{'' if dots == 1 else 's'}; no kind of token has that.",
        kind=TokenKind.UNRECOGNISED,
        remedy=TABLE,
        dots=dots,
    )


def _malformed_refusal(code: str, sentence: str) -> TokenRefused:
    return TokenRefused(code, sentence, kind=TokenKind.UNRECOGNISED, remedy=EXPECTED)
