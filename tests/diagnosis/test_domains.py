"""Certificates and domains, from the Ingress down to the challenge."""

# ruff: noqa: E501 - messages stand as the systems write them

from typing import Any

import pytest

from tests.diagnosis.builders import (
    App,
    ago,
    causes,
    diagnose,
    event,
    ingress,
    ingress_class,
    notices,
    obj,
    owned,
    said,
    secret,
)

HOST, ACME = "shop.customer.example", "acme.cert-manager.io/v1"
Obj = dict[str, Any]


def chain(
    *, minutes: float = 60, challenge: str = "", order: str = "", state: str = "pending", request: str = ""
) -> list[Obj]:
    """Certificate, request, order and, where it says something, challenge, each owning the next."""
    moment, pending = ago(minutes=minutes), {"reason": "DoesNotExist", "message": "Issuing as Secret does not exist"}
    conditions = [
        {"type": type_, "status": status, "lastTransitionTime": moment, **pending}
        for type_, status in (("Ready", "False"), ("Issuing", "True"))
    ]
    wanted = {
        "dnsNames": [HOST],
        "secretName": "shop-tls",
        "issuerRef": {"kind": "ClusterIssuer", "name": "letsencrypt"},
    }
    unready = {"type": "Ready", "status": "False", "reason": "Pending", "message": request}
    certificate = obj("cert-manager.io/v1", "Certificate", "shop-tls", made=moment, spec=wanted)
    certificate["status"] = {"conditions": conditions}
    asked = obj("cert-manager.io/v1", "CertificateRequest", "shop-tls-1", made=moment, status={"conditions": [unready]})
    ordered = obj(ACME, "Order", "shop-tls-1-77", made=moment, status={"state": state, "reason": order})
    challenged = obj(ACME, "Challenge", "shop-tls-1-77-88", made=moment, spec={"dnsName": HOST, "type": "HTTP-01"})
    challenged["status"] = {"state": "pending", "reason": challenge}
    for owner, below in ((certificate, asked), (asked, ordered), (ordered, challenged)):
        below["metadata"]["ownerReferences"] = owned(owner)
    return [certificate, asked, ordered, challenged] if challenge or not order else [certificate, asked, ordered]


def diagnosed(*objs):
    app = App("shop")
    front = ingress(
        "shop",
        "shop",
        HOST,
        tls=[{"hosts": [HOST], "secretName": "shop-tls"}],
        annotations={"cert-manager.io/cluster-issuer": "letsencrypt"},
    )
    return diagnose(app, app.service(), front, ingress_class(), *objs)


SELF_CHECKS = [
    f"Waiting for HTTP-01 challenge propagation: failed to perform self check GET request 'http://{HOST}/.well-known/acme-challenge/x': dial tcp: lookup {HOST} on 10.43.0.10:53: no such host",
    "Waiting for HTTP-01 challenge propagation: wrong status code '404', expected '200'",
    f"Error accepting authorization: acme: authorization error for {HOST}: 400 urn:ietf:params:acme:error:dns: DNS problem: NXDOMAIN looking up A for {HOST}",
]


@pytest.mark.parametrize("message", SELF_CHECKS)
def test_a_domain_that_does_not_point_here(message: str):
    found = diagnosed(*chain(challenge=message))

    assert causes(found) == ["domain-dns-not-pointed"]
    assert HOST in said(found)


@pytest.mark.parametrize("message", SELF_CHECKS[:2])
def test_the_same_words_in_the_first_minute_are_an_issue_under_way(message: str):
    found = diagnosed(*chain(challenge=message, minutes=1))

    assert causes(found) == []
    assert notices(found) == ["certificate-issuing"]


def test_the_authoritys_own_answer_needs_no_waiting():
    assert causes(diagnosed(*chain(challenge=SELF_CHECKS[2], minutes=1))) == ["domain-dns-not-pointed"]


RATE_LIMIT = "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-08-21 03:00:00 UTC"


def test_the_authority_limits_orders():
    found = diagnosed(*chain(order=RATE_LIMIT, state="errored"))

    assert causes(found) == ["acme-rate-limited"]
    assert "2026-08-21" in said(found)


def test_a_rate_limit_told_by_an_event_only():
    objs = chain(minutes=30)
    found = diagnosed(
        *objs,
        event(objs[0], "Failed", f"The certificate request has failed to complete and will be retried: {RATE_LIMIT}"),
    )

    assert causes(found) == ["acme-rate-limited"]


def test_a_certificate_that_hangs_for_an_unknown_reason_is_a_symptom():
    found = diagnosed(
        *chain(request='Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "letsencrypt" not found')
    )

    assert causes(found) == ["certificate-not-ready"]
    assert "letsencrypt" in said(found)


def test_an_issued_certificate_is_nothing():
    objs = chain()
    objs[0]["status"]["conditions"] = [{"type": "Ready", "status": "True", "reason": "Ready"}]

    assert causes(diagnosed(*objs, secret("shop-tls", "tls.crt"))) == []


def test_a_neighbours_certificate_is_not_ours():
    app = App()

    assert causes(diagnose(app, app.service(), *chain(challenge=SELF_CHECKS[0]))) == []
