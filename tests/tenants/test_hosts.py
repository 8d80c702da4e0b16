"""Which hosts a tenant may ask for, and that a host is given to one service only. Attack 25."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import Settings

from core.clock import now
from core.errors import Invalid, Problem
from integrations.gitops import Route
from tenants.actions import release_hosts, reserve_hosts
from tenants.models import HostClaim
from tenants.policies import may_ask_for_host
from tenants.queries import claims_in_the_way
from tests import builders

SHOP = "shop.apps.example.dev"


@pytest.mark.parametrize(
    "host",
    [
        SHOP,
        "payments-api.apps.example.dev",
        "a.b.apps.example.dev",
        "modern.apps.example.dev",
        "api-2.apps.example.dev",
    ],
)
def test_a_host_under_the_platforms_domain_may_be_asked_for(host: str) -> None:
    assert may_ask_for_host(host).allowed


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("shop.example.com", "is not under apps.example.dev"),
        ("apps.example.dev.evil.com", "is not under apps.example.dev"),
        ("evilapps.example.dev", "is not under apps.example.dev"),
        ("*", "A wildcard host would also answer for other services"),
        ("*.apps.example.dev", "A wildcard host would also answer for other services"),
        ("apps.example.dev", "is the platform's own"),
        ("mctl.example.dev", "is the platform's own"),
        ("argocd.apps.example.dev", "is the platform's own"),
        ("0ps.apps.example.dev", "reads like ops.apps.example.dev"),
        ("mct1.apps.example.dev", "reads like mctl.apps.example.dev"),
        ("ap1.apps.example.dev", "reads like api.apps.example.dev"),
        ("apl.apps.example.dev", "reads like api.apps.example.dev"),
        ("argo-cd.apps.example.dev", "reads like argocd.apps.example.dev"),
        ("argoccl.apps.example.dev", "reads like argocd.apps.example.dev"),
        ("argoc-c1.apps.example.dev", "reads like argocd.apps.example.dev"),
        ("vvww.apps.example.dev", "reads like www.apps.example.dev"),
        ("w-ww.apps.example.dev", "reads like www.apps.example.dev"),
        ("x.argocd.apps.example.dev", "lies under argocd.apps.example.dev"),
        ("grafana.intern.dev", "reads like grafana.intem.dev"),
        ("xn--rgocd-3ve.apps.example.dev", "may read like another host"),
        ("\u0430rgocd.apps.example.dev", "may read like another host"),
        ("sh\u043ep.apps.example.dev", "may read like another host"),
        ("shop.apps.example.dev/admin", "may read like another host"),
        ("sh op.apps.example.dev", "may read like another host"),
    ],
)
def test_the_platforms_hosts_those_that_read_like_them_and_foreign_domains_are_refused(
    host: str, said: str, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://mctl.example.dev:8443"
    settings.RESERVED_HOSTS = [*settings.RESERVED_HOSTS, "grafana.intem.dev"]
    decision = may_ask_for_host(host)
    assert not decision.allowed
    assert said in decision.reason
    assert decision.remedy == "Choose a host under apps.example.dev."


def claim(tenant: str, service: str, path: str = "/", operation: str = "") -> HostClaim:
    return HostClaim.objects.create(
        host=SHOP, path=path, tenant=tenant, service=service, source="ingress", operation=operation
    )


def reserve(tenant: str, service: str, path: str = "/", operation: str = "deploy-service-aaaaa") -> None:
    reserve_hosts([Route(SHOP, path, "ingress")], tenant=tenant, service=service, operation=operation)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("has", "asks", "meets"),
    [
        ("*", SHOP, True),
        ("*.apps.example.dev", SHOP, True),
        ("*.example.dev", SHOP, True),
        ("*.example.dev", "*.apps.example.dev", True),
        (SHOP, "*.apps.example.dev", True),
        (SHOP, "*", True),
        ("*.pps.example.dev", SHOP, False),
        ("*.shop.apps.example.dev", SHOP, False),
        (SHOP, "*.shop.apps.example.dev", False),
    ],
)
def test_a_wildcard_of_another_tenant_and_a_host_that_it_covers_are_in_each_others_way(
    has: str, asks: str, meets: bool
) -> None:
    HostClaim.objects.create(host=has, path="/x", tenant="labs", service="web", source="ingress")

    def in_the_way(tenant: str) -> list[str]:
        claims = claims_in_the_way([Route(asks, "/", "ingress")], tenant=tenant, service="api")
        return [claim.host for claim in claims]

    assert in_the_way("payments") == ([has] if meets else [])
    assert in_the_way("labs") == []


@pytest.mark.django_db
def test_a_host_under_a_wildcard_of_others_is_not_given_and_the_wildcard_is_not_named() -> None:
    HostClaim.objects.create(host="*.example.dev", path="/", tenant="labs", service="web", source="ingress")
    with pytest.raises(Invalid) as refused:
        reserve("payments", "api")
    assert refused.value.sentence == f"{SHOP} overlaps a wildcard host of another service."


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("tenant", "service", "path", "said"),
    [
        ("labs", "web", "/other", "belongs to another service."),
        ("payments", "web", "/", "belongs to payments/api."),
        ("payments", "web", "/other", ""),
        ("payments", "api", "/", ""),
    ],
)
def test_tenants_share_no_host_and_services_of_one_tenant_no_path(
    tenant: str, service: str, path: str, said: str
) -> None:
    claim("payments", "api")
    if not said:
        reserve(tenant, service, path)
        return
    with pytest.raises(Invalid) as refused:
        reserve(tenant, service, path)
    assert refused.value.sentence == f"{SHOP} {said}"
    assert not HostClaim.objects.reserved().exists()


@pytest.mark.django_db
def test_what_an_operation_is_giving_away_is_not_given_twice() -> None:
    reserve("payments", "api")
    reserve("payments", "api")
    with pytest.raises(Invalid, match=r"An operation is giving shop\.apps\.example\.dev to another service now"):
        reserve("labs", "web", operation="deploy-service-bbbbb")
    assert list(HostClaim.objects.values_list("tenant", "operation")) == [("payments", "deploy-service-aaaaa")]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_the_same_moment_one_gets_it_and_the_others_are_told_why() -> None:
    number = 6
    together, told = threading.Barrier(number), []

    def ask(tenant: str) -> None:
        try:
            together.wait()
            reserve(tenant, "web", operation=f"deploy-service-{tenant}")
        except Problem as problem:
            told.append(problem.sentence)
        finally:
            connection.close()

    askers = [threading.Thread(target=ask, args=(f"tenant-{position}",)) for position in range(number)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()

    assert HostClaim.objects.count() == 1
    assert told == [f"An operation is giving {SHOP} to another service now."] * (number - 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "ended_before_git_was_read_s", "given_back"),
    [("running", None, False), ("failed", 1, True), ("succeeded", 1, True), ("failed", -1, False)],
)
def test_a_host_is_given_back_once_git_was_read_after_the_operations_end(
    state: str, ended_before_git_was_read_s: int | None, given_back: bool
) -> None:
    read_at = now()
    ended = None if ended_before_git_was_read_s is None else read_at - timedelta(seconds=ended_before_git_was_read_s)
    builders.operation("deploy-service-aaaaa", state=state, finished_at=ended)
    reserve("payments", "payments-api")
    claim("labs", "in-git")

    release_hosts(read_at)

    assert HostClaim.objects.reserved().exists() is not given_back
    assert HostClaim.objects.in_git().exists()
