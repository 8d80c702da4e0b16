"""Who does not get in, what they read, and what attackers try on the way."""

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.apps import apps
from django.core import signing
from django.core.cache import cache
from django.test import Client

from accounts.models import Person
from accounts.views.pages import PROBLEM_SALT
from operations.models import AuditEntry
from sandbox.github.control import Control
from tenants.engine import write_security_events
from tenants.models import Member
from tests import builders
from tests.settings import PLATFORM, TEST_DIR
from tests.sign_in.browser import CALLBACK, Browser, words_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("valkey")]

FOREIGN_PAGES = [
    "https://evil.example",
    "//evil.example",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "evil.example",
    "http://testserver@evil.example/",
    "/" + "a" * 3000,
]


@pytest.fixture
def browser(github: Control) -> Browser:
    builders.tenant("payments", github_team="acme-payments")
    return Browser()


def test_who_is_not_in_the_organisation_is_told_so(browser: Browser, github: Control) -> None:
    github("expel", login="oscar")

    said = words_of(browser.client, browser.sign_in("oscar"))

    assert "oscar is not a member of acme on GitHub." in said
    assert "Ask an owner of acme for an invitation" in said
    assert not browser.is_signed_in()
    assert not Person.objects.exists()


def test_an_invitation_that_is_not_accepted_admits_nobody(browser: Browser, github: Control) -> None:
    github("invite", login="oscar")

    assert "invitation of oscar to acme on GitHub is not accepted yet" in words_of(
        browser.client, browser.sign_in("oscar")
    )
    assert not browser.is_signed_in()


def test_an_organisation_that_took_the_name_admits_nobody(browser: Browser, github: Control) -> None:
    github("organisation", id=666)

    assert "is not the one that is configured here" in words_of(browser.client, browser.sign_in("dev"))
    assert not browser.is_signed_in()


@pytest.mark.parametrize(
    ("switch", "sentence"),
    [
        ("unapproved", "has not approved this application"),
        ("saml", "wants a SAML single sign-on session first"),
        ("rate_limited", "GitHub's rate limit is used up. It is lifted in"),
    ],
)
def test_what_the_organisation_forbids_is_said(browser: Browser, github: Control, switch: str, sentence: str) -> None:
    github("switch", **{switch: True})

    said = words_of(browser.client, browser.sign_in("dev"))

    assert sentence in said
    assert not browser.is_signed_in()


def test_an_outage_on_the_way_back_is_said_and_changes_no_role(browser: Browser, github: Control) -> None:
    browser.sign_in("dev")
    address = browser.decide(browser.leave(), login="dev")
    github("switch", down=True)

    said = words_of(browser.client, browser.come_back(address))

    assert "GitHub does not answer, so nobody can sign in with it now. Try again in a minute." in said
    assert Member.objects.filter(login="dev", source="github").exists()


def test_a_wrong_secret_of_the_app_is_told_from_a_wrong_code(browser: Browser, settings: Any) -> None:
    app = {**settings.SOCIALACCOUNT_PROVIDERS["github"]["APPS"][0], "secret": "another"}
    github = {**settings.SOCIALACCOUNT_PROVIDERS["github"], "APPS": [app]}
    settings.SOCIALACCOUNT_PROVIDERS = {"github": github}

    said = words_of(browser.client, browser.sign_in("dev"))

    assert "GitHub does not know this installation's OAuth app, or its secret is another one." in said


def test_who_cancels_at_github_is_told_how_to_go_on(browser: Browser) -> None:
    said = words_of(browser.client, browser.come_back(browser.decide(browser.leave(), deny="1")))

    assert "You did not allow MCTL to ask GitHub who you are." in said


def test_a_state_works_once(browser: Browser) -> None:
    address = browser.decide(browser.leave(), login="dev")
    browser.come_back(address)
    browser.client.post("/sign-out/")

    said = words_of(browser.client, browser.come_back(address))

    assert "was not begun in this browser, was finished before" in said
    assert not browser.is_signed_in()


def test_a_state_of_another_browser_signs_nobody_in(browser: Browser) -> None:
    """An attacker who sends a victim his own callback address would sign the victim in as himself."""
    address = browser.decide(browser.leave(), login="oscar")
    victim = Browser()

    assert "was not begun in this browser" in words_of(victim.client, victim.come_back(address))
    assert not victim.is_signed_in()


