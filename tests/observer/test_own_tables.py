"""An app declares a kind with a table of its own, and the observer mirrors it like the built-in ones."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.apps import AppConfig, apps
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from pytest_django import DjangoDbBlocker

from core.clock import now
from integrations.kubernetes import Key, kinds
from integrations.kubernetes.client import MERGE_PATCH
from mctl.rights import needed_rights
from observer.changes import Change, Deleted, Replaced, Unreadable, Upserted
from observer.kinds import BUILT_IN, check_model, mirrored_kinds
from observer.lease import Lease, LeaseLost
from observer.models import ObserverLease
from observer.object_mirror import ObjectMirror
from observer.state import ClusterState
from operations.models import Operation
from services.models import Service
from tenants.models import Source
from tests import builders
from tests.integrations.kubernetes.limited_account import LimitedAccount, rules_for
from tests.integrations.kubernetes.objects import create, delete, make_namespace
from tests.observer.trees.mirrored import LABELS, TREES
from tests.observer.trees.models import Tree
from tests.observer.world import World, soon, source
from tests.processes import LONGEST_WAIT_S

TALLER_THAN_PYTHON_READS = "9" * 5_000
APPLE, PEAR = ("orchard", "apple"), ("orchard", "pear")


@pytest.fixture(scope="module", autouse=True)
def table(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.create_model(Tree)
    yield
    with django_db_blocker.unblock(), connection.schema_editor() as editor:
        editor.delete_model(Tree)


@pytest.fixture
def lease(db: None) -> Lease:
    ours = Lease(length_s=30)
    assert ours.take()
    return ours


class Orchard:
    """A mirror of trees, and what the cluster says of them."""

    def __init__(self, lease: Lease) -> None:
        self.state = ClusterState((*BUILT_IN, TREES))
        self.mirror = ObjectMirror(lease, self.state, TREES)
        self.mirror.load()

    def list(self, **trees: dict[str, Any]) -> set[Key]:
        return self.apply(Replaced("trees", {("orchard", name): tree for name, tree in trees.items()}))

    def apply(self, change: Change) -> set[Key]:
        self.state.apply(change)
        return self.write()

    def write(self) -> set[Key]:
        touched = self.state.objects_touched.pop("trees", set())
        return self.mirror.write({key for key, _ in touched})


def tree(height: Any = 3, service: str = "apples", fruit: str = "apple") -> dict[str, Any]:
    return {"tenant": "orchard", "service": service, "height": height, "fruit": fruit}


@pytest.fixture
def orchard(lease: Lease) -> Orchard:
    return Orchard(lease)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    monkeypatch.setattr("observer.publish.announce", lambda tenant, message: messages.append(dict(message)))
    return messages


def heights() -> dict[str, int]:
    return dict(Tree.objects.values_list("name", "height"))


def test_one_change_writes_one_row_and_nothing_new_writes_nothing(
    orchard: Orchard, lease: Lease, django_assert_num_queries: Callable[..., Any]
) -> None:
    assert orchard.list(apple=tree(3), pear=tree(4)) == {APPLE, PEAR}
    # Hold the lease, write the row, and the two statements around them.
    with django_assert_num_queries(4):
        assert orchard.list(apple=tree(3), pear=tree(5)) == {PEAR}
    with django_assert_num_queries(0):
        assert orchard.apply(Upserted("trees", PEAR, tree(5))) == set()

    restarted = Orchard(lease)
    with django_assert_num_queries(0):
        assert restarted.list(apple=tree(3), pear=tree(5)) == set()
    assert heights() == {"apple": 3, "pear": 5}


def test_a_row_stays_until_the_whole_kind_was_read_without_it(orchard: Orchard, lease: Lease) -> None:
    orchard.list(apple=tree(), pear=tree())
    restarted = Orchard(lease)

    restarted.mirror.touch_all()
    assert restarted.write() == set()
    assert set(heights()) == {"apple", "pear"}

    restarted.state.apply(Replaced("trees", {APPLE: tree()}))
    restarted.mirror.touch_all()
    assert restarted.write() == {PEAR}
    assert set(heights()) == {"apple"}


def test_the_service_it_belonged_to_and_the_one_it_belongs_to_are_told(
    orchard: Orchard, lease: Lease, told: list[dict[str, Any]]
) -> None:
    orchard.list(apple=tree(service="apples"))
    orchard.list(apple=tree(service="pears"))
    restarted = Orchard(lease)
    restarted.list()
    restarted.mirror.touch_all()
    restarted.write()

    assert [message["service"] for message in told] == ["apples", "apples", "pears", "pears"]
    assert told[0] == {"type": "tree.changed", "tenant": "orchard", "service": "apples"}


def test_a_row_that_cannot_be_written_keeps_no_other_back_and_its_old_content_stays(
    orchard: Orchard, django_assert_num_queries: Callable[..., Any]
) -> None:
    orchard.list(apple=tree(3), pear=tree(4))
    orchard.list(apple=tree("tall"), pear=tree(5))
    assert heights() == {"apple": 3, "pear": 5}
    assert list(orchard.mirror.unwritten) == [APPLE]

    with django_assert_num_queries(0):
        orchard.apply(Upserted("trees", APPLE, tree("tall")))
    orchard.apply(Upserted("trees", APPLE, tree(6)))
    assert (heights()["apple"], orchard.mirror.unwritten) == (6, {})


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else []


WRONG_ROWS: dict[str, dict[str, Any]] = {
    "without columns": {"tenant": "orchard"},
    "with a column of the observer": {**tree(), "namespace": "other"},
    "with a column that is not there": {**tree(), "wood": "oak"},
    "with a date that is no date": {**tree(), "planted_on": "soon"},
    "nested too deeply": {**tree(), "fruit": nested(500)},
}


@pytest.mark.parametrize("wrong", WRONG_ROWS.values(), ids=WRONG_ROWS.keys())
def test_a_row_with_wrong_columns_is_named_and_ends_nothing(orchard: Orchard, wrong: dict[str, Any]) -> None:
    orchard.list(apple=wrong, pear=tree(4))
    assert heights() == {"pear": 4}
    assert list(orchard.mirror.unwritten) == [APPLE]

    orchard.apply(Deleted("trees", APPLE))
    assert orchard.mirror.unwritten == {}


GONE: list[Change] = [Deleted("trees", APPLE), Replaced("trees", {PEAR: tree(4)})]


@pytest.mark.parametrize("gone", GONE, ids=["deleted", "listed without it"])
def test_the_row_of_an_object_that_became_unreadable_stays_until_the_object_goes(
    orchard: Orchard, gone: Change
) -> None:
    orchard.list(apple=tree(3), pear=tree(4))
    orchard.apply(Unreadable("trees", APPLE, "odd"))
    orchard.apply(Replaced("trees", {PEAR: tree(4)}, {APPLE: "odd"}))
    assert heights() == {"apple": 3, "pear": 4}
    assert orchard.state.unreadable_of(TREES.name) == {APPLE: "odd"}
    assert orchard.state.rows(TREES).get(APPLE) == tree(3)

    orchard.apply(gone)
    assert heights() == {"pear": 4}
    assert orchard.state.unreadable_of(TREES.name) == {}


@pytest.mark.parametrize("gone", GONE, ids=["deleted", "listed without it"])
def test_the_row_of_an_object_that_is_unreadable_at_the_start_stays_until_the_object_goes(
    orchard: Orchard, lease: Lease, gone: Change
) -> None:
    orchard.list(apple=tree(3), pear=tree(4))
    restarted = Orchard(lease)
    restarted.state.apply(Replaced("trees", {PEAR: tree(4)}, {APPLE: "odd"}))
    restarted.mirror.touch_all()
    assert restarted.write() == set()

    assert restarted.apply(gone) == {APPLE}
    assert heights() == {"pear": 4}


def test_an_object_that_can_be_read_again_is_written_and_not_named_any_more(orchard: Orchard) -> None:
    orchard.list(apple=tree(3))
    orchard.apply(Unreadable("trees", APPLE, "odd"))
    orchard.apply(Upserted("trees", APPLE, tree(5)))
    assert (heights(), orchard.state.unreadable_of(TREES.name)) == ({"apple": 5}, {})


def test_a_row_that_is_no_mapping_is_refused_where_it_is_made() -> None:
    wrong: Any = lambda item: [item]  # noqa: E731
    with pytest.raises(TypeError, match="a row of the kind 'trees' must be a mapping, and is a list"):
        replace(TREES, row=wrong).row_of({})


def test_a_credential_in_a_row_does_not_reach_the_table(orchard: Orchard) -> None:
    cut = "a" * 16 + " postgres://app:hunter22longsecret@db"
    orchard.list(apple=tree(fruit="password=hunter22"), pear=tree(fruit=cut))
    assert dict(Tree.objects.values_list("name", "fruit")) == {
        "apple": "password=***",
        "pear": "a" * 16 + " postgres://app:***@db",
    }


def test_whoever_lost_the_lease_writes_nothing(orchard: Orchard) -> None:
    ObserverLease.objects.update(holder="another")
    with pytest.raises(LeaseLost):
        orchard.list(apple=tree())
    assert heights() == {}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The app is installed. Installing it for real would have every app register its operations again."""
    configs = [*apps.get_app_configs(), AppConfig.create("tests.observer.trees")]
    monkeypatch.setattr(apps, "get_app_configs", lambda: configs)
    # The observer's rights are made when the module is imported: with the app here, and without it afterwards.
    before = sys.modules.pop("observer.rights", None)
    yield
    sys.modules.pop("observer.rights", None)
    if before:
        sys.modules["observer.rights"] = before


