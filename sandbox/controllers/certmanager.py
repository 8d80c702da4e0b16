"""cert-manager: Certificates for the TLS entries of annotated Ingresses, issued through request, order and challenge.

No authority is asked: a challenge passes unless a fault says that the domain does not lead here or that the authority
refuses new orders. The certificate made in the end is none, and says so.
"""

import base64
import hashlib
from datetime import timedelta
from typing import Any

from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.faultbook import FaultBook
from sandbox.controllers.kinds import CERTIFICATE, CERTIFICATE_REQUEST, CHALLENGE, INGRESS, ISSUER, ORDER, SECRET, Kind
from sandbox.controllers.workloads.common import condition_of, owned_by
from sandbox.controllers.workqueue import WorkQueue

ANNOTATION = "cert-manager.io/cluster-issuer"
ISSUERS = ("letsencrypt-prod",)
ACME = "https://acme-v02.api.letsencrypt.org"
ISSUE_S, LOOK_AGAIN_S = 15.0, 60.0
VALID = timedelta(days=90)
RENEWED_BEFORE = timedelta(days=30)
NOT_POINTED, LIMITED = "domain-not-pointed", "certificate-rate-limit"


class CertManager:
    def __init__(self, cluster: Cluster, faults: FaultBook) -> None:
        self.cluster, self.clock, self.faults = cluster, cluster.clock, faults
        self.client = cluster.client.acting_as("cert-manager")
        self.ingresses, self.certificates = cluster.cache(INGRESS), cluster.cache(CERTIFICATE)
        self.queue: WorkQueue[Key] = WorkQueue("certificates", self.reconcile, workers=4)

    def start(self) -> None:
        self.ingresses.subscribe(lambda old, new: self.queue.add(key_of(new or old or {})))
        self.faults.subscribe(self._faults_changed)
        self.cluster.start(self.queue.run(), name="certificates")
        self.cluster.start(self.declare_issuers(), name="issuers")

    def _faults_changed(self) -> None:
        for ingress in self.ingresses.all():
            self.queue.add(key_of(ingress))

    async def declare_issuers(self) -> None:
        ready = {"type": "Ready", "status": "True", "reason": "ACMEAccountRegistered"}
        words = "The ACME account was registered with the ACME server"
        for name in ISSUERS:
            acme = {"server": f"{ACME}/directory", "privateKeySecretRef": {"name": name}}
            thing = {"apiVersion": ISSUER.api_version, "kind": ISSUER.kind, "metadata": {"name": name}}
            await self.client.apply(ISSUER, {**thing, "spec": {"acme": acme}})
            condition = {**ready, "message": words, "lastTransitionTime": stamp(self.clock.now())}
            await self.client.patch(ISSUER, "", name, {"status": {"conditions": [condition]}}, sub="status")

    async def reconcile(self, key: Key) -> None:
        ingress = self.ingresses.get(*key)
        issuer = ((ingress or {}).get("metadata", {}).get("annotations") or {}).get(ANNOTATION)
        if ingress is None or not issuer:
            return
        entries = [one for one in ingress["spec"].get("tls") or [] if one.get("secretName")]
        for known in self.certificates.owned_by(ingress["metadata"]["uid"]):
            if known["spec"]["secretName"] not in {one["secretName"] for one in entries}:
                await self._delete(CERTIFICATE, known)
        for entry in entries:
            certificate = await self._certificate(ingress, entry, issuer)
            if certificate is not None:
                await self._issue(ingress, certificate)

    async def _certificate(self, ingress: Thing, entry: dict[str, Any], issuer: str) -> Thing | None:
        space, name = ingress["metadata"]["namespace"], entry["secretName"]
        known = self.certificates.get(space, name)
        if known is not None:
            return known
        spec = {
            "secretName": name,
            "dnsNames": entry.get("hosts") or [],
            "issuerRef": {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": issuer},
            "usages": ["digital signature", "key encipherment"],
        }
        meta = {"name": name, "namespace": space, "ownerReferences": owned_by(ingress)}
        made = await self._create(CERTIFICATE, {"metadata": meta, "spec": spec})
        return self.certificates.observe(made) if made else None

    async def _issue(self, ingress: Thing, certificate: Thing) -> None:
        """One look: nothing to do, the challenge still pending, or issued."""
        trouble = self._trouble(ingress, certificate)
        ready, issuing = condition_of(certificate, "Ready"), condition_of(certificate, "Issuing")
        is_ready = ready is not None and ready["status"] == "True"
        if is_ready and not issuing and not trouble:
            return
        if not issuing:
            certificate = await self._begin(certificate, is_ready=is_ready)
        request = await self._request(certificate)
        order = await self._order(certificate, request) if request else None
        if request is None or order is None:
            return
        if trouble:
            await self._report(order, request, certificate, trouble)
            self.queue.add_after(key_of(ingress), self.clock.real(LOOK_AGAIN_S))
            return
        await self.clock.sleep(ISSUE_S)
        await self._finish(certificate, request, order)

    def _trouble(self, ingress: Thing, certificate: Thing) -> str:
        """The fault that keeps this certificate from being issued; empty for none."""
        for one in self.faults.of(ingress):
            host = one.settings.get("host")
            if one.fault.name in (NOT_POINTED, LIMITED) and (not host or host in certificate["spec"]["dnsNames"]):
                return one.fault.name
        return ""

    async def _begin(self, certificate: Thing, *, is_ready: bool) -> Thing:
        now = stamp(self.clock.now())
        words = f"Renewing certificate as renewal was scheduled at {now}"
        reason, said = (
            ("Renewing", words) if is_ready else ("DoesNotExist", "Issuing certificate as Secret does not exist")
        )
        conditions = [_condition("Issuing", "True", reason, said, now)]
        ready = condition_of(certificate, "Ready")
        conditions.append(ready if is_ready and ready else _condition("Ready", "False", reason, said, now))
        return await self._status(CERTIFICATE, certificate, {"conditions": conditions})

    async def _request(self, certificate: Thing) -> Thing | None:
        meta = certificate["metadata"]
        revision = (certificate.get("status") or {}).get("revision", 0) + 1
        name = f"{meta['name']}-{revision}"
        known = await self.client.find(CERTIFICATE_REQUEST, meta["namespace"], name)
        if known is not None:
            return known
        annotations = {
            "cert-manager.io/certificate-name": meta["name"],
            "cert-manager.io/certificate-revision": str(revision),
        }
        made = {"name": name, "namespace": meta["namespace"], "annotations": annotations}
        spec = {
            "issuerRef": certificate["spec"]["issuerRef"],
            "request": _encoded(name),
            "usages": ["digital signature"],
        }
        owned = {**made, "ownerReferences": owned_by(certificate)}
        return await self._create(CERTIFICATE_REQUEST, {"metadata": owned, "spec": spec})

    async def _order(self, certificate: Thing, request: Thing) -> Thing | None:
        meta = request["metadata"]
        name = f"{meta['name']}-{_number(meta['uid'])}"
        known = await self.client.find(ORDER, meta["namespace"], name)
        if known is not None:
            return known
        names = certificate["spec"]["dnsNames"]
        spec = {"dnsNames": names, "issuerRef": certificate["spec"]["issuerRef"], "request": request["spec"]["request"]}
        owned = {"name": name, "namespace": meta["namespace"], "ownerReferences": owned_by(request)}
        order = await self._create(ORDER, {"metadata": owned, "spec": spec})
        if order is None:
            return None
        words = f'Waiting on certificate issuance from order {meta["namespace"]}/{name}: "pending"'
        await self._status(CERTIFICATE_REQUEST, request, {"conditions": self._requested("False", "Pending", words)})
        for host in names:
            await self._create(CHALLENGE, challenge_of(order, host))
        return await self._status(ORDER, order, {"state": "pending", "url": f"{ACME}/acme/order/{_number(name)}"})

    async def _report(self, order: Thing, request: Thing, certificate: Thing, trouble: str) -> None:
        hosts = certificate["spec"]["dnsNames"]
        if trouble == LIMITED:
            words = rate_limited(hosts, stamp(self.clock.now() + timedelta(days=2)))
            await self._status(ORDER, order, {"state": "errored", "reason": words})
            said = self._requested("False", "Failed", f"Failed to wait for order resource: {words}")
            await self._status(CERTIFICATE_REQUEST, request, {"conditions": said})
            return
        for host in hosts:
            name = challenge_of(order, host)["metadata"]["name"]
            challenge = await self.client.find(CHALLENGE, order["metadata"]["namespace"], name)
            status = {"presented": True, "processing": True, "state": "pending", "reason": unresolved(challenge, host)}
            if challenge is not None and challenge.get("status") != status:
                await self._status(CHALLENGE, challenge, status)

    async def _finish(self, certificate: Thing, request: Thing, order: Thing) -> None:
        space, now = certificate["metadata"]["namespace"], self.clock.now()
        for host in certificate["spec"]["dnsNames"]:
            await self._delete(CHALLENGE, challenge_of(order, host))
        await self._status(ORDER, order, {"state": "valid", "reason": None})
        words = "Certificate fetched from issuer successfully"
        await self._status(CERTIFICATE_REQUEST, request, {"conditions": self._requested("True", "Issued", words)})
        name = certificate["spec"]["secretName"]
        data = {"tls.crt": _encoded(f"no real certificate of {name}"), "tls.key": _encoded(f"no real key of {name}")}
        meta = {"name": name, "namespace": space, "annotations": {"cert-manager.io/certificate-name": name}}
        await self._create(SECRET, {"metadata": meta, "type": "kubernetes.io/tls", "data": data})
        up = _condition("Ready", "True", "Ready", "Certificate is up to date and has not expired", stamp(now))
        status = {
            "conditions": [up],
            "revision": (certificate.get("status") or {}).get("revision", 0) + 1,
            "notBefore": stamp(now),
            "notAfter": stamp(now + VALID),
            "renewalTime": stamp(now + VALID - RENEWED_BEFORE),
        }
        self.certificates.observe(await self._status(CERTIFICATE, certificate, status))

    def _requested(self, status: str, reason: str, message: str) -> list[dict[str, str]]:
        now = stamp(self.clock.now())
        approved = "Certificate request has been approved by cert-manager.io"
        return [
            _condition("Approved", "True", "cert-manager.io", approved, now),
            _condition("Ready", status, reason, message, now),
        ]

    async def _status(self, kind: Kind, thing: Thing, status: dict[str, Any]) -> Thing:
        meta = thing["metadata"]
        return await self.client.patch(kind, meta["namespace"], meta["name"], {"status": status}, sub="status")

    async def _create(self, kind: Kind, thing: Thing) -> Thing | None:
        """None where it is there already, or where its namespace goes."""
        try:
            return await self.client.create(kind, thing)
        except ApiError as error:
            if error.status not in (403, 404, 409):
                raise
            return None

    async def _delete(self, kind: Kind, thing: Thing) -> None:
        try:
            await self.client.delete(kind, thing["metadata"]["namespace"], thing["metadata"]["name"])
        except ApiError as error:
            if error.status != 404:
                raise


def challenge_of(order: Thing, host: str) -> Thing:
    name = order["metadata"]["name"]
    token = hashlib.sha256(f"{name} {host}".encode()).hexdigest()[:24]
    spec = {
        "authorizationURL": f"{ACME}/acme/authz/{_number(name)}",
        "dnsName": host,
        "issuerRef": order["spec"]["issuerRef"],
        "key": f"{token}.sandbox",
        "solver": {"http01": {"ingress": {"ingressClassName": "traefik"}}},
        "token": token,
        "type": "HTTP-01",
        "url": f"{ACME}/acme/chall/{_number(host)}",
        "wildcard": False,
    }
    meta = {"name": f"{name}-{_number(host)}", "namespace": order["metadata"]["namespace"]}
    return {"metadata": {**meta, "ownerReferences": owned_by(order)}, "spec": spec}


def unresolved(challenge: Thing | None, host: str) -> str:
    token = ((challenge or {}).get("spec") or {}).get("token", "")
    url = f"http://{host}/.well-known/acme-challenge/{token}"
    return (
        f"Waiting for HTTP-01 challenge propagation: failed to perform self check GET request '{url}': "
        f'Get "{url}": dial tcp: lookup {host} on 10.96.0.10:53: no such host'
    )


def rate_limited(hosts: list[str], until: str) -> str:
    return (
        "Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: too many certificates (5) already issued "
        f"for this exact set of domains in the last 168h0m0s: {', '.join(hosts)}, retry after {until}"
    )


def _condition(kind: str, status: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
