"""Without an organisation GitHub's word proves nothing here, and an admin's login alone makes nobody platform admin."""

import io
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from accounts.actions.admission import admit
from accounts.errors import NotAMember
from accounts.models import Person
from core.actor import Door
from core.start import start_warnings
from tenants.queries import actor_for
from tests import builders
from tests.accounts.servers import Dex, GitHub
from tests.doors.bearer import ask
from tests.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "no organisation is set whose members may come in"
TOKEN = {"Authorization": "Bearer ghp_abc"}


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def no_organisation(settings: Settings) -> Settings:
    settings.GITHUB_ORG = ""
    return settings


def test_no_github_token_is_taken_at_any_door_nor_shown_to_github(
    token_github: GitHub, no_organisation: Settings
) -> None:
    token_github.tokens["ghp_abc"] = {"login": "ada", "id": 9}

    rest, mcp = Client().get("/api/v1/whoami", headers=TOKEN), ask(authorization="Bearer ghp_abc")

    assert (rest.status_code, mcp.status) == (401, 401)
    for said in (rest.json(), mcp.json()):
        assert said["code"] == "github_not_taken"
        assert SAID in said["sentence"]
        assert "MCTL_GITHUB_ORG" in said["remedy"]
    assert token_github.seen == []


def test_no_github_sign_in_is_offered_or_taken(token_github: GitHub, no_organisation: Settings) -> None:
    page = Client().get("/sign-in/").content.decode()

    assert "Sign in with GitHub" not in page
    assert SAID in page
    assert Client().post("/sign-in/github/").status_code == 404
    assert Client().get("/sign-in/github/callback/").status_code == 404
    with pytest.raises(NotAMember, match=SAID):
        admit("ghp_abc")
    assert token_github.seen == []


def test_the_connecting_page_says_so(no_organisation: Settings) -> None:
    client = Client()
    client.force_login(Person.objects.signed_in("olga"))

    assert SAID in client.get("/connecting/").content.decode()


def test_the_check_and_the_list_of_settings_say_so(no_organisation: Settings) -> None:
    out = io.StringIO()
    call_command("env", stdout=out)

    assert [one.id for one in start_warnings()] == ["accounts.W001"]
    assert f"Warning: {start_warnings()[0].msg}" in out.getvalue()


def test_with_an_organisation_there_is_nothing_to_say() -> None:
    assert start_warnings() == []


def test_the_log_of_the_web_process_says_so_at_its_start() -> None:
    code = "import os; os.environ['MCTL_GITHUB_CLIENT_ID'] = os.environ['MCTL_GITHUB_ORG'] = ''; import mctl.asgi"
    web = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert SAID in web.stdout + web.stderr


# --- Platform admins


@pytest.fixture
def outside_the_sandbox(settings: Settings) -> Settings:
    """People of the sandbox are on no GitHub, so there the rule is off."""
    settings.ADMINS_ARE_MEMBERS = True
    return settings


def is_admin(token: str) -> bool:
    return bool(Client().get("/api/v1/whoami", headers={"Authorization": f"Bearer {token}"}).json()["isAdmin"])


def test_an_admin_s_login_in_a_token_of_dex_is_no_admin(dex: Dex, outside_the_sandbox: Settings) -> None:
    assert not is_admin(dex.token(preferred_username="ada"))


def test_an_admin_is_one_as_a_member_who_has_signed_in_with_github(dex: Dex, outside_the_sandbox: Settings) -> None:
    Person.objects.create(login="ada", github_id=9)

    assert is_admin(dex.token(preferred_username="ada"))


@pytest.mark.parametrize("gone", ["organisation", "member"])
def test_an_admin_is_none_without_the_organisation(outside_the_sandbox: Settings, gone: str) -> None:
    Person.objects.create(login="ada", github_id=9, is_active=gone != "member")
    outside_the_sandbox.GITHUB_ORG = "" if gone == "organisation" else "acme"

    assert not actor_for("ada", door=Door.WEB).is_admin
