"""The diagnosis of a service in trouble while Kubernetes withholds one right of the manifest from MCTL."""

from collections.abc import Iterator

import pytest

from core.actor import Actor
from core.errors import Unavailable
from diagnosis.queries import diagnose_live, live_kinds
from diagnosis.queries.asked import diagnose_asked
from diagnosis.rules import Target
from integrations.errors import Refused
from integrations.kubernetes import Right, kinds
from integrations.kubernetes.kinds import Kind
from observer.diagnosis_queue import diagnose_service
from tests import builders
from tests.integrations.kubernetes.account import Account, set_up
from tests.integrations.kubernetes.objects import create, deployment, make_namespace, owner, replica_set, set_status
from tests.integrations.kubernetes.servers import Emulator

FULL = "payments-ledger-api-base-service"
LACK = "couldn't find key SIGNING_KEY in Secret payments/ledger-api-secrets"
LEDGER = Target("Deployment", "payments", "ledger-api")
WORDS = {"secrets": "read Secret ledger-api-secrets", "pods/log": "read the log of", "applications": "read Application"}


def right_to(kind: Kind) -> Right:
    return next(right for right in live_kinds.RIGHTS if right.kind is kind)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    server = Emulator(tmp_path_factory.mktemp("kubernetes"))
    try:
        made = set_up(server.start().kubeconfig, tmp_path_factory.mktemp("account"))
        fill(made)
        yield made
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def through_the_account(account: Account, settings) -> None:
    settings.KUBECONFIG = str(account.kubeconfig)


def fill(account: Account) -> None:
    """A service whose pod waits for a key that its Secret lacks, and an Ingress."""
    cluster = account.admin
    make_namespace(cluster, "payments")
    secret = {"metadata": {"name": "ledger-api-secrets"}, "stringData": {"SIGNING_KEY_OLD": "x"}}
    create(cluster, kinds.SECRETS, "payments", secret)
    body = deployment("payments", "ledger-api")
    container = body["spec"]["template"]["spec"]["containers"][0]
    wanted = {"secretKeyRef": {"name": "ledger-api-secrets", "key": "SIGNING_KEY"}}
    container["env"] = [{"name": "SIGNING_KEY", "valueFrom": wanted}]
    body["spec"]["template"]["spec"].pop("nodeName")
    made = create(cluster, kinds.DEPLOYMENTS, "payments", body)
    of = create(cluster, kinds.REPLICA_SETS, "payments", replica_set(made, f"{FULL}-7d9c5b6f4"))
    template = made["spec"]["template"]
    labels = {**template["metadata"]["labels"], "pod-template-hash": "7d9c5b6f4"}
    metadata = {"name": f"{FULL}-7d9c5b6f4-abc12", "labels": labels, "ownerReferences": [owner(of)]}
    create(cluster, kinds.PODS, "payments", {"metadata": metadata, "spec": {**template["spec"], "nodeName": "one"}})
    waiting = {"waiting": {"reason": "CreateContainerConfigError", "message": LACK}}
    state = {"name": "base-service", "ready": False, "restartCount": 0, "state": waiting, "image": "x", "imageID": ""}
    status = {"phase": "Pending", "containerStatuses": [state]}
    set_status(cluster, kinds.PODS, "payments", metadata["name"], status)
    port = {"service": {"name": FULL, "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": port}]
    spec = {"rules": [{"host": "ledger.example.dev", "http": {"paths": paths}}]}
    create(cluster, kinds.INGRESSES, "payments", {"metadata": {"name": "ledger"}, "spec": spec})


def test_with_every_right_each_source_can_be_read(account: Account) -> None:
    found = diagnose_live(LEDGER, thorough=True)

    assert not [source for source in found.sources if not source.ok]
    assert found.findings[0].cause == "secret-key-missing"
    assert "SIGNING_KEY_OLD" in found.findings[0].detail


@pytest.mark.parametrize("right", live_kinds.RIGHTS, ids=lambda right: right.resource)
def test_the_source_that_may_not_be_read_is_named_and_nothing_is_claimed_of_it(account: Account, right: Right) -> None:
    with account.without(right, right.verbs[0]):
        found = diagnose_live(LEDGER, thorough=True)

    (refused,) = [source for source in found.sources if not source.ok]
    assert f"Kubernetes does not allow us to {WORDS.get(right.resource, f'list {right.resource}')}" in refused.error
    assert not found.healthy
    is_seen = "secret-key-missing" in [finding.cause for finding in found.findings]
    assert is_seen == (right.resource not in ("pods", "deployments"))


def test_a_service_looks_no_better_to_the_observer_because_less_can_be_read(account: Account) -> None:
    assert diagnose_service(("payments", "ledger-api"))["findings"][0]["cause"] == "secret-key-missing"

    # The row keeps what was found last.
    with (
        account.without(right_to(kinds.DEPLOYMENTS), "list"),
        pytest.raises(Unavailable, match="Too little of the cluster"),
    ):
        diagnose_service(("payments", "ledger-api"))


def test_without_the_right_to_secrets_the_cause_stands_and_the_keys_are_not_told(account: Account) -> None:
    with account.without(right_to(kinds.SECRETS), "get"):
        found = diagnose_live(LEDGER)

    assert "lacks the key SIGNING_KEY" in found.findings[0].title
    assert "It has the keys" not in found.findings[0].detail
    assert [source.name for source in found.sources if not source.ok] == ["keys of secret ledger-api-secrets"]


def test_of_several_missing_rights_each_is_named(account: Account) -> None:
    with account.without(right_to(kinds.NODES), "list"), account.without(right_to(kinds.SECRETS), "get"):
        found = diagnose_live(LEDGER)

    (refused,) = [source for source in found.sources if not source.ok]
    assert refused.name == "nodes, keys of secret ledger-api-secrets"
    asked = "list nodes, read Secret ledger-api-secrets in payments"
    assert refused.error == f"Kubernetes does not allow us to {asked}."


def test_a_domain_is_found_by_its_ingress_without_the_right_to_certificates(account: Account, db, ada: Actor) -> None:
    builders.tenant("payments")
    with account.without(right_to(kinds.CERTIFICATES), "list"):
        found = diagnose_asked(ada, team="payments", domain="ledger.example.dev")

    assert found["target"]["kind"] == "Ingress"


def test_a_domain_that_may_hang_on_a_certificate_is_not_said_to_be_absent(account: Account, db, ada: Actor) -> None:
    builders.tenant("payments")
    with (
        account.without(right_to(kinds.CERTIFICATES), "list"),
        pytest.raises(Refused, match="list certificates in payments"),
    ):
        diagnose_asked(ada, team="payments", domain="other.example.dev")
