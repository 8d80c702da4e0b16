"""What a plan refuses, and what it warns of before anybody confirms."""

from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import ConnectionError as RedisConnectionError

from core.actor import Actor
from core.errors import Invalid
from core.parse import parse_parameters
from integrations.gitops import Gitops
from operations import actions
from services.runners.checks import looks_secret
from services.runners.parameters import DeployServiceParameters
from tests import builders

CONFIGURE = {"action": "update-config", "team_name": "payments", "component_name": "checkout-web"}
QUOTA = {"limits.memory": "8Gi", "pods": "20"}


def plan(actor: Actor, operation: str = "deploy-service", **changes: Any) -> dict[str, Any]:
    return actions.plan(actor, operation, {**CONFIGURE, **changes})


def refusal(actor: Actor, **changes: Any) -> Invalid:
    with pytest.raises(Invalid) as refused:
        plan(actor, **changes)
    return refused.value


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"memory_limit": 512}, "memory_limit", "512 without a unit means 512 bytes. Give the unit, such as 512Mi."),
        ({"memory_request": "512"}, "memory_request", "512 without a unit means 512 bytes."),
        ({"memory_limit": "100m"}, "memory_limit", "Give an amount above zero with its unit"),
        ({"cpu_limit": "512Mi"}, "cpu_limit", "Give cores, such as 0.5"),
        ({"memory_request": "1Gi", "memory_limit": "512Mi"}, "memory_limit", "512Mi is below the request of 1Gi."),
        ({"cpu_request": "1", "cpu_limit": "500m"}, "cpu_limit", "500m is below the request of 1."),
    ],
)
def test_impossible_sizes_are_refused_by_name(changes: dict[str, Any], field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_parameters(DeployServiceParameters, {**CONFIGURE, **changes})
    entry = refused.value.fields[0]
    assert entry["field"] == field
    assert said in entry["sentence"]
    assert entry["example"]


def test_cores_may_be_given_as_a_number() -> None:
    assert parse_parameters(DeployServiceParameters, {**CONFIGURE, "cpu_limit": 2}).cpu_limit == "2"


def test_an_empty_form_is_told_every_field_it_lacks() -> None:
    with pytest.raises(Invalid) as refused:
        parse_parameters(DeployServiceParameters, {"action": "onboard", "team_name": "payments"})
    assert [entry["field"] for entry in refused.value.fields] == ["component_name", "image_repository", "image_tag"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DB_PASSWORD", "x", True),
        ("API_KEY", "x", True),
        ("SESSION_SECRET", "x", True),
        ("GITHUB_TOKEN", "x", True),
        ("DATABASE_URL", "postgres://api:hunter2@db/api", True),
        ("TOKEN_TTL_S", "60", False),
        ("PUBLIC_KEY", "x", False),
        ("KEYBOARD", "x", False),
        ("LOG_LEVEL", "info", False),
    ],
)
def test_a_variable_that_looks_like_a_secret_is_known_by_its_name_or_value(
    name: str, value: str, expected: bool
) -> None:
    assert looks_secret(name, value) is expected


@pytest.mark.django_db
class TestAgainstTheRepository:
    """Rules that need to know what git holds already."""

    @pytest.fixture(autouse=True)
    def world(self, repository: Gitops) -> None:
        builders.tenant("payments", {"dev": "developer"}, quota_hard=QUOTA, quota_used={"limits.memory": "7.5Gi"})

    def test_a_limit_below_the_request_in_the_file_is_refused(self, dev: Actor) -> None:
        refused = refusal(dev, memory_limit="16Mi")
        assert refused.fields[0]["field"] == "memory_limit"
        assert "below the request of" in refused.sentence

    def test_a_quota_without_room_is_said_first_with_what_will_happen(self, dev: Actor) -> None:
        planned = plan(dev, memory_limit="6Gi", env_vars={"API_TOKEN": "x"})
        said = planned["warnings"][0]
        assert said.startswith("The quota of payments has no room for this: limits.memory ")
        assert "the pods that run keep running, and the operation fails" in said
        assert [row["fits"] for row in planned["quota"] if row["resource"] == "limits.memory"] == [False]

    def test_a_secret_in_plain_is_warned_of_with_where_it_belongs(self, dev: Actor) -> None:
        warned = plan(dev, env_vars={"API_TOKEN": "x", "LOG_LEVEL": "info"})["warnings"]
        assert len(warned) == 1
        assert warned[0].startswith("API_TOKEN looks like a secret: in git the plain value stays readable")
        assert "Secrets belong in Vault" in warned[0]
        assert "secret_env_vars" not in warned[0]

    def test_time_to_start_becomes_a_startup_probe_on_the_path_of_the_liveness_probe(self, dev: Actor) -> None:
        planned = plan(dev, component_name="webhook-relay", startup_time_s=300)
        added = [line[1:].strip() for line in planned["diff"].splitlines() if line.startswith("+")]
        assert added[1:] == ["startup:", "path: /healthz", "periodSeconds: 10", "failureThreshold: 30"]
        assert "startupProbe:" in next(one["diff"] for one in planned["objects"] if one["kind"] == "Deployment")


@pytest.mark.django_db
def test_a_cache_that_takes_nothing_does_not_stand_in_the_way_of_a_plan(
    repository: Gitops, dev: Actor, valkey: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can be read, and is gone when the rendering is to be kept."""
    builders.the_cast()
    server = cache._connections[cache._alias]._cache
    reachable = server.get_client

    def only_to_read(key: Any = None, *, write: bool = False) -> Any:
        if write:
            raise RedisConnectionError("gone")
        return reachable(key, write=write)

    monkeypatch.setattr(server, "get_client", only_to_read)
    assert plan(dev, replicas=3)["changed"]


def test_secret_variables_are_described_as_what_they_are_now() -> None:
    described = DeployServiceParameters.model_fields["secret_env_vars"].description
    assert str(described).startswith("refused for now")
