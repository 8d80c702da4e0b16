"""A host belongs to one tenant, whichever change asks for it: the file decides, not the form. Attacks 21 and 25."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from core.actor import Actor
from core.errors import Invalid
from integrations.gitops import gitops
from operations import actions, engine
from operations.engine.context import Context
from operations.engine.lease import take
from operations.models import Operation
from operations.registry import definition_of
from services.queries import service_hosts
from services.runners.steps import commit
from tenants.models import HostClaim
from tests import builders
from tests.services.commits import written

pytestmark = pytest.mark.django_db
SHOP = "shop.apps.example.dev"
RELAY = "payments-webhook-relay.apps.example.dev"
PLAYGROUND = "labs-playground.apps.example.dev"
Observe = Callable[[], None]


@pytest.fixture(autouse=True)
def world(observe_hosts: Observe) -> None:
    builders.the_cast()


def values(*parts: str) -> str:
    return "\n".join(["image: {repository: ghcr.io/acme/shop, tag: 1.0.0}", *parts, ""])


def at(host: str, path: str = "/") -> str:
    return f"ingress: {{enabled: true, host: {host}, path: {path}}}"


def configure(service: str = "playground", tenant: str = "labs", **changes: Any) -> dict[str, Any]:
    return {"action": "update-config", "team_name": tenant, "component_name": service, **changes}


def rollback(revision: str, service: str = "playground", tenant: str = "labs") -> dict[str, Any]:
    return {"team_name": tenant, "component_name": service, "revision": revision}


def plan(actor: Actor, asked: dict[str, Any]) -> dict[str, Any]:
    return actions.plan(actor, "rollback-service" if "revision" in asked else "deploy-service", asked)


def refusal(actor: Actor, asked: dict[str, Any]) -> str:
    with pytest.raises(Invalid) as refused:
        plan(actor, asked)
    assert refused.value.fields[0]["field"] == "host"
    return refused.value.sentence


def test_a_host_of_another_service_is_refused_by_name_to_those_who_see_it(dev: Actor, oscar: Actor) -> None:
    assert (
        refusal(dev, configure("checkout-web", "payments", host=RELAY)) == f"{RELAY} belongs to payments/webhook-relay."
    )
    assert refusal(oscar, configure(host=RELAY)) == f"{RELAY} belongs to another service."
    assert (
        refusal(dev, configure("checkout-web", "payments", host=PLAYGROUND))
        == f"{PLAYGROUND} belongs to another service."
    )


def test_its_own_host_and_a_free_one_are_given(dev: Actor) -> None:
    assert not plan(dev, configure("webhook-relay", "payments", host=RELAY))["changed"]
    assert plan(dev, configure("checkout-web", "payments", host=SHOP))["changed"]


def test_a_new_host_changes_the_ingress_and_nothing_else(dev: Actor) -> None:
    planned = plan(dev, configure("webhook-relay", "payments", host=SHOP))
    assert {item["kind"] for item in planned["objects"]} == {"Ingress"}


def test_the_host_of_an_extra_ingress_is_taken_as_any_other(oscar: Actor, observe_hosts: Observe) -> None:
    written("payments", "hooks", values("extraIngresses: [{name: hooks, host: w3.example.dev}]"))
    observe_hosts()
    assert refusal(oscar, configure(host="w3.example.dev")) == "w3.example.dev belongs to another service."


@pytest.mark.usefixtures("no_workers")
def test_a_rollback_takes_no_host_that_somebody_else_has_now(oscar: Actor, observe_hosts: Observe) -> None:
    had_it = written("labs", "playground", values(at(SHOP)))
    written("labs", "playground", values())
    written("payments", "shop", values(at(SHOP)))
    observe_hosts()
    head = str(gitops().head())

    assert refusal(oscar, rollback(had_it)) == f"{SHOP} belongs to another service."
    operation = actions.start(oscar, "rollback-service", rollback(had_it))
    engine.run(operation.pk, "one")

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == ("failed", f"{SHOP} belongs to another service.")
    assert str(gitops().fetch()) == head


@pytest.mark.usefixtures("no_workers")
def test_a_host_that_somebody_committed_a_moment_ago_is_taken_though_nothing_has_observed_it(oscar: Actor) -> None:
    written("payments", "shop", values(at(SHOP)))
    head = str(gitops().fetch())

    operation = actions.start(oscar, "deploy-service", configure(host=SHOP))
    engine.run(operation.pk, "one")

    operation.refresh_from_db()
    assert (operation.state, operation.reason) == ("failed", f"{SHOP} belongs to another service.")
    assert str(gitops().fetch()) == head


@pytest.mark.parametrize("host", ["payments-next.apps.example.dev", "payments.apps.example.dev"])
def test_the_default_hosts_of_another_tenants_next_services_are_kept_for_it(oscar: Actor, host: str) -> None:
    assert refusal(oscar, configure(host=host)) == f"{host} has the form of another tenant's default hosts."


def test_a_foreign_domain_stays_where_it_is_and_comes_nowhere_new(dev: Actor, observe_hosts: Observe) -> None:
    """checkout-web has checkout.example.dev."""
    assert plan(dev, configure("checkout-web", "payments", port=3001))["changed"]

    had_it = str(gitops().head())
    written("payments", "checkout-web", values())
    observe_hosts()

    said = "checkout.example.dev is not under apps.example.dev. Custom domains are not supported yet."
    assert refusal(dev, rollback(had_it, "checkout-web", "payments")) == said


@pytest.mark.parametrize("ingress", ["{enabled: true, hosts: ['']}", "{enabled: true, host: '*.apps.example.dev'}"])
def test_a_rollback_brings_no_wildcard(oscar: Actor, observe_hosts: Observe, ingress: str) -> None:
    had_it = written("labs", "playground", values(f"ingress: {ingress}"))
    written("labs", "playground", values())
    observe_hosts()
    assert "A wildcard host would also answer for other services" in refusal(oscar, rollback(had_it))


def extra_object(kind: str, spec: str, version: str) -> str:
    return f"extraObjects: [{{kind: {kind}, apiVersion: {version}, metadata: {{name: own}}, spec: {spec}}}]"


VIRTUAL = extra_object("VirtualService", f"{{hosts: [{RELAY}]}}", "networking.istio.io/v1")


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (
            extra_object("IngressRoute", f"{{routes: [{{match: Host(`{RELAY}`)}}]}}", "traefik.io/v1alpha1"),
            "belongs to",
        ),
        (extra_object("HTTPRoute", f"{{hostnames: [{RELAY}]}}", "gateway.networking.k8s.io/v1"), "belongs to"),
        (
            f"ingress: {{enabled: true, host: {SHOP}, "
            f"annotations: {{nginx.ingress.kubernetes.io/server-alias: {RELAY}}}}}",
            "belongs to",
        ),
        (
            extra_object("Ingress", "{defaultBackend: {service: {name: own}}}", "networking.k8s.io/v1"),
            "A wildcard host would also answer for other services",
        ),
    ],
)
def test_a_rollback_brings_a_host_of_others_in_no_other_form(
    oscar: Actor, observe_hosts: Observe, part: str, said: str
) -> None:
    had_it = written("labs", "playground", values(part))
    written("labs", "playground", values())
    observe_hosts()
    assert said in refusal(oscar, rollback(had_it))


def test_an_object_whose_hosts_cannot_be_told_stays_and_comes_nowhere_new(oscar: Actor, observe_hosts: Observe) -> None:
    had_it = written("labs", "playground", values(VIRTUAL))
    observe_hosts()
    assert plan(oscar, configure(port=9090))["changed"]

    written("labs", "playground", values(VIRTUAL.replace(RELAY, SHOP)))
    with pytest.raises(Invalid, match="Nobody can tell the hosts of VirtualService own, which the file would add"):
        plan(oscar, rollback(had_it))


@pytest.mark.usefixtures("no_workers")
def test_a_wildcard_that_the_file_has_may_come_back_at_another_path(oscar: Actor, observe_hosts: Observe) -> None:
    had_it = written("labs", "playground", values(at("'*.apps.example.dev'", "/a")))
    written("labs", "playground", values(at("'*.apps.example.dev'", "/b")))
    observe_hosts()

    operation = actions.start(oscar, "rollback-service", rollback(had_it))
    engine.run(operation.pk, "one")

    assert operation.steps.get(name="commit").state == "succeeded"


def test_the_default_host_of_another_pair_is_taken_even_while_it_has_no_ingress(oscar: Actor) -> None:
    builders.service("api-worker", tenant="labs-east")
    builders.tenant("labs-east")
    same = "labs-east-api-worker.apps.example.dev"
    assert refusal(oscar, configure(host=same)) == f"{same} is the default host of another service."
    image = {"image_repository": "ghcr.io/acme/x", "image_tag": "1.0.0"}
    asked = {**configure("east-api-workers"), "action": "onboard", **image}
    assert plan(oscar, asked)["changed"]


def test_a_broken_file_is_mended_by_a_rollback_with_the_domains_it_had(dev: Actor, observe_hosts: Observe) -> None:
    had_it = str(gitops().head())
    written("payments", "checkout-web", "image: {tag: '8\n")
    observe_hosts()
    assert plan(dev, rollback(had_it, "checkout-web", "payments"))["changed"]


def test_while_a_file_is_broken_its_hosts_stay_taken(oscar: Actor, observe_hosts: Observe) -> None:
    written("payments", "webhook-relay", "image: {tag: '8\n")
    observe_hosts()
    assert refusal(oscar, configure(host=RELAY)) == f"{RELAY} belongs to another service."


def test_services_of_one_tenant_share_a_host_on_paths_of_their_own(oscar: Actor, observe_hosts: Observe) -> None:
    other, same = (written("labs", "playground", values(at(SHOP, path))) for path in ("/docs", "/api/"))
    written("labs", "playground", values())
    written("labs", "front", values(at(SHOP, "/api")))
    observe_hosts()
    assert plan(oscar, rollback(other))["changed"]
    assert refusal(oscar, rollback(same)) == f"{SHOP}/api belongs to labs/front."


# --- from the first step to the commit


@pytest.fixture
def start(no_workers: None) -> Callable[[Actor, dict[str, Any]], Operation]:
    return lambda actor, asked: actions.start(actor, "deploy-service", asked)


def test_of_two_operations_the_first_gets_the_host_and_the_other_is_told_before_it_commits(
    dev: Actor, oscar: Actor, observe_hosts: Observe, start: Callable[..., Operation]
) -> None:
    first, second = start(oscar, configure(host=SHOP)), start(dev, configure("checkout-web", "payments", host=SHOP))
    engine.run(first.pk, "one")
    engine.run(second.pk, "two")

    second.refresh_from_db()
    said = f"An operation is giving {SHOP} to another service now."
    assert (second.state, second.reason, second.steps.get(name="check").state) == ("failed", said, "failed")
    assert SHOP not in gitops().service("payments", "checkout-web").hosts
    assert gitops().service("labs", "playground").hosts == (SHOP,)
    observe_hosts()
    assert refusal(dev, configure("checkout-web", "payments", host=SHOP)) == f"{SHOP} belongs to another service."


def test_a_file_that_changed_since_it_was_checked_is_held_against_the_claims_again(
    oscar: Actor, observe_hosts: Observe, start: Callable[..., Operation]
) -> None:
    """It had the host when it was checked, so nothing was new; then the host left it, and somebody else came."""
    operation = start(oscar, configure(host=PLAYGROUND, port=9090))
    operation.steps.filter(name="check").update(state="succeeded", result={"target": {}})
    written("labs", "playground", values())
    written("payments", "shop", values(at(PLAYGROUND)))
    observe_hosts()
    taken = take(operation.pk, "here:1:task")
    assert taken is not None
    parameters = definition_of("deploy-service").parameters.model_validate(operation.parameters)

    with pytest.raises(Invalid, match="belongs to another service"):
        commit(Context(taken[0], operation.steps.get(name="commit"), parameters, "here:1:task"))

    assert gitops().service("labs", "playground").hosts == ()


def test_a_host_given_up_in_git_is_free_again(oscar: Actor, observe_hosts: Observe) -> None:
    written("payments", "webhook-relay", values())
    observe_hosts()
    assert plan(oscar, configure(host="other.apps.example.dev"))["changed"]
    assert not HostClaim.objects.filter(host=RELAY).exists()


def test_a_clash_in_git_keeps_nobody_from_other_changes(oscar: Actor, observe_hosts: Observe) -> None:
    written("labs", "playground", values(at(SHOP)))
    written("payments", "shop", values(at(SHOP)))
    observe_hosts()
    assert plan(oscar, configure(port=9090))["changed"]


# --- what people see


def test_the_form_says_it_at_the_field(observe_hosts: Observe, client: Client) -> None:
    builders.service("playground", tenant="labs")
    client.force_login(Person.objects.signed_in("oscar"))
    address = "/tenants/labs/services/playground/configure/"
    answer = client.post(address, {"host": RELAY, "intent": "plan"})
    assert answer.status_code == 422
    assert f"{RELAY} belongs to another service." in answer.content.decode()
    assert "webhook-relay/" not in answer.content.decode()


@pytest.mark.parametrize(
    ("person", "tenant", "service", "holder"),
    [
        ("oscar", "labs", "playground", "another service"),
        ("dev", "payments", "shop", "another service"),
        ("ada", "labs", "playground", "payments/shop"),
    ],
)
def test_a_clash_in_git_is_shown_at_both_services_and_names_nobody_who_is_hidden(
    person: str, tenant: str, service: str, holder: str, observe_hosts: Observe, client: Client
) -> None:
    for one, name in (("labs", "playground"), ("payments", "shop")):
        written(one, name, values(at(SHOP)))
        builders.service(name, tenant=one)
    observe_hosts()
    client.force_login(Person.objects.signed_in(person))
    said = f"{SHOP} belongs to {holder} too. Requests may reach either service."

    pages = [
        client.get(f"/tenants/{tenant}/services/{service}/{tab}").content.decode() for tab in ("", "configuration/")
    ]

    assert [said in page for page in pages] == [True, True]
    told = client.get(f"/api/v1/services/{tenant}/{service}").json()
    assert (told["hosts"], told["hostConflict"]) == ([SHOP], said)


def test_a_wildcard_and_a_host_under_it_are_shown_as_a_clash_and_neither_is_named_to_the_other(
    dev: Actor, oscar: Actor, observe_hosts: Observe
) -> None:
    written("labs", "playground", values(at("'*.apps.example.dev'")))
    written("payments", "shop", values(at(SHOP)))
    observe_hosts()
    wild, plain = builders.service("playground", tenant="labs"), builders.service("shop")

    said = "overlaps one of another service. Requests may reach either service."
    assert service_hosts(oscar, wild).conflict == f"*.apps.example.dev {said}"
    assert service_hosts(dev, plain).conflict == f"{SHOP} {said}"
