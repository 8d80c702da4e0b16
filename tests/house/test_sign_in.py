"""Signing in with GitHub in the running house: uvicorn here, the sandbox's GitHub there, nothing in between."""

import re
from html import unescape
from urllib.parse import urlsplit

import requests

from tests.house.visitor import Visitor, readable
from tests.settings import PLATFORM


def sign_in_with_github(visitor: Visitor, login: str, wanted: str) -> str:
    """Returns where one ends up, as a path."""
    visitor.get("/sandbox/sign-in/")
    left = visitor.post("/sign-in/github/", next=wanted)
    page = requests.get(left.headers["Location"], timeout=10)
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text.split("<button", 1)[0]))
    form = {**{name: unescape(value) for name, value in fields.items()}, "login": login}
    decided = requests.post(
        f"{PLATFORM.github_url}/login/oauth/authorize", data=form, timeout=10, allow_redirects=False
    )
    back = urlsplit(decided.headers["Location"])
    answer = visitor.http.get(f"{visitor.address}{back.path}?{back.query}", timeout=20, allow_redirects=False)
    assert answer.status_code == 302, readable(answer.text)
    return str(answer.headers["Location"])


def test_a_member_signs_in_and_reads_what_the_teams_give(dev_visits: Visitor) -> None:
    visitor = Visitor(dev_visits.address)

    assert sign_in_with_github(visitor, "dev", "/account/") == "/account/"

    said = readable(visitor.get("/account/").text)
    assert "Signed in as dev." in said
    assert "GitHub team acme-payments developer" in said


def test_the_round_lists_people_who_never_signed_in(dev_visits: Visitor) -> None:
    dev_visits.wait_for(
        "/tenants/payments/members/",
        lambda page: "GitHub team acme-payments-viewers viewer" in readable(page),
        "the round has read the teams",
    )


def test_the_page_may_lead_to_github_and_nowhere_else(dev_visits: Visitor) -> None:
    policy = dev_visits.get("/sandbox/sign-in/").headers["Content-Security-Policy"]

    assert f"form-action 'self' {PLATFORM.github_url};" in f"{policy};"
