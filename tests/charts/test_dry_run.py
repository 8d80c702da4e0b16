"""What the charts render, an API server takes: the world's files, and files by chance that the schemas let through."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations import helm
from integrations.errors import Refused
from integrations.helm import RenderJob, render_many
from tests.charts.dry_run import Server
from tests.charts.odd_values import RELEASE, SERVICE, TENANT, file_of
from tests.processes import ROOT
from tests.real_cluster import needs_assets

pytestmark = pytest.mark.skipif(not helm.has_engine(), reason="needs helm or helm-python-sdk")

CHARTS = ROOT / "deploy" / "gitops" / "helm-charts"
WORLD = ROOT / "sandbox" / "world"
CRDS = ROOT / "sandbox" / "kubeapi" / "crds"
SECURITY_KEYS = ("podSecurityContext", "containerSecurityContext")


def service_job(seed: int) -> RenderJob:
    return RenderJob(CHARTS / "base-service", file_of(RELEASE, seed), "labs", (json.dumps(file_of(SERVICE, seed)),))


def tenant_job(seed: int) -> RenderJob:
    return RenderJob(CHARTS / "tenant", "tenant-labs", "labs", (json.dumps(file_of(TENANT, seed)),))


def world_job(file: Path) -> RenderJob:
    kind, *names = file.relative_to(WORLD).parts[:-1]
    chart, release = ("tenant", f"tenant-{names[0]}") if kind == "tenants" else ("base-service", "-".join(names))
    return RenderJob(CHARTS / chart, release, names[0], (file.read_text(),))


def refusals(server: Server, jobs: list[RenderJob], *, at_least: int) -> list[str]:
    """What the server refuses of what renders, each with the file. `at_least` so many files render."""
    refused, rendered = [], 0
    for job, objects in zip(jobs, render_many(jobs), strict=True):
        if isinstance(objects, Refused):
            continue
        rendered += 1
        refused += [f"{answer.refusal} of {job.values[0]}" for answer in server.answers(objects) if answer.refusal]
    assert rendered >= at_least
    return refused


@pytest.fixture(scope="module")
def emulator(kubernetes: Path) -> Iterator[Server]:
    server = Server(kubernetes)
    yield server
    server.close()


@pytest.fixture(scope="module")
def real_server(real_kubeconfig: Path) -> Iterator[Server]:
    """With the definitions of the embedded platform, which a real one has from its operators."""
    import yaml

    server = Server(real_kubeconfig)
    for file in CRDS.glob("*.yaml"):
        for definition in yaml.safe_load_all(file.read_text()):
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            assert server.apply(f"{path}/{definition['metadata']['name']}", definition).status < 300
    yield server
    server.close()


MAKERS = pytest.mark.parametrize("make", [service_job, tenant_job])


@MAKERS
def test_the_emulator_takes_what_the_charts_render(emulator: Server, make: Callable[[int], RenderJob]) -> None:
    assert refusals(emulator, [make(seed) for seed in range(60)], at_least=20) == []


def test_the_emulator_takes_every_file_of_the_world(emulator: Server) -> None:
    jobs = [world_job(file) for file in sorted(WORLD.glob("*/**/values.yaml"))]
    assert refusals(emulator, jobs, at_least=len(jobs)) == []


@pytest.mark.real_cluster
@needs_assets
@MAKERS
def test_a_real_server_takes_what_the_charts_render(real_server: Server, make: Callable[[int], RenderJob]) -> None:
    assert refusals(real_server, [make(seed) for seed in range(300)], at_least=100) == []


@pytest.mark.real_cluster
@needs_assets
def test_a_real_server_takes_every_file_of_the_world_without_a_warning(real_server: Server) -> None:
    jobs = [world_job(file) for file in sorted(WORLD.glob("*/**/values.yaml"))]
    answers = [answer for objects in render_many(jobs) for answer in server_answers(real_server, objects)]
    assert {answer.refusal + answer.warning for answer in answers} == {""}


@pytest.mark.real_cluster
@needs_assets
def test_a_real_server_finds_pods_restricted_that_ask_for_nothing_else(real_server: Server) -> None:
    values = [file_of(SERVICE, seed) for seed in range(0, 300, 3)]
    files = [json.dumps(plain(value)) for value in values]
    jobs = [RenderJob(CHARTS / "base-service", "labs-echo", "labs", (text,)) for text in files]
    answers = [answer for objects in render_many(jobs) for answer in server_answers(real_server, objects)]
    assert len(answers) > 100
    assert [answer.warning for answer in answers if "PodSecurity" in answer.warning] == []


def server_answers(server: Server, objects: Any) -> list[Any]:
    return [] if isinstance(objects, Refused) else server.answers(objects)


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """The same without what asks for other security contexts."""
    kept = {key: value for key, value in values.items() if key not in SECURITY_KEYS}
    for group in ("initContainers", "extraContainers"):
        for container in kept.get(group, []):
            container.pop("securityContext", None)
    return kept