def test_an_app_that_is_not_installed_mirrors_nothing() -> None:
    assert mirrored_kinds()[: len(BUILT_IN)] == BUILT_IN
    assert TREES not in mirrored_kinds()


def test_the_module_of_an_installed_app_is_found_and_its_right_is_collected(installed: None) -> None:
    assert mirrored_kinds()[-1] is TREES
    right = next(right for right in needed_rights() if right.kind is kinds.CONFIG_MAPS)
    assert (set(right.verbs) >= {"list", "watch"}, "Trees in lists" in right.purpose) == (True, True)


def test_two_kinds_with_one_source_and_a_table_without_its_columns_are_refused(
    installed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.observer.trees.mirrored.MIRRORED", (TREES, replace(TREES, source="pods")))
    with pytest.raises(ImproperlyConfigured, match="Two mirrored kinds have the source 'pods'"):
        mirrored_kinds()
    with pytest.raises(ImproperlyConfigured, match="has no column 'namespace'"):
        check_model(replace(TREES, model=Service))


def test_two_kinds_with_one_model_are_refused(installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.observer.trees.mirrored.MIRRORED", (TREES, replace(TREES, source="bushes")))
    with pytest.raises(ImproperlyConfigured, match=r"trees\.Tree is the model of two kinds: 'trees' and 'bushes'"):
        mirrored_kinds()


# --- with a real observer


@pytest.fixture
def world_of_trees(world: World, tenant: str) -> Iterator[World]:
    """An observer whose installation has the app, under the rights that this needs."""
    rules = rules_for(*(kind.kind for kind in (*BUILT_IN, TREES)))
    account = LimitedAccount(world.emulator, f"observer-of-{tenant}", rules)
    world.environment["MCTL_KUBECONFIG"] = str(account.kubeconfig())
    world.environment["DJANGO_SETTINGS_MODULE"] = "tests.observer.settings_with_trees"
    world.git.tenant(tenant).commit()
    make_namespace(world.cluster, tenant)
    yield world
    world.stop()
    Tree.objects.all().delete()


def plant(world: World, tenant: str, name: str, **data: str) -> None:
    labels = {**LABELS, "app.kubernetes.io/instance": f"{tenant}-{name}"}
    create(world.cluster, kinds.CONFIG_MAPS, tenant, {"metadata": {"name": name, "labels": labels}, "data": data})


def grow(world: World, tenant: str, name: str, height: str) -> None:
    path = kinds.CONFIG_MAPS.path(tenant, name)
    body = {"data": {"height": height}}
    world.cluster.transport.json("PATCH", path, asked="grow", body=body, content_type=MERGE_PATCH)


def test_objects_become_rows_that_follow_them_and_wake_operations(world_of_trees: World, tenant: str) -> None:
    world = world_of_trees
    plant(world, tenant, "apples", height="3", fruit="apple")
    plant(world, tenant, "stone", fruit="none")
    waiting = builders.operation("deploy-service-trees", tenant=tenant, service="apples", state="running")
    world.observe()
    soon(Tree.objects.filter(namespace=tenant, service="apples", height=3).exists, "the row")
    soon(Source.objects.filter(name="kubernetes:trees", objects_seen=1, error="").exists, "its source")
    assert source("kubernetes:trees").label == "Trees"
    Operation.objects.filter(pk=waiting.pk).update(poked_at=None)

    assert asyncio.run(message_after(tenant, lambda: grow(world, tenant, "apples", "4"))) == {
        "type": "changed",
        "message": {"type": "tree.changed", "tenant": tenant, "service": "apples"},
    }
    assert Tree.objects.get(namespace=tenant).height == 4
    soon(Operation.objects.filter(pk=waiting.pk, poked_at__isnull=False).exists, "the operation is poked")

    grow(world, tenant, "apples", "tall")
    unwritable = Source.objects.filter(name="kubernetes:trees", notice__contains=f"{tenant}/apples: a value of it")
    soon(unwritable.exists, "the source names the row")
    grow(world, tenant, "apples", TALLER_THAN_PYTHON_READS)
    unreadable = Source.objects.filter(name="kubernetes:trees", notice__contains=f"{tenant}/apples: it could not be")
    soon(unreadable.exists, "the source names the object")
    plant(world, tenant, "bare", height="1", fruit="")
    no_mapping = unreadable.filter(notice__contains=f"{tenant}/bare: it could not be read (TypeError)")
    soon(no_mapping.exists, "the source names the object whose row is no mapping")
    assert Tree.objects.get(namespace=tenant).height == 4
    delete(world.cluster, kinds.CONFIG_MAPS, tenant, "apples")
    delete(world.cluster, kinds.CONFIG_MAPS, tenant, "bare")
    soon(lambda: not Tree.objects.exists(), "the row is gone")


async def message_after(tenant: str, change: Callable[[], None]) -> dict[str, Any]:
    """The first message about a tree after the change."""
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add(f"tenant.{tenant}", channel)
    await asyncio.to_thread(change)
    while True:
        message: dict[str, Any] = await asyncio.wait_for(layer.receive(channel), LONGEST_WAIT_S)
        if message["message"]["type"] == "tree.changed":
            return message


def test_a_row_whose_object_went_while_nobody_observed_goes_too(world_of_trees: World, tenant: str) -> None:
    gone = {"namespace": tenant, "name": "old", "tenant": tenant, "service": "old", "height": 1, "fruit": ""}
    Tree.objects.create(**gone, observed_at=now())

    world_of_trees.observe()

    soon(lambda: not Tree.objects.exists(), "the row is gone")
