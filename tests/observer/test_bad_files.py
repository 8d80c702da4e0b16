"""One bad file in git is one row or one sentence at the source; reading goes on, and so does the removal of members."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from core.clock import now
from integrations.kubernetes import kinds
from observer.changes import GitRead
from observer.git_rows import GitTenant, GitWorld
from observer.lease import Lease
from observer.state import ClusterState
from observer.tenant_mirror import TenantMirror
from services.models import Service
from tenants.models import Member, Source
from tests.integrations.kubernetes.objects import application, create
from tests.observer.world import World, row_soon, soon

IMAGE = "image:\n  repository: ghcr.io/acme/pears\n  tag: "
BAD = {
    "deep": f"a: {'[' * 30_000}{']' * 30_000}\n",
    "infinite": f"{IMAGE}1.0.0\na: .inf\n",
    "countless": f"{IMAGE}1.0.0\nautoscaling:\n  maxReplicas: 99999999999999999999\n",
    "recursive": f"{IMAGE}1.0.0\na: &a\n  b: *a\n",
    "spread": "\n".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10 if n else 'x')}]" for n in range(12)),
    "digits": f"{IMAGE}1.0.0\nservice:\n  port: {'9' * 300}\n",
}


@pytest.fixture
def spoilt(world: World, tenant: str) -> World:
    """Two good services, a bad one of each kind, and a folder that no page can be made for."""
    world.git.tenant(tenant, olga="owner", dev="developer")
    world.git.service(tenant, "apples").service(tenant, "api.v2")
    world.git.write(f"services/{tenant}/numbers/values.yaml", f"{IMAGE}86e1234\n")
    for name, text in BAD.items():
        world.git.write(f"services/{tenant}/{name}/values.yaml", text)
    world.git.commit()
    world.observe()
    return world


def test_every_other_file_is_read(spoilt: World, tenant: str) -> None:
    row_soon(tenant, "apples", tag="1.4.2")
    row_soon(tenant, "numbers", tag="86e1234")
    for name in BAD:
        found = row_soon(tenant, name, cause_id="values-unreadable")
        assert f"services/{tenant}/{name}/values.yaml, line " in found.values_problem
    assert set(Service.objects.filter(tenant=tenant).values_list("name", flat=True)) == {"apples", "numbers", *BAD}
    soon(lambda: "7 values files cannot be read" in Source.objects.get(name="gitops").notice, "the source says so")
    assert "The folder name api.v2 is not valid in a cluster" in Source.objects.get(name="gitops").notice


def test_the_pages_of_the_tenant_and_of_admins_open(spoilt: World, tenant: str, settings: Any) -> None:
    row_soon(tenant, "apples", tag="1.4.2")
    settings.PLATFORM_ADMINS = ["ada"]
    for login in ("olga", "ada"):
        client = Client()
        client.force_login(Person.objects.signed_in(login))
        for address in ("/", "/services/", f"/tenants/{tenant}/", f"/tenants/{tenant}/services/deep/configuration/"):
            assert client.get(address).status_code == 200


def test_members_are_removed_all_the_same(spoilt: World, tenant: str) -> None:
    row_soon(tenant, "apples", tag="1.4.2")
    assert Member.objects.filter(tenant__name=tenant, login="dev").exists()

    spoilt.git.tenant(tenant, olga="owner").commit("members: without dev")

    soon(lambda: not Member.objects.filter(tenant__name=tenant, login="dev").exists(), "dev is removed")


@pytest.mark.django_db
def test_members_of_a_file_that_cannot_be_read_grow_old() -> None:
    lease, state = Lease(length_s=30), ClusterState()
    assert lease.take()
    mirror = TenantMirror(lease, state)
    members = (("olga", "owner"),)
    good, bad = GitTenant(("", "", "", {}, "", {}), members), GitTenant(None, (), "tenants/b, line 1: ...")
    for tenants in ({"a": good, "b": good}, {"a": good, "b": bad}):
        state.apply(GitRead(GitWorld("r1", now(), {}, tenants)))
        mirror.write(["a", "b"])
    long_ago = now() - timedelta(hours=1)
    Member.objects.update(resolved_at=long_ago)

    mirror.confirm_members()

    read = dict(Member.objects.values_list("tenant__name", "resolved_at"))
    assert read["a"] > read["b"] == long_ago


def test_a_name_in_the_cluster_that_no_page_can_have_makes_no_row(spoilt: World, tenant: str) -> None:
    create(spoilt.cluster, kinds.APPLICATIONS, "argocd", application(tenant, "pears.v2"))
    create(spoilt.cluster, kinds.APPLICATIONS, "argocd", application(tenant, "pears"))
    row_soon(tenant, "pears")
    assert not Service.objects.filter(tenant=tenant, name="pears.v2").exists()