def test_a_code_works_once_and_only_with_its_verifier(browser: Browser) -> None:
    """A stolen code in a session of the thief's own: the verifier in that session does not match it."""
    stolen = parse_qs(urlsplit(browser.decide(browser.leave(), login="olga")).query)["code"][0]
    thief = Browser()
    own = parse_qs(urlsplit(thief.decide(thief.leave(), login="oscar")).query)["state"][0]

    answer = thief.client.get(f"{CALLBACK}?code={stolen}&state={own}")

    assert "GitHub did not accept the sign-in" in words_of(thief.client, answer)
    assert not thief.is_signed_in()


def test_the_way_to_github_carries_a_challenge_and_little_scope(browser: Browser) -> None:
    asked = parse_qs(urlsplit(browser.leave()).query)

    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["read:org"]
    assert len(asked["state"][0]) >= 16


@pytest.mark.parametrize("wanted", FOREIGN_PAGES)
def test_nobody_is_sent_elsewhere_after_signing_in(browser: Browser, wanted: str) -> None:
    assert browser.sign_in("dev", next_page=wanted)["Location"] == "/"


def test_one_goes_on_to_the_page_one_wanted(browser: Browser) -> None:
    assert browser.sign_in("dev", next_page="/tenants/payments/?q=a%20b")["Location"] == "/tenants/payments/?q=a%20b"


@pytest.mark.parametrize("wanted", FOREIGN_PAGES)
def test_the_page_does_not_repeat_foreign_addresses(client: Client, wanted: str) -> None:
    page = client.get("/sandbox/sign-in/", {"next": wanted}).content.decode()

    assert 'name="next"' not in page


def test_the_button_needs_the_forms_token(github: Control) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post("/sign-in/github/").status_code == 403
    assert strict.get("/sign-in/github/").status_code == 405


def test_words_on_the_sign_in_page_are_ours_or_absent(client: Client) -> None:
    mine = signing.dumps({"code": "x", "sentence": "Call 555-0100", "remedy": ""}, salt="another")
    ours = signing.dumps({"code": "x", "sentence": "<b>Sentence", "remedy": ""}, salt=PROBLEM_SALT)

    assert "555-0100" not in client.get("/sign-in/", {"problem": mine}).content.decode()
    assert "555-0100" not in client.get("/sign-in/", {"problem": "Call 555-0100"}).content.decode()
    assert "&lt;b&gt;Sentence" in client.get("/sign-in/", {"problem": ours}).content.decode()


def test_the_sandboxs_tokens_are_nowhere_afterwards(
    browser: Browser, caplog: pytest.LogCaptureFixture, github: Control
) -> None:
    caplog.set_level(logging.DEBUG)
    browser.sign_in("dev")
    github("switch", unapproved=True)
    browser.sign_in("dev")

    everything = [str(row) for model in apps.get_models() for row in model.objects.values_list()]
    codes = [parse_qs(urlsplit(address).query)["code"][0] for address in browser.sent_back_to]
    secrets = ["gho_", *codes, PLATFORM.github_secret_file.read_text(), github.token_of("app")]
    logs = [caplog.text, *(file.read_text(errors="replace") for file in TEST_DIR.glob("*.log"))]
    session = str(dict(browser.client.session))

    assert len(everything) > 5
    assert len(codes) == 2
    for secret in secrets:
        assert not any(secret in text for text in [*everything, *logs, session])


def test_the_sandboxs_github_knows_no_redirect_to_elsewhere(github: Control) -> None:
    asked = {"client_id": "Iv1.sandbox", "redirect_uri": "https://evil.example/sign-in/github/callback/", "state": "s"}

    answer = requests.get(f"{PLATFORM.github_url}/login/oauth/authorize", params=asked, timeout=10)

    assert answer.status_code == 400


def test_a_failed_sign_in_names_the_login_and_a_good_one_is_kept_too(browser: Browser, github: Control) -> None:
    cache.clear()
    github("expel", login="oscar")
    browser.sign_in("oscar")
    browser.sign_in("dev")
    write_security_events()

    row = AuditEntry.objects.get(verb="sign_in", result="denied")

    assert (row.actor, row.client) == ("oscar", "127.0.0.1")
    assert "not a member of acme" in row.reason
    assert AuditEntry.objects.get(verb="sign_in", result="succeeded").actor == "dev"
