"""Asks an API server what it would say to rendered objects: a server-side apply that changes nothing."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml

NAMESPACE = "charts-dry-run"
# Their definitions belong to other operators and stand on neither server.
KINDS_OF_OTHERS = {"Rollout", "ServiceMonitor", "PodMonitor", "Middleware"}
PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"}


@dataclass(frozen=True, slots=True)
class Answer:
    """`refusal` is empty for an object that the server takes; `warning` is what it says beside."""

    refusal: str
    warning: str


class Server:
    """With a namespace that warns of pods below the Pod Security level "restricted"."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        self.address = cluster["server"]
        self.headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.pool = urllib3.PoolManager(ca_cert_data=authority, retries=False, timeout=30)
        labels = {"pod-security.kubernetes.io/warn": "restricted"}
        metadata = {"name": NAMESPACE, "labels": labels}
        self.apply(f"/api/v1/namespaces/{NAMESPACE}", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})

    def close(self) -> None:
        path = f"{self.address}/api/v1/namespaces/{NAMESPACE}"
        self.pool.request("DELETE", path, headers=self.headers)
        self.pool.clear()

    def apply(self, path: str, item: dict[str, Any], *, query: str = "") -> urllib3.BaseHTTPResponse:
        url = f"{self.address}{path}?fieldManager=argocd&force=true{query}"
        headers = {**self.headers, "Content-Type": "application/apply-patch+yaml"}
        return self.pool.request("PATCH", url, body=json.dumps(item, ensure_ascii=False).encode(), headers=headers)

    def answers(self, objects: Sequence[dict[str, Any]]) -> list[Answer]:
        return [self.answer(item) for item in objects if item["kind"] not in KINDS_OF_OTHERS]

    def answer(self, item: dict[str, Any]) -> Answer:
        """Namespaces of a tenant exist only in the dry run, so what is in them is asked about in one that does."""
        metadata, kind, version = item["metadata"], item["kind"], item["apiVersion"]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if "namespace" in metadata:
            root = f"{root}/namespaces/{NAMESPACE}"
            item = {**item, "metadata": {**metadata, "namespace": NAMESPACE}}
        plural = PLURALS.get(kind, f"{kind.lower()}s")
        path = f"{root}/{plural}/{metadata['name']}"
        said = self.apply(path, item, query="&dryRun=All&fieldValidation=Strict")
        refusal = "" if said.status < 300 else f"{kind} {metadata['name']}: {said.data.decode()[:1000]}"
        return Answer(refusal, said.headers.get("Warning", ""))
