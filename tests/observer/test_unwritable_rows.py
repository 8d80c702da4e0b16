"""One row that a database does not take keeps no other from being written, and is seen to be missing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import now
from core.fitting import fit_to_columns
from core.words import Tone
from integrations.kubernetes import PodRow
from integrations.kubernetes.instances import ServiceKey
from observer.changes import Diagnosed, GitRead, Replaced
from observer.git_rows import GitService, GitTenant, GitWorld
from observer.kinds.applications import ApplicationRow
from observer.kinds.deployments import WorkloadRow
from observer.kinds.quotas import QuotaRow
from observer.lease import Lease
from observer.service_mirror import ServiceMirror
from observer.sources import Contact, with_unwritten, write_sources
from observer.state import ClusterState
from observer.tenant_mirror import TenantMirror
from services.models import URGENCY_QUIET, URGENCY_WARNING, Service
from tenants.models import Member, Source, Tenant
from tests.hostile import texts
from tests.observer.world import World, row_soon, soon

WELL = ("base-service", "i", "1", "", 8080, {}, False, "p", "b", "s", "deploy", "dev", None)
WELL_TENANT = ("Orchard", "", "orchard-team", {}, "", {"pods": "10"})
HOSTILE_TEXTS = ["a\0b", "\ud800", "x" * 30_000, "\x1b[2J", "\u202egnp", "é" * 400]
HOSTILE_NUMBERS = [2**31, 2**63, 10**30, -1]

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease() -> Lease:
    ours = Lease(length_s=30)
    assert ours.take()
    return ours


def state_of(
    services: dict[str, tuple[Any, ...]], tenant: tuple[Any, ...] = WELL_TENANT, **members: str
) -> ClusterState:
    """A cluster where all is well and a repository with these services of one tenant."""
    state = ClusterState()
    read_again(state, services, tenant, **members)
    rows = {("argocd", name): ApplicationRow(("orchard", name), "Healthy", "Synced", "r", "", "") for name in services}
    workloads = {("orchard", name): running(name) for name in services}
    for source, held in (("applications", rows), ("deployments", workloads), ("pods", {})):
        state.apply(Replaced(source, held))
    state.is_settled = True
    return state


def running(name: str) -> WorkloadRow:
    return WorkloadRow(("orchard", name), 1, 1, 1, "i:1", is_current=True, stalled=False, message="")


def read_again(
    state: ClusterState, services: dict[str, tuple[Any, ...]], tenant: tuple[Any, ...] = WELL_TENANT, **members: str
) -> None:
    rows = {("orchard", name): GitService(values, 1, None) for name, values in services.items()}
    tenants = {"orchard": GitTenant(tenant, tuple(sorted(members.items())))}
    state.apply(GitRead(GitWorld("r1", now(), rows, tenants)))


def with_value(position: int, value: Any) -> tuple[Any, ...]:
    return (*WELL[:position], value, *WELL[position + 1 :])


def write(state: ClusterState, lease: Lease) -> ServiceMirror:
    mirror = ServiceMirror(lease, state)
    mirror.load()
    mirror.write(state.services())
    return mirror


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
@pytest.mark.parametrize("position", [0, 1, 2, 3, 7, 8, 9, 10, 11])
def test_a_text_of_git_becomes_one_that_every_database_takes(lease: Lease, position: int, text: str) -> None:
    write(state_of({"odd": with_value(position, text), "even": WELL}), lease)

    odd = Service.objects.get(name="odd")
    assert [value for value in vars(odd).values() if isinstance(value, str) and not value.isprintable()] == []
    assert (odd.health, odd.urgency) == ("Healthy", URGENCY_QUIET)
    assert Service.objects.get(name="even").tag == "1"


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
def test_a_text_of_the_cluster_becomes_one_that_every_database_takes(lease: Lease, text: str) -> None:
    state = state_of({"odd": WELL, "even": WELL})
    application = ApplicationRow(("orchard", "odd"), text, text, text, text, text)
    pod = PodRow("orchard", "p", "orchard-odd", "", text, Tone.BAD, 1, 1, 10**20, text, f"i:{text}", "", "", False)
    state.apply(Replaced("applications", {("argocd", "odd"): application}))
    state.apply(Replaced("pods", {("orchard", "p"): pod}))
    finding = {"cause": text, "severity": "problem", "verdict": "confirmed", "title": text, text: [text, 10**30, 1e999]}
    state.apply(Diagnosed(("orchard", "odd"), {"findings": [finding], "healthy": False}))

    mirror = write(state, lease)

    assert mirror.unwritten == {}
    assert set(Service.objects.values_list("name", flat=True)) == {"odd", "even"}
    assert not write(state, lease).write(state.services())


@pytest.mark.parametrize("number", HOSTILE_NUMBERS)
def test_a_number_is_kept_within_its_column(lease: Lease, number: int) -> None:
    write(state_of({"odd": with_value(4, number), "even": WELL}), lease)

    assert 0 <= (Service.objects.get(name="odd").port or 0) < 2**31
    assert Service.objects.filter(name="even").exists()


def test_a_row_that_cannot_be_written_says_so_and_the_others_are_written(lease: Lease) -> None:
    mirror = write(state_of({"odd": with_value(4, "many"), "even": WELL}), lease)

    odd = Service.objects.get(name="odd")
    assert (odd.cause_id, odd.urgency) == ("row-unwritable", URGENCY_WARNING)
    assert "cannot be shown: a value of it does not fit" in odd.app_message
    assert Service.objects.get(name="even").tag == "1"
    assert list(mirror.unwritten) == [("orchard", "odd")]


def test_it_is_tried_again_only_when_its_content_changes(
    lease: Lease, django_assert_num_queries: Callable[..., Any]
) -> None:
    state = state_of({"odd": with_value(4, "many"), "even": WELL})
    mirror = write(state, lease)
    with django_assert_num_queries(0):
        mirror.write(state.services())

    read_again(state, {"odd": WELL, "even": WELL})
    mirror.write(state.services())

    odd = Service.objects.get(name="odd")
    assert (odd.cause_id, odd.app_message, odd.port) == ("", "", 8080)
    assert mirror.unwritten == {}


def misshapen(state: ClusterState, service: str) -> None:
    """Its Application carries what no column can be made of."""
    state.apply(Replaced("applications", {("argocd", service): ApplicationRow(("orchard", service), *[None] * 5)}))  # type: ignore[arg-type]


def well(state: ClusterState, service: str) -> None:
    row = ApplicationRow(("orchard", service), "Healthy", "Synced", "r", "", "")
    state.apply(Replaced("applications", {("argocd", service): row}))


def test_a_row_is_well_again_when_the_content_before_the_bad_one_comes_back(lease: Lease) -> None:
    state = state_of({"odd": WELL})
    mirror = write(state, lease)
    misshapen(state, "odd")
    mirror.write(state.services())
    assert Service.objects.get(name="odd").cause_id == "row-unwritable"

    well(state, "odd")
    mirror.write(state.services())

    assert (Service.objects.get(name="odd").cause_id, mirror.unwritten) == ("", {})


def test_a_row_that_cannot_be_written_leaves_its_traceback_in_the_log(
    lease: Lease, caplog: pytest.LogCaptureFixture
) -> None:
    write(state_of({"odd": with_value(4, "many")}), lease)
    event: Any = caplog.records[-1].msg
    assert (event["event"], type(event["exc_info"])) == ("row_unwritable", ValueError)


def test_a_change_of_the_cluster_does_not_hide_what_git_says_and_cannot_be_shown(lease: Lease) -> None:
    state = state_of({"odd": with_value(4, "many")})
    mirror = write(state, lease)
    degraded = ApplicationRow(("orchard", "odd"), "Degraded", "Synced", "r", "", "")
    state.apply(Replaced("applications", {("argocd", "odd"): degraded}))

    mirror.write(state.services())

    assert Service.objects.get(name="odd").cause_id == "row-unwritable"
    assert list(mirror.unwritten) == [("orchard", "odd")]


@pytest.mark.parametrize("name", ["x" * 64, "a\0b", "\ud800", "a\nb"], ids=ascii)
def test_a_service_whose_name_no_row_can_have_is_counted_at_its_source(lease: Lease, name: str) -> None:
    mirror = write(state_of({name: WELL, "even": WELL}), lease)

    assert list(Service.objects.values_list("name", flat=True)) == ["even"]
    write_sources([with_unwritten(Contact("gitops", "GitOps", now(), ""), names_of(mirror.unwritten))], {})
    assert "1 row cannot be shown: orchard/" in Source.objects.get(name="gitops").notice


def names_of(unwritten: dict[ServiceKey, str]) -> dict[str, str]:
    return {f"{tenant}/{name}": why for (tenant, name), why in unwritten.items()}


@pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=ascii)
def test_a_tenant_and_its_members_are_written_whatever_their_texts(lease: Lease, text: str) -> None:
    values = (text, text, text, {text: text}, text, {text: text, "pods": 10**30})
    state = state_of({}, values, **{"olga": "owner", text: "viewer", "dev": text})
    state.apply(Replaced("resourcequotas", {("orchard", "q"): QuotaRow("orchard", {text: text}, {text: text})}))
    tenants = TenantMirror(lease, state)

    tenants.write(["orchard"])

    assert tenants.unwritten == {}
    assert Member.objects.get(login="olga").role == "owner"
    assert Member.objects.count() == 3


def test_a_tenant_that_cannot_be_written_keeps_no_other_back_and_its_members_age(lease: Lease) -> None:
    state = state_of({}, olga="owner")
    tenants = TenantMirror(lease, state)
    tenants.write(["orchard"])
    long_ago = now() - timedelta(hours=1)
    Member.objects.update(resolved_at=long_ago)

    broken = GitTenant(("Orchard", "", "t", {}, "", None), (("olga", "viewer"),))
    state.apply(GitRead(GitWorld("r2", now(), {}, {"orchard": broken, "meadow": GitTenant(WELL_TENANT, ())})))
    tenants.write(["orchard", "meadow"])
    tenants.confirm_members()

    assert set(Tenant.objects.values_list("name", flat=True)) == {"orchard", "meadow"}
    assert list(tenants.unwritten) == ["orchard"]
    assert Member.objects.get(login="olga").resolved_at == long_ago

    mended = replace(broken, values=WELL_TENANT)
    state.apply(GitRead(GitWorld("r3", now(), {}, {"orchard": mended})))
    tenants.write(["orchard"])
    assert tenants.unwritten == {}
    assert Member.objects.get(login="olga").role == "viewer"


MISSHAPEN = [GitTenant((), ()), GitTenant(WELL_TENANT, (("olga",),))]  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", MISSHAPEN, ids=["columns", "members"])
def test_a_tenant_of_which_no_row_can_be_made_keeps_no_other_back(lease: Lease, odd: GitTenant) -> None:
    state = state_of({}, olga="owner")
    tenants = TenantMirror(lease, state)
    tenants.write(["orchard"])
    well_known = state.git.tenants["orchard"]
    state.apply(GitRead(GitWorld("r2", now(), {}, {"orchard": odd, "meadow": GitTenant(WELL_TENANT, ())})))

    tenants.write(["orchard", "meadow"])

    assert set(Tenant.objects.values_list("name", flat=True)) == {"orchard", "meadow"}
    assert list(tenants.unwritten) == ["orchard"]
    assert Member.objects.get(login="olga").role == "owner"

    state.apply(GitRead(GitWorld("r3", now(), {}, {"orchard": well_known})))
    tenants.write(["orchard"])
    assert tenants.unwritten == {}


def test_a_tenant_that_stays_unwritten_is_not_forgotten_when_another_is_written(lease: Lease) -> None:
    state = state_of({})
    tenants = TenantMirror(lease, state)
    broken = GitTenant(("Orchard", "", "t", {}, "", None), ())
    for revision, name in (("r2", "meadow"), ("r3", "garden")):
        others = {"orchard": broken, name: GitTenant(WELL_TENANT, ())}
        state.apply(GitRead(GitWorld(revision, now(), {}, others)))
        tenants.write(others)

    assert list(tenants.unwritten) == ["orchard"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts(), st.integers(min_value=-(10**40), max_value=10**40))
def test_any_text_and_number_is_written_and_read_back_as_it_was(text: str, number: int) -> None:
    values = {"tag": text, "app_message": text, "port": number, "diagnosis": {text: [text, number, {text: None}]}}
    fit = fit_to_columns(Service, values)
    Service.objects.update_or_create(tenant="orchard", name="any", defaults=fit)

    read = Service.objects.values(*values).get(tenant="orchard", name="any")
    assert read == fit
    assert fit_to_columns(Service, read) == read


@pytest.mark.django_db(transaction=True)
def test_the_observer_goes_on_after_a_message_that_no_database_takes(world: World, tenant: str) -> None:
    world.git.tenant(tenant).service(tenant, "apples").service(tenant, "pears").commit()
    world.service(tenant, "apples")
    world.service(tenant, "pears")
    world.observe()
    row_soon(tenant, "apples", health="Healthy", in_git=True)

    failed = [{"type": "SyncError", "message": "hook\0 failed \x1b[2J"}]
    world.change_application(tenant, "apples", health={"status": "Degraded"}, conditions=failed)
    row_soon(tenant, "apples", health="Degraded")
    world.change_application(tenant, "pears", health={"status": "Degraded"})

    row_soon(tenant, "pears", health="Degraded")
    soon(lambda: "\\x00" in Service.objects.get(tenant=tenant, name="apples").app_message, "the message is shown")
    assert "Traceback" not in world.log()
