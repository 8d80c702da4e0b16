"""The sandbox's GitHub against what the real one is known to answer."""

import re
from typing import Any

import pytest
import requests

from sandbox.github.control import Control
from tests.settings import PLATFORM

API = f"{PLATFORM.github_url}/api/v3"
OAUTH = f"{PLATFORM.github_url}/login/oauth"
CALLBACK = "http://127.0.0.1/sign-in/github/callback/"
APP = {"client_id": "Iv1.sandbox", "redirect_uri": CALLBACK}


def read(path: str, token: str = "", **headers: str) -> requests.Response:
    sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    return requests.get(f"{API}{path}", headers=sent, timeout=10)


@pytest.mark.parametrize(
    ("token", "message"),
    [("", "Requires authentication"), ("ghp_unknown", "Bad credentials"), ("x", "Bad credentials")],
)
def test_without_a_known_token_nothing_is_told(github: Control, token: str, message: str) -> None:
    answer = read("/user", token)

    assert (answer.status_code, answer.json()["message"]) == (401, message)


def test_the_old_scheme_is_taken_too(github: Control) -> None:
    answer = requests.get(f"{API}/user", headers={"Authorization": f"token {github.token_of('dev')}"}, timeout=10)

    assert (answer.json()["id"], answer.json()["login"]) == (90003, "dev")


def test_an_unchanged_answer_costs_nothing(github: Control) -> None:
    first = read("/user/teams", github.token_of("dev"))
    second = read("/user/teams", github.token_of("dev"), **{"If-None-Match": first.headers["ETag"]})
    github("leave", login="dev", team="acme-payments")
    third = read("/user/teams", github.token_of("dev"), **{"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, second.status_code, third.status_code) == (200, 304, 200)
    assert second.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"]


def test_pages_name_their_neighbours(github: Control) -> None:
    first = read("/orgs/acme/teams?per_page=3", github.token_of("app"))
    last = read("/orgs/acme/teams?per_page=3&page=3", github.token_of("app"))

    assert [team["slug"] for team in first.json()] == ["acme-labs", "acme-labs-owners", "acme-payments"]
    assert set(first.links) == {"next", "last"}
    assert first.links["next"]["url"].startswith(f"{API}/orgs/acme/teams?")
    assert set(last.links) == {"first", "prev"}


def test_outsiders_see_nothing_of_the_organisation(github: Control) -> None:
    github("expel", login="oscar")

    for path in ("/orgs/acme/members", "/orgs/acme/teams", "/orgs/acme/memberships/dev", "/user/memberships/orgs/acme"):
        assert read(path, github.token_of("oscar")).status_code == 404


def test_a_token_without_the_scope_reads_no_teams(github: Control) -> None:
    weak = github("token", login="dev", scopes=["user:email"])["token"]

    assert read("/user", weak).status_code == 200
    assert read("/user/teams", weak).status_code == 403


def test_the_organisations_token_is_nobody(github: Control) -> None:
    assert read("/user", github.token_of("app")).json()["message"] == "Resource not accessible by integration"


def test_a_used_up_limit_names_its_end(github: Control) -> None:
    github("switch", rate_limited=True)

    answer = read("/user", github.token_of("dev"))

    assert answer.status_code == 403
    assert answer.json()["message"] == "API rate limit exceeded for user ID 90003."
    assert answer.headers["X-RateLimit-Remaining"] == "0"


def code_for(login: str, **more: str) -> str:
    answer = requests.post(
        f"{OAUTH}/authorize", data={**APP, "login": login, **more}, timeout=10, allow_redirects=False
    )
    found = re.search(r"code=(\w+)", answer.headers["Location"])
    assert found, answer.headers["Location"]
    return found.group(1)


def exchange(code: str, **more: str) -> dict[str, Any]:
    secret = PLATFORM.github_secret_file.read_text()
    form = {"client_id": "Iv1.sandbox", "client_secret": secret, "code": code, "redirect_uri": CALLBACK, **more}
    headers = {"Accept": "application/json"}
    answer = requests.post(f"{OAUTH}/access_token", data=form, headers=headers, timeout=10)
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_code_becomes_a_token_once(github: Control) -> None:
    code = code_for("dev", scope="read:org")

    token = exchange(code)["access_token"]

    assert read("/user", token).json()["login"] == "dev"
    assert exchange(code)["error"] == "bad_verification_code"


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_secret": "guess"}, "incorrect_client_credentials"),
        ({"redirect_uri": "http://127.0.0.1/elsewhere/"}, "redirect_uri_mismatch"),
        ({"code_verifier": "wrong"}, "bad_verification_code"),
    ],
)
def test_a_wrong_exchange_is_refused(github: Control, wrong: dict[str, str], error: str) -> None:
    code = code_for("dev", code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", code_challenge_method="S256")
    verifier = {"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}

    assert exchange(code, **{**verifier, **wrong})["error"] == error


def test_the_switches_need_their_token(github: Control) -> None:
    answer = requests.post(f"{PLATFORM.github_url}/sandbox/expel", json={"login": "dev"}, timeout=10)

    assert answer.status_code == 401
    assert read("/user/memberships/orgs/acme", github.token_of("dev")).json()["state"] == "active"
