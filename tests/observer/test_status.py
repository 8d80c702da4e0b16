"""What a row says of a service, from what git, Argo CD, the workload and its pods say. Pure rules."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.words import Health, Sync, Tone
from integrations.kubernetes import PodRow
from integrations.kubernetes.instances import service_of
from observer.kinds.applications import APPLICATIONS, ApplicationRow, application_row
from observer.kinds.declared import evidence
from observer.kinds.deployments import DEPLOYMENTS, WorkloadRow, workload_row
from observer.kinds.pods import PODS, tag_of
from observer.status import Observed, columns, looks_unhealthy
from services.models import URGENCY_BROKEN, URGENCY_BUSY, URGENCY_QUIET, URGENCY_WARNING

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
APPLES = ("orchard", "apples")
LONG_AGO = NOW - timedelta(days=1)


def application(health: str = "Healthy", sync: str = "Synced", **more: str) -> ApplicationRow:
    return ApplicationRow(APPLES, health, sync, **{"revision": "abc", "operation": "Succeeded", "message": "", **more})


def workload(wanted: int = 2, ready: int = 2, **more: Any) -> WorkloadRow:
    usual = {"updated": ready, "image": "i:1.4", "is_current": True, "stalled": False, "message": ""}
    return WorkloadRow(APPLES, wanted, ready, **{**usual, **more})


def pod(tone: Tone = Tone.OK, *, tag: str = "1.4", restarts: int = 0) -> PodRow:
    ready = int(tone is Tone.OK)
    return PodRow(
        "orchard", "p", "orchard-apples", "", "Running", tone, ready, 1, restarts, "", f"i:{tag}", "", "", False
    )


def seen(**parts: Any) -> Observed:
    """A service that is well, except for these parts. A source that is not known was never read; nor were pods None."""
    usual: dict[str, Any] = {
        "in_git": True, "wanted_by_git": 2, "changed_at": LONG_AGO, "problem": "", "application": application(),
        "workload": workload(), "pods": [pod(), pod()], "finding": {}, "applications_known": True,
        "workloads_known": True,
    }  # fmt: skip
    given = {**usual, **parts}
    applications = rows(given.pop("application"), is_known=given.pop("applications_known"))
    workloads = rows(given.pop("workload"), is_known=given.pop("workloads_known"))
    held = ((APPLICATIONS, applications), (DEPLOYMENTS, workloads), (PODS, given.pop("pods")))
    return Observed(**given, evidence=tuple(evidence(kind, found) for kind, found in held))


def rows(row: Any, *, is_known: bool) -> list[Any] | None:
    return [row] if row is not None else [] if is_known else None


def finding(severity: str, verdict: str = "confirmed") -> dict[str, Any]:
    return {"findings": [{"cause": "oom", "severity": severity, "verdict": verdict, "title": "Killed for memory"}]}


def test_a_healthy_service_is_quiet_and_needs_no_second_look() -> None:
    row = columns(seen(), NOW)

    assert (row["health"], row["sync"], row["urgency"]) == (Health.HEALTHY, Sync.SYNCED, URGENCY_QUIET)
    assert (row["pods"], row["running_tag"], row["cause"]) == ([["ok", 2]], "1.4", "")
    assert not looks_unhealthy(seen(), NOW)


@pytest.mark.parametrize(
    ("parts", "urgency"),
    [
        ({"application": application("Degraded")}, URGENCY_BROKEN),
        ({"finding": finding("problem")}, URGENCY_BROKEN),
        ({"application": None, "workload": None}, URGENCY_BROKEN),
        ({"application": None, "workload": None, "changed_at": NOW}, URGENCY_BUSY),
        ({"finding": finding("warning")}, URGENCY_WARNING),
        ({"finding": finding("problem", "ruled_out")}, URGENCY_QUIET),
        ({"application": application(sync="OutOfSync")}, URGENCY_WARNING),
        ({"application": application(sync="OutOfSync"), "changed_at": NOW - timedelta(seconds=170)}, URGENCY_BUSY),
        ({"application": application(sync="OutOfSync"), "changed_at": NOW - timedelta(seconds=190)}, URGENCY_WARNING),
        ({"application": application("Progressing")}, URGENCY_BUSY),
        ({"pods": [pod(Tone.BAD), pod()]}, URGENCY_WARNING),
        ({"in_git": False}, URGENCY_WARNING),
        ({"problem": "values.yaml: line 3"}, URGENCY_WARNING),
    ],
)
def test_urgency_sorts_what_needs_somebody_first(parts: dict[str, Any], urgency: int) -> None:
    assert columns(seen(**parts), NOW)["urgency"] == urgency


@pytest.mark.parametrize(
    ("state", "health"),
    [
        (workload(), Health.HEALTHY),
        (workload(ready=1), Health.PROGRESSING),
        (workload(updated=1), Health.PROGRESSING),
        (workload(is_current=False), Health.PROGRESSING),
        (workload(ready=1, stalled=True), Health.DEGRADED),
        (workload(ready=0, message="exceeded quota"), Health.DEGRADED),
        (workload(wanted=0, ready=0), Health.SUSPENDED),
    ],
)
def test_without_an_application_the_workload_speaks(state: WorkloadRow, health: Health) -> None:
    row = columns(seen(application=None, workload=state), NOW)

    assert (row["health"], row["sync"]) == (health, Sync.UNKNOWN)


def test_an_application_without_workload_and_pods_is_missing_whatever_argo_cd_says() -> None:
    nothing_runs = seen(application=application("Healthy", "Unknown"), workload=None, pods=[])

    row = columns(nothing_runs, NOW)
    assert (row["health"], row["running_tag"], row["urgency"]) == (Health.MISSING, "", URGENCY_BROKEN)
    assert looks_unhealthy(nothing_runs, NOW)


@pytest.mark.parametrize(
    "parts",
    [
        {"wanted_by_git": 0},
        {"wanted_by_git": None},
        {"workloads_known": False},
        {"pods": None},
        {"pods": [pod()]},
        {"in_git": False},
    ],
)
def test_argo_cds_word_stands_where_it_is_not_known_that_nothing_runs(parts: dict[str, Any]) -> None:
    assert columns(seen(**{"workload": None, "pods": [], **parts}), NOW)["health"] == Health.HEALTHY


def test_the_first_confirmed_finding_is_the_cause() -> None:
    row = columns(seen(application=application("Degraded"), finding=finding("problem")), NOW)

    assert (row["cause_id"], row["cause"], row["cause_tone"]) == ("oom", "Killed for memory", "bad")


def test_pods_are_counted_by_tone_the_worst_first() -> None:
    row = columns(seen(pods=[pod(), pod(Tone.BUSY), pod(Tone.BAD, restarts=4), pod()]), NOW)

    assert (row["pods"], row["restarts"]) == ([["bad", 1], ["busy", 1], ["ok", 2]], 4)


def test_pods_that_were_never_read_leave_their_columns_as_they_are() -> None:
    row = columns(seen(pods=None), NOW)

    assert not row.keys() & {"pods", "restarts", "running_tag"}
    assert (row["health"], row["replicas_ready"], row["urgency"]) == (Health.HEALTHY, 2, URGENCY_QUIET)
    assert not looks_unhealthy(seen(pods=None), NOW)


def test_ready_pods_are_counted_where_deployments_were_never_read() -> None:
    row = columns(seen(workload=None, workloads_known=False, pods=[pod(), pod(Tone.BUSY)]), NOW)

    assert (row["replicas_wanted"], row["replicas_ready"], row["health"]) == (2, 1, Health.HEALTHY)


def test_neither_pods_nor_deployments_is_not_zero_ready() -> None:
    assert "replicas_ready" not in columns(seen(workload=None, workloads_known=False, pods=None), NOW)


def test_where_applications_were_never_read_the_workload_speaks_for_health_and_nobody_for_sync() -> None:
    unread = seen(application=None, applications_known=False, workload=workload(ready=1, stalled=True))
    row = columns(unread, NOW)

    assert (row["health"], row["urgency"]) == (Health.DEGRADED, URGENCY_BROKEN)
    assert not row.keys() & {"sync", "synced_revision"}
    assert looks_unhealthy(unread, NOW)


@pytest.mark.parametrize("unread", [{"applications_known": False}, {"workloads_known": False}])
def test_what_nobody_can_tell_is_neither_missing_nor_unhealthy(unread: dict[str, bool]) -> None:
    nothing_seen = seen(application=None, workload=None, **unread)

    assert not columns(nothing_seen, NOW).keys() & {"health", "cause", "urgency", "diagnosis"}
    assert not looks_unhealthy(nothing_seen, NOW)


def test_the_running_tag_is_what_most_ready_pods_run() -> None:
    assert columns(seen(pods=[pod(tag="1"), pod(tag="1"), pod(Tone.BUSY, tag="2")]), NOW)["running_tag"] == "1"


@pytest.mark.parametrize(
    ("image", "tag"),
    [
        ("ghcr.io/acme/apples:1.4.2", "1.4.2"),
        ("registry:5000/apples", ""),
        ("registry:5000/apples:2", "2"),
        ("acme/apples@sha256:" + "a" * 64, "sha256:" + "a" * 12),
        ("", ""),
    ],
)
def test_the_tag_of_an_image(image: str, tag: str) -> None:
    assert tag_of(image) == tag


def test_a_service_is_the_rest_of_its_instance_within_its_namespace() -> None:
    assert service_of("a", "a-b-c") == ("a", "b-c")
    assert service_of("a-b", "a-b-c") == ("a-b", "c")
    assert service_of("a", "b-c") is None
    assert service_of("a", "a-") is None


def test_only_applications_of_services_are_remembered() -> None:
    named = {"name": "tenant-orchard", "namespace": "argocd"}
    own = {"metadata": {**named, "labels": {"mctl.me/tenant": "orchard", "env": "platform"}}, "spec": {}}
    foreign = {"metadata": {**named, "name": "grafana"}, "spec": {"destination": {"namespace": "monitoring"}}}

    assert application_row(own) is None
    assert application_row(foreign) is None


def test_an_application_of_two_sources_is_at_the_revision_of_its_values() -> None:
    row = application_row(
        {
            "metadata": {"name": "orchard-apples", "namespace": "argocd", "labels": {"team": "orchard"}},
            "spec": {"sources": [{"path": "chart"}, {"ref": "values"}]},
            "status": {"sync": {"status": "Synced", "revisions": ["chart-sha", "values-sha"]}},
        }
    )

    assert row is not None
    assert (row.service, row.revision, row.health) == (APPLES, "values-sha", "Unknown")


def test_a_quota_that_refuses_pods_is_the_workloads_message() -> None:
    labels = {"app.kubernetes.io/instance": "orchard-apples"}
    refused = {
        "type": "ReplicaFailure",
        "status": "True",
        "reason": "FailedCreate",
        "message": "exceeded quota: pods=10",
    }
    row = workload_row(
        {
            "metadata": {"name": "orchard-apples-base-service", "namespace": "orchard", "labels": labels},
            "spec": {"replicas": 3},
            "status": {"conditions": [refused]},
        }
    )

    assert row is not None
    assert columns(seen(application=None, workload=row), NOW)["app_message"] == "exceeded quota: pods=10"
