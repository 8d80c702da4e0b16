"""A file from git may hold anything. Every reader of it answers, or refuses in words with file and line."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from core.errors import Problem
from core.parse import parse_parameters
from integrations.gitops import FileText, Revision, UnreadableFile, World, edit_yaml, editable_values
from integrations.gitops.reading import Spec
from integrations.gitops.specs import service_spec, tenant_spec
from integrations.yaml.events import DEEPEST, UnreadableYaml, events_of
from observer.git_reader import notice_of, slim_world
from services.queries.configuration import config_facts, settings_of
from services.runners.changes import edits_for
from services.runners.parameters import DeployServiceParameters, RollbackServiceParameters, ScaleServiceParameters
from tests.integrations.gitops.odd_files import hostile

PATH = "platform-gitops/services/payments/checkout-web/values.yaml"
SERVICE = {"team_name": "payments", "component_name": "checkout-web"}
CONFIGURED = {"port": 8081, "host": "auto", "health_check_path": "/up", "startup_time_s": 60, "memory_limit": "1Gi"}
ENVIRONMENT = {"env_vars": {"A": "1", "B": "2.0"}, "unset_env": ["b"]}
SCALED = {"autoscaling_enabled": True, "min_replicas": 2, "max_replicas": 4}
REQUESTS = (
    parse_parameters(DeployServiceParameters, {**SERVICE, "action": "deploy", "image_tag": "9.9.9"}),
    parse_parameters(DeployServiceParameters, {**SERVICE, "action": "update-config", **CONFIGURED, **ENVIRONMENT}),
    parse_parameters(ScaleServiceParameters, {**SERVICE, **SCALED}),
    parse_parameters(RollbackServiceParameters, {**SERVICE, "target_tag": "1.0.0"}),
)
LONG = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
SHORT = settings(LONG, max_examples=300)


def specs_of(text: str) -> Iterator[Spec]:
    for read in (lambda: service_spec("payments", "checkout-web", PATH, "b1", text),
                 lambda: tenant_spec("payments", PATH, "b1", text)):  # fmt: skip
        try:
            yield read()
        except UnreadableYaml as problem:
            yield UnreadableFile(PATH, "payments", "checkout-web", str(problem), problem.line, "b1")


def consume(text: str) -> None:
    """Reads the text in every way the product does. Raises for nothing but a fault of ours."""
    found = list(specs_of(text))
    kinds = {kind: tuple(spec for spec in found if type(spec).__name__ == kind) for kind in
             ("TenantSpec", "ServiceSpec", "UnreadableFile")}  # fmt: skip
    world = World(Revision("r1", datetime.now(UTC)), *kinds.values())  # type: ignore[arg-type]
    rows = slim_world(world, {})
    orjson.dumps([row.columns() for row in rows.services.values()])
    orjson.dumps([row.columns() for row in rows.tenants.values()])
    assert all(file.sentence for file in world.unreadable)
    notice_of(world.unreadable)
    with suppress(Problem):
        values = FileText(PATH, text, "b1", "r1").values
        orjson.dumps([config_facts(values), settings_of(values)])
    for request in REQUESTS:
        with suppress(Problem):
            edit_yaml(text, edits_for(request, editable_values(PATH, text)))


def events_drawn(text: str) -> int:
    count = 0
    with suppress(UnreadableYaml):
        for _ in events_of(text):
            count += 1
    return count


@SHORT
@given(text=hostile())
def test_no_file_from_git_stops_a_reader(text: str) -> None:
    consume(text)


@pytest.mark.faults
@LONG
@given(text=hostile())
def test_none_of_many_files_from_git_stops_a_reader(text: str) -> None:
    consume(text)


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "- - [", "&x [", "!!seq ["])
def test_nesting_ends_the_reading_at_its_limit_however_deep_it_goes(opening: str) -> None:
    drawn = {count: events_drawn(opening * count) for count in (1_000, 30_000)}
    assert drawn[1_000] == drawn[30_000] <= 3 * DEEPEST


@pytest.mark.parametrize("levels", [8, 16, 40])
def test_aliases_of_aliases_are_refused_by_their_size_when_spread_out(levels: int) -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]" for level in range(1, levels)]
    with pytest.raises(UnreadableYaml, match="spread out") as refusal:
        service_spec("payments", "checkout-web", PATH, "b1", "\n".join(lines))
    assert refusal.value.line == 6
