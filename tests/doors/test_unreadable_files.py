"""A values file that cannot be read is said to be so at every door: code, file, line, what to write."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import Person
from integrations.gitops import Gitops
from services.models import Service
from services.queries import known_versions
from tests import builders
from tests.doors.test_rest_reads import script
from tests.mcp_server.clients import Connect

PATH = "platform-gitops/services/payments/payments-api/values.yaml"
ADDRESS = "/tenants/payments/services/payments-api"
UNREADABLE = 'image:\n  repository: ghcr.io/acme/payments-api\n  tag: "1.0.0\n'
DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "payments-api", "image_tag": "3.12.1"}
Outsider = Callable[[str, str | bytes], str]


@pytest.fixture
def broken(repository: Gitops, outsider: Outsider, valkey: None) -> None:
    cache.clear()
    outsider(PATH, UNREADABLE)
    repository.fetch()


def signed_in(login: str = "dev") -> Client:
    client = Client(raise_request_exception=True)
    client.force_login(Person.objects.signed_in(login))
    return client


@pytest.fixture
def house_of_one(db: None) -> None:
    builders.the_cast()
    builders.service("payments-api", values_path=PATH)


@pytest.mark.usefixtures("broken", "house_of_one")
class TestPagesAndRest:
    @pytest.mark.parametrize("tab", ["", "history/", "configuration/", "deploy/", "rollback/", "scale/", "configure/"])
    def test_every_page_of_the_service_opens(self, tab: str) -> None:
        assert signed_in().get(f"{ADDRESS}/{tab}").status_code == 200

    @pytest.mark.parametrize("tab", ["", "history/"])
    def test_the_other_tabs_name_file_and_line_too(self, tab: str) -> None:
        Service.objects.update(values_problem=f"{PATH}, line 3: A quote that opens here is never closed.")
        assert f"{PATH}, line 3: A quote that opens here" in signed_in().get(f"{ADDRESS}/{tab}").content.decode()

    def test_the_configuration_names_file_and_line_and_shows_the_text(self) -> None:
        page = signed_in().get(f"{ADDRESS}/configuration/").content.decode()
        assert f"{PATH}, line 3: A quote that opens here is never closed." in page
        assert "Fix the file in git" in page
        assert "tag: &quot;1.0.0" in page

    def test_a_change_is_refused_on_the_page(self) -> None:
        answer = signed_in().post(f"{ADDRESS}/deploy/", {"image_tag": "3.12.1", "intent": "plan"})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert f"{PATH}, line 3" in page
        assert 'value="3.12.1"' in page

    def test_a_change_is_refused_over_rest_in_the_same_words(self) -> None:
        answer = script().post("/api/v1/operations/deploy-service/plan", DEPLOY, content_type="application/json")
        said = answer.json()
        assert (answer.status_code, said["code"]) == (409, "unreadable_file")
        assert (said["facts"]["path"], said["facts"]["line"]) == (PATH, 3)


@pytest.mark.usefixtures("broken")
async def test_an_agent_is_told_the_same(connect: Connect) -> None:
    async with connect("dev") as client:
        result = await client.call_tool("mctl_deploy_service", {**DEPLOY, "dry_run": True})
    error = result.structured_content["error"]
    assert (error["code"], error["facts"]["path"], error["facts"]["line"]) == ("unreadable_file", PATH, 3)


@pytest.mark.django_db
def test_one_commit_that_is_no_text_hides_no_version(repository: Gitops, outsider: Outsider) -> None:
    service = builders.service("payments-api", values_path=PATH)
    for content in ("1.0.0", "2.0.0", b"\x00\xff\xfe", "3.0.0", "4.0.0"):
        is_text = isinstance(content, str)
        outsider(PATH, f"image: {{repository: r, tag: {content}}}\n" if is_text else content)
    repository.fetch()
    assert known_versions(service)[:3] == ["3.0.0", "2.0.0", "1.0.0"]
