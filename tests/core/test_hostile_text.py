"""Text from outside costs its readers no more than its length, and none of them falls over it."""

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings

from core.credentials import holds_credential, mask_credentials, mask_for_bundle, mask_private_keys
from core.patterns import LONGEST_SCANNED, Pattern
from core.quantity import amount
from core.templatetags.lines import diff_lines, log_lines
from core.templatetags.ui import breakable
from core.text import visible
from integrations.errors import foreign_text
from integrations.gitops.messages import trailers_of
from integrations.helm.rendering import CHARTS_OWN_WORDS, TEMPLATE_LINE
from mcp_server.configuration import COMMENT, VARIABLE
from operations.engine.audit import redacted
from tests.hostile import Scan, as_cases, superlinear, texts


def quantity_or_refusal(text: str) -> object:
    try:
        return amount(text)
    except ValueError:
        return None


SCANNERS: dict[str, Scan] = {
    "credentials": mask_credentials,
    "private keys": mask_private_keys,
    "credentials of a bundle": lambda text: mask_for_bundle(text, "(hidden)"),
    "a value that looks secret": holds_credential,
    "what a system said": foreign_text,
    "the audit": lambda text: redacted({"note": text, text: [text]}),
    "control characters": visible,
    "a log on a page": log_lines,
    "a diff on a page": lambda text: diff_lines(f"-{text}\n+{text}x"),
    "a path on a page": breakable,
    "a commit's message": lambda text: trailers_of(f"a\n\n{text}"),
    "a chart's refusal": lambda text: (TEMPLATE_LINE.search(text), CHARTS_OWN_WORDS.search(text)),
    "a client's configuration": lambda text: (COMMENT.sub("", text), VARIABLE.fullmatch(text)),
    "a quantity": quantity_or_refusal,
}


@pytest.mark.parametrize("scan", as_cases(SCANNERS))
def test_twice_the_text_is_twice_the_work(scan: Scan) -> None:
    assert superlinear(scan) == {}


@settings(max_examples=300, deadline=None)
@given(texts())
@example("secret" * 400)
@example("\ud800")
@example("9" * 5_000)
def test_no_reader_falls_over_a_text(text: str) -> None:
    for scan in SCANNERS.values():
        scan(text)


@pytest.mark.faults
@settings(max_examples=3_000, deadline=None)
@given(texts())
def test_no_reader_is_slow_on_a_repeated_text(text: str) -> None:
    if text:
        assert {name: slow for name, scan in SCANNERS.items() if (slow := superlinear(scan, (text,)))} == {}


@settings(max_examples=100, deadline=None)
@given(texts())
def test_what_is_shown_hides_no_control_character(text: str) -> None:
    assert visible(text, stays="").isprintable()


@pytest.mark.parametrize("mask", [mask_credentials, lambda text: mask_for_bundle(text, "***")])
def test_a_masked_text_holds_nothing_that_was_not_scanned(mask: Callable[[str], str]) -> None:
    assert "hunter2" not in mask("x" * LONGEST_SCANNED + " password=hunter2")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgres://app:hunter2@db:5432/app", "postgres://app:***@db:5432/app"),
        ("redis://:hunter2@cache", "redis://:***@cache"),
        ("DB_PASSWORD=hunter2 next", "DB_PASSWORD=*** next"),
        ('{"token": "hunter22"}', '{"token": "***"}'),
        ("Authorization: Bearer abcdefghijk", "Authorization: Bearer ***"),
        ("git said glpat-abcdef", "git said glpat-***"),
        ("SecretStore: could not be read", "SecretStore: could not be read"),
        ('secret "db-creds" not found', 'secret "db-creds" not found'),
        ("no basic auth credentials", "no basic auth credentials"),
        ("password=hun,ter22xyz, host=db", "password=***, host=db"),
        ("password=p&ssw0rd99", "password=***"),
        ('password="my secret pass" user="app"', 'password="***" user="app"'),
        ("password='hun ter22' user=app", "password='***' user=app"),
        ('password="my secret pa', 'password="***'),
        (r'{"password": "ab\"cdefgh", "b": 1}', '{"password": "***", "b": 1}'),
        (r'"{\"api_key\":\"hunter 22\",\"b\":1}"', r'"{\"api_key\":\"***\",\"b\":1}"'),
        ("Authorization: Basic dXNlcjpodW50ZXIyMg", "Authorization: Basic ***"),
        ("map[Authorization:[Basic dXNlcjpodW50ZXIyMg]]", "map[Authorization:[Basic ***]]"),
        ("sent Basic dXNlcjpodW50ZXIyMg==", "sent Basic ***="),
        ("DB_PASS=hunter22 next", "DB_PASS=*** next"),
        ("user=app pass=hunter22", "user=app pass=***"),
        ("PASSWORD => hunter22", "PASSWORD => ***"),
        ("token := hunter22", "token := ***"),
        ("postgres://u:hun ter22@h/app", "postgres://u:***@h/app"),
        ("basic authentication is switched off", "basic authentication is switched off"),
        ("first pass: completed", "first pass: completed"),
        ("pass the token or the secret", "pass the token or the secret"),
        ('give "--password=" or the variable "PGPASSWORD="', 'give "--password=" or the variable "PGPASSWORD="'),
        ('password="" user="app"', 'password="" user="app"'),
        ("http://svc:8080 failed, write to ops@example.dev", "http://svc:8080 failed, write to ops@example.dev"),
        ("http://svc:8080 ops@example.dev", "http://svc:8080 ops@example.dev"),
    ],
)
def test_a_credential_is_known_by_its_shape_and_keeps_its_name(said: str, shown: str) -> None:
    assert mask_credentials(said) == shown
    assert mask_credentials(shown) == shown


BEGIN, END, BODY = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----", "MIIEow" + "aB3+/" * 11
AT = "2026-11-22T08:00:00Z"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"up\n{BEGIN}\n{BODY}\nc2h=\n{END}\nready", f"up\n{BEGIN}***\n***\n***\n***\nready"),
        (f"{AT} {BEGIN}\r\n{AT} {BODY}\n{AT} {END}\n", f"{AT} {BEGIN}***\r\n{AT} ***\n{AT} ***\n"),
        (f"{BEGIN}\n{BODY}\n{BODY}", f"{BEGIN}***\n***\n***"),
        (f"{BODY}\nc2h=\n{END}\nready", "***\n***\n***\nready"),
        (f"no {BEGIN} in key.pem\nexit 1", f"no {BEGIN} in key.pem\nexit 1"),
        ("password:\nready", "password:\nready"),
        # A search for the end from each beginning would take minutes.
        (f"{BEGIN}\n{BODY}\n" * 6000, f"{BEGIN}***\n***\n" * 6000),
        (f"{BEGIN}\n{BODY}\n{END}\n{BODY}\nup\n", f"{BEGIN}***\n***\n***\n{BODY}\nup\n"),
    ],
    ids=[
        "whole",
        "with times",
        "without end",
        "without beginning",
        "named",
        "no key",
        "many beginnings",
        "behind a key",
    ],
)
def test_a_key_of_several_lines_is_masked_line_by_line(said: str, shown: str) -> None:
    assert mask_private_keys(said) == shown


def test_half_of_a_surrogate_pair_is_scanned_around() -> None:
    assert mask_credentials("\ud800 password=hunter2") == "\ufffd password=***"


@pytest.mark.parametrize("expression", [r"(?=a)", r"(?<!a)b", r"(a)\1", r"(?>a)"])
def test_a_pattern_that_needs_more_than_linear_time_is_refused(expression: str) -> None:
    with pytest.raises(Exception, match="invalid"):
        Pattern(expression)
