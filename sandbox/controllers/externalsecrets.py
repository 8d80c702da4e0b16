"""The external-secrets operator: stores become ready, ExternalSecrets become Secrets.

Until a Vault stands beside the sandbox, the values are made of their path: the same at every start, and recognisable
as no real credential. Everything but the source of the values is as the operator does it.
"""

import base64
import hashlib
import re
from typing import Any

from sandbox.controllers.argocd.policy import seconds
from sandbox.controllers.cache import Key, key_of
from sandbox.controllers.client import ApiError, Thing
from sandbox.controllers.clock import stamp
from sandbox.controllers.cluster import Cluster
from sandbox.controllers.faultbook import FaultBook, service_of
from sandbox.controllers.kinds import EXTERNAL_SECRET, SECRET, SECRET_STORE
from sandbox.controllers.workloads.common import condition_of, owned_by
from sandbox.controllers.workqueue import WorkQueue

FETCH_S, RETRY_S = 0.5, 15.0
VAULT = "http://vault.vault.svc.cluster.local:8200"
STORE_DOWN = "secret-store-down"
# What Vault answers, as the operator words it in its event.
REFUSALS = {
    "vault-permission-denied": (
        "cannot read secret data from Vault: Error making API request.\n\n"
        "URL: GET {vault}/v1/secret/data/{path}\nCode: 403. Errors:\n\n* 1 error occurred:\n\t* permission denied\n\n"
    ),
    "vault-path-missing": "Secret does not exist",
}
NO_LOGIN = (
    'unable to log in to auth method: unable to log in with Kubernetes auth: Put "{vault}/v1/auth/kubernetes/login": '
    "dial tcp 10.43.12.7:8200: connect: connection refused"
)
PLACE = re.compile(r"\{\{-?\s*\.(\w+)[^}]*\}\}")
DATABASE = {"host": "shared-pg-pooler-rw.platform-db.svc.cluster.local", "port": "5432"}


