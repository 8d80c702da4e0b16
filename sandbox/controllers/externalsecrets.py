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
from sandbox.controllers.kinds import EXTERNAL_SECRET, SECRET, SECRET_STORE
from sandbox.controllers.workloads.common import condition_of, owned_by
from sandbox.controllers.workqueue import WorkQueue

FETCH_S = 0.5
PLACE = re.compile(r"\{\{-?\s*\.(\w+)[^}]*\}\}")
DATABASE = {"host": "shared-pg-pooler-rw.platform-db.svc.cluster.local", "port": "5432"}


class ExternalSecrets:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.clock = cluster, cluster.clock
        self.client = cluster.client.acting_as("external-secrets")
        self.events = cluster.recorder("external-secrets")
        self.secrets, self.stores = cluster.cache(EXTERNAL_SECRET), cluster.cache(SECRET_STORE)
        self.queue: WorkQueue[Key] = WorkQueue("externalsecrets", self.reconcile, workers=4)
        self.store_queue: WorkQueue[Key] = WorkQueue("secretstores", self.reconcile_store, workers=2)

    def start(self) -> None:
        self.secrets.subscribe(self._changed)
        self.stores.subscribe(lambda old, new: self.store_queue.add(key_of(new or old or {})))
        self.cluster.start(self.queue.run(), name="externalsecrets")
        self.cluster.start(self.store_queue.run(), name="secretstores")

    def _changed(self, old: Thing | None, new: Thing | None) -> None:
        if new is not None and (old is None or old["spec"] != new["spec"]):
            self.queue.add(key_of(new))

    async def reconcile_store(self, key: Key) -> None:
        store = self.stores.get(*key)
        if store is not None and condition_of(store, "Ready") is None:
            condition = self._ready(store, "Valid", "store validated")
            status = {"conditions": [condition], "capabilities": "ReadWrite"}
            await self.client.patch(SECRET_STORE, *key, {"status": status}, sub="status")

    async def reconcile(self, key: Key) -> None:
        external = self.secrets.get(*key)
        if external is None or external["metadata"].get("deletionTimestamp"):
            return
        await self.clock.sleep(FETCH_S)
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

    def _ready(self, thing: Thing, reason: str, message: str) -> dict[str, Any]:
        known = condition_of(thing, "Ready")
        since = known["lastTransitionTime"] if known and known["status"] == "True" else stamp(self.clock.now())
        return {"type": "Ready", "status": "True", "reason": reason, "message": message, "lastTransitionTime": since}


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
