"""The diagnosis of the running platform: services broken from the start, and clusters that do not answer."""

import pytest
from django.core.management import CommandError, call_command

from core.errors import Unavailable
from diagnosis.queries import diagnose_live, diagnose_service
from diagnosis.rules import Diagnosis, Target
from tests.processes import Processes, wait_until


def found_within(service: str, cause: str, *, within_s: float = 60) -> Diagnosis:
    seen: list[Diagnosis] = []

    def is_there() -> bool:
        seen[:] = [diagnose_live(Target("Deployment", "payments", service))]
        return bool(seen[0].findings) and seen[0].findings[0].cause == cause

    wait_until(is_there, f"{service} is diagnosed as {cause}", within_s)
    return seen[0]


def test_a_service_killed_for_memory_is_told_with_its_limit(platform: Processes):
    found = found_within("ledger-api", "oom-killed")

    assert "memory limit of" in found.findings[0].title
    assert not found.healthy
    assert all(source.age_s < 10 for source in found.sources)


def test_a_mistyped_tag_is_told_with_the_image(platform: Processes):
    found = found_within("webhook-relay", "image-tag-not-found")

    assert "webhook-relay:1.9.O" in found.findings[0].title


def test_a_service_on_zero_is_no_alarm(platform: Processes):
    found = found_within("migration-2025", "scaled-to-zero")

    assert found.healthy


def test_a_well_service_has_no_findings_and_asks_for_no_logs(platform: Processes):
    seen: list[Diagnosis] = []

    def is_settled() -> bool:
        seen[:] = [diagnose_live(Target("Deployment", "payments", "payments-api"))]
        return seen[0].healthy and not seen[0].findings

    wait_until(is_settled, "payments-api is well and its rollout over")

    assert not [source for source in seen[0].sources if source.name.startswith("log of")]


def test_secret_values_do_not_enter_the_answer(platform: Processes):
    found = diagnose_live(Target("Deployment", "payments", "ledger-api"), thorough=True)

    assert '"data"' not in str(found.as_dict())


def test_a_cluster_that_does_not_answer_is_said_and_nothing_is_claimed(settings, tmp_path):
    settings.KUBECONFIG = str(tmp_path / "absent")

    found = diagnose_live(Target("Deployment", "payments", "ledger-api"))

    assert not found.healthy
    assert found.findings == ()
    assert "could not be read" in found.sentence
    assert [source.ok for source in found.sources] == [False]


def test_operations_get_an_error_instead_of_an_empty_diagnosis(settings, tmp_path):
    settings.KUBECONFIG = str(tmp_path / "absent")

    with pytest.raises(Unavailable):
        diagnose_service("payments", "ledger-api")


def test_a_service_that_is_not_there_is_refused_with_the_nearest_names(platform: Processes):
    found_within("ledger-api", "oom-killed")

    with pytest.raises(CommandError, match="Did you mean ledger-api"):
        call_command("diagnose", "payments/leger-api")


class Odd:
    """A gateway whose answers nobody expected."""

    argocd_namespace = "argocd"

    def list(self, *asked: object, **more: object) -> list[dict]:
        raise KeyError("metadata")

    get = list


def test_an_answer_that_nobody_expected_is_a_source_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diagnosis.queries.live.cluster", Odd)

    found = diagnose_live(Target("Deployment", "payments", "payments-api"))

    assert found.sources
    assert {(source.ok, "could not be understood" in source.error) for source in found.sources} == {(False, True)}