class ExternalSecrets:
    def __init__(self, cluster: Cluster, faults: FaultBook) -> None:
        self.cluster, self.clock, self.faults = cluster, cluster.clock, faults
        self.client = cluster.client.acting_as("external-secrets")
        self.events = cluster.recorder("external-secrets")
        self.secrets, self.stores = cluster.cache(EXTERNAL_SECRET), cluster.cache(SECRET_STORE)
        self.queue: WorkQueue[Key] = WorkQueue("externalsecrets", self.reconcile, workers=4)
        self.store_queue: WorkQueue[Key] = WorkQueue("secretstores", self.reconcile_store, workers=2)

    def start(self) -> None:
        self.secrets.subscribe(self._changed)
        self.stores.subscribe(lambda old, new: self.store_queue.add(key_of(new or old or {})))
        self.faults.subscribe(self._faults_changed)
        self.cluster.start(self.queue.run(), name="externalsecrets")
        self.cluster.start(self.store_queue.run(), name="secretstores")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is not None and (old is None or old["spec"] != new["spec"]):
            self.queue.add(key_of(new))

    def _faults_changed(self) -> None:
        for store in self.stores.all():
            self.store_queue.add(key_of(store))
        for external in self.secrets.all():
            ready = condition_of(external, "Ready")
            if self._refusal(external) or (ready is not None and ready["status"] == "False"):
                self.queue.add(key_of(external))

    async def reconcile_store(self, key: Key) -> None:
        store = self.stores.get(*key)
        if store is None:
            return
        known, down = condition_of(store, "Ready"), self._is_down(key[0])
        if known is not None and (known["status"] == "False") == down:
            return
        if down:
            self.events.warning(store, "InvalidProviderConfig", NO_LOGIN.format(vault=VAULT))
            condition = self._ready(store, "InvalidProviderConfig", "unable to create client", status="False")
        else:
            condition = self._ready(store, "Valid", "store validated")
        status = {"conditions": [condition], "capabilities": "ReadWrite"}
        self.stores.observe(await self.client.patch(SECRET_STORE, *key, {"status": status}, sub="status"))

    async def reconcile(self, key: Key) -> None:
        external = self.secrets.get(*key)
        if external is None or external["metadata"].get("deletionTimestamp"):
            return
        await self.clock.sleep(FETCH_S)
        if refusal := self._refusal(external):
            await self._fail(external, refusal)
            return
        target = (external["spec"].get("target") or {}).get("name") or key[1]
        made = await self._write(external, key[0], target)
        if made:
            self.events.normal(external, "Updated", "Updated Secret")
        now = stamp(self.clock.now())
        status = {
            "binding": {"name": target},
            "conditions": [self._ready(external, "SecretSynced", "secret synced")],
            "refreshTime": now,
            "syncedResourceVersion": f"{external['metadata'].get('generation', 1)}-{_digest(str(key))[:28]}",
        }
        self.secrets.observe(await self.client.patch(EXTERNAL_SECRET, *key, {"status": status}, sub="status"))
        self.queue.add_after(key, self.clock.real(seconds(external["spec"].get("refreshInterval") or "1h")))

    async def _fail(self, external: Thing, refusal: str) -> None:
        """The Secret keeps its values; the condition says that it failed and the event says why."""
        self.events.warning(external, "UpdateFailed", refusal)
        said = "could not get secret data from provider"
        status = {"conditions": [self._ready(external, "SecretSyncedError", said, status="False")]}
        key = key_of(external)
        self.secrets.observe(await self.client.patch(EXTERNAL_SECRET, *key, {"status": status}, sub="status"))
        self.queue.add_after(key, self.clock.real(RETRY_S))

    def _refusal(self, external: Thing) -> str:
        """Why nothing can be fetched, in the operator's words; empty where all is well."""
        reference = external["spec"].get("secretStoreRef") or {}
        if reference.get("kind", "SecretStore") == "SecretStore" and self._is_down(external["metadata"]["namespace"]):
            return f'could not get provider client: SecretStore "{reference.get("name")}" is not ready'
        for one in self.faults.all():
            if one.fault.name in REFUSALS and (one.tenant, one.service) == service_of(external):
                path = next((each["remoteRef"]["key"] for each in external["spec"].get("data") or []), "")
                said = REFUSALS[one.fault.name].format(vault=VAULT, path=path)
                return f"error processing spec.data[0] (key: {path}), err: {said}"
        return ""

    def _is_down(self, namespace: str) -> bool:
        return any(one.fault.name == STORE_DOWN and one.tenant == namespace for one in self.faults.all())

    async def _write(self, external: Thing, namespace: str, name: str) -> bool:
        """True when the Secret was made or changed."""
        template = (external["spec"].get("target") or {}).get("template") or {}
        data = {field: base64.b64encode(text.encode()).decode() for field, text in _contents(external).items()}
        known = await self.client.find(SECRET, namespace, name)
        if known is not None and (known.get("data") or {}) == data:
            return False
        if known is not None:
            await self.client.patch(SECRET, namespace, name, {"data": data})
            return True
        secret = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "ownerReferences": owned_by(external),
                "labels": {"reconcile.external-secrets.io/managed": "true"},
            },
            "type": template.get("type", "Opaque"),
            "data": data,
        }
        try:
            await self.client.create(SECRET, secret)
        except ApiError as error:
            if error.status != 409:
                raise
        return True

    def _ready(self, thing: Thing, reason: str, message: str, *, status: str = "True") -> dict[str, Any]:
        known = condition_of(thing, "Ready")
        since = known["lastTransitionTime"] if known and known["status"] == status else stamp(self.clock.now())
        return {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def _contents(external: Thing) -> dict[str, str]:
    """The Secret's data before encoding: every value fetched, then put through the template where there is one."""
    spec = external["spec"]
    values = {one["secretKey"]: _value(one["remoteRef"]) for one in spec.get("data") or []}
    for source in spec.get("dataFrom") or []:
        if path := (source.get("extract") or {}).get("key"):
            names = (*DATABASE, "database", "username", "password") if path.endswith("/database") else ("value",)
            values.update({name: _value({"key": path, "property": name}) for name in names})
    template = ((spec.get("target") or {}).get("template") or {}).get("data")
    if not template:
        return values
    filled = {name: PLACE.sub(lambda found: values.get(found.group(1), ""), text) for name, text in template.items()}
    merged = (spec["target"]["template"].get("mergePolicy") or "Replace") == "Merge"
    return {**values, **filled} if merged else filled


def _value(reference: dict[str, Any]) -> str:
    path, name = reference["key"], reference.get("property", "value")
    if name == ".dockerconfigjson":
        auth = base64.b64encode(f"sandbox:{_digest(path)[:20]}".encode()).decode()
        return f'{{"auths":{{"ghcr.io":{{"auth":"{auth}"}}}}}}'
    if path.endswith("/database"):
        service = path.split("/")[-3:-1]
        known = {**DATABASE, "database": "-".join(service), "username": "-".join(service)}
        if name in known:
            return known[name]
    return f"sandbox-{_digest(f'{path}#{name}')[:20]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
