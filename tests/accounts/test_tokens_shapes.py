"""Which kind a token is, told by its shape only, and what is said about a header that has none."""

import base64
import json

import pytest
from django.conf import settings

from accounts.choices import TokenKind
from accounts.errors import TokenMissing, TokenRefused
from accounts.queries import recognise, verify
from accounts.queries.token_shapes import bearer_of
from core.actor import Door


def jwt_of(issuer: object) -> str:
    parts = ({"alg": "none"}, {"iss": issuer})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + ".x"


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("ghp_abc123", TokenKind.GITHUB),
        ("github_pat_11AAAAAAA_bbbb", TokenKind.GITHUB),
        ("gho_abc", TokenKind.GITHUB),
        ("mctl_pat_abc-DEF_123", TokenKind.PERSONAL),
        ("one.dot", TokenKind.UNRECOGNISED),
        ("three.dots.are.wrong", TokenKind.UNRECOGNISED),
        ("ghp_abc.with.dots", TokenKind.UNRECOGNISED),
        ("..", TokenKind.UNRECOGNISED),
        (jwt_of("https://dex.example.dev"), TokenKind.DEX),
        (jwt_of(None), TokenKind.UNRECOGNISED),
        (jwt_of(["https://dex.example.dev"]), TokenKind.UNRECOGNISED),
    ],
)
def test_a_token_is_recognised_by_its_dots_and_issuer(token: str, kind: TokenKind) -> None:
    assert recognise(token) is kind


def test_our_own_issuer_is_recognised_exactly() -> None:
    assert recognise(jwt_of(settings.PUBLIC_URL)) is TokenKind.OAUTH
    assert recognise(jwt_of(f"{settings.PUBLIC_URL}/")) is TokenKind.DEX


@pytest.mark.parametrize("header", [None, "", "   "])
def test_no_token_is_told_apart_from_a_bad_one(header: str | None) -> None:
    with pytest.raises(TokenMissing) as refused:
        bearer_of(header)
    assert "Authorization: Bearer" in refused.value.remedy


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("Basic b2xnYTpwdw==", "token_scheme"),
        ("ghp_abc123", "token_scheme"),
        ("Bearer", "token_empty"),
        ("Bearer   ", "token_empty"),
        ('Bearer "ghp_abc123"', "token_quoted"),
        ("Bearer 'ghp_abc123'", "token_quoted"),
        ("Bearer <YOUR_TOKEN>", "token_quoted"),
        ("Bearer ${MCTL_TOKEN}", "token_quoted"),
        ("Bearer ghp abc", "token_characters"),
        ("Bearer ghp_\x00abc", "token_characters"),
        ("Bearer ghp_äbc", "token_characters"),
        ("Bearer " + "a" * 9_000, "token_too_long"),
        ("Bearer one.dot", "unrecognised_token_shape"),
        ("Bearer a.b.c.d", "unrecognised_token_shape"),
        ("Bearer a.b.c", "token_unreadable"),
        ("Bearer " + "." * 8_000, "unrecognised_token_shape"),
    ],
)
def test_what_is_wrong_with_a_header_is_said_with_a_code_and_a_remedy(header: str, code: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        verify(bearer_of(header), Door.REST)
    assert refused.value.problem_code == code
    assert refused.value.remedy
    assert refused.value.facts["recognised"] == "unrecognised"
    assert "abc123" not in str(refused.value.as_dict())


def test_the_scheme_is_not_case_sensitive_and_blanks_around_the_token_do_not_matter() -> None:
    assert bearer_of("bearer  ghp_abc123 ") == "ghp_abc123"
