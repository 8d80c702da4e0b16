"""What the controllers write into objects of Argo CD, external-secrets, cert-manager and CNPG fits their schemas."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox import faults
from sandbox.controllers.client import Thing
from sandbox.controllers.kinds import (
    APPLICATION,
    APPLICATION_SET,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CHALLENGE,
    DATABASE,
    EXTERNAL_SECRET,
    ISSUER,
    ORDER,
    POSTGRES,
    SECRET_STORE,
    Kind,
)
from tests.processes import ROOT
from tests.sandbox.controllers.world import Cluster, GitOps, health

CRDS = ROOT.parent / "shared" / "crds"
FILES = {
    APPLICATION: "argocd-application.yaml",
    APPLICATION_SET: "argocd-applicationset.yaml",
    EXTERNAL_SECRET: "external-secrets.io_externalsecrets.yaml",
    SECRET_STORE: "external-secrets.io_secretstores.yaml",
    ISSUER: "cert-manager.io_clusterissuers.yaml",
    CERTIFICATE: "cert-manager.io_certificates.yaml",
    CERTIFICATE_REQUEST: "cert-manager.io_certificaterequests.yaml",
    ORDER: "acme.cert-manager.io_orders.yaml",
    CHALLENGE: "acme.cert-manager.io_challenges.yaml",
    POSTGRES: "postgresql.cnpg.io_clusters.yaml",
    DATABASE: "postgresql.cnpg.io_databases.yaml",
}
INGRESS = {
    "enabled": True,
    "host": "schema.customer.example",
    "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
    "tls": [{"secretName": "schema-tls", "hosts": ["schema.customer.example"]}],
}
# What makes the objects appear that a healthy service has not.
TROUBLES = ("domain-not-pointed", "database-cluster-down")


def schema_of(file: Path, version: str) -> dict[str, Any]:
    definition = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
    found = next(one for one in definition["spec"]["versions"] if one["name"] == version)
    schema: dict[str, Any] = closed(found["schema"]["openAPIV3Schema"])
    schema["properties"]["metadata"] = {"type": "object"}
    return schema


def closed(schema: Any) -> Any:
    """Fields the schema does not name are errors, as with strict field validation."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: closed(one) for name, one in schema.items() if name != "format"}
    free = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object" and not free:
        found["additionalProperties"] = False
    return found


async def objects(cluster: Cluster, kind: Kind) -> list[Thing]:
    return (await cluster.client.list_all(kind))[0]


@pytest.mark.skipif(not CRDS.is_dir(), reason="needs ../shared/crds: the released CustomResourceDefinitions")
async def test_every_status_fits_the_released_schema(cluster: Cluster, gitops: GitOps) -> None:
    gitops.tenant("schema")
    gitops.service("schema", "hello", "ghcr.io/acme/hello:1.0.0", ingress=INGRESS)
    for name in ("tenants", "apps"):
        await cluster.refresh(APPLICATION_SET, name)
    for name in ("tenant-schema", "schema-hello"):
        await cluster.application(name, lambda app: health(app) == "Healthy", "is healthy")
    for name in TROUBLES:
        await asyncio.to_thread(faults.add, cluster.world.kubeconfig, name, "schema", "hello")
    for kind in (CHALLENGE, DATABASE):
        await cluster.until(partial(_told, cluster, kind), f"a {kind.kind} has a status")
    for kind, file in FILES.items():
        found = await objects(cluster, kind)
        assert found, kind.kind
        validator = jsonschema.Draft202012Validator(schema_of(CRDS / file, kind.version))
        for thing in found:
            errors = [
                f"{'/'.join(map(str, error.path))}: {error.message[:200]}" for error in validator.iter_errors(thing)
            ]
            assert not errors, thing["metadata"]["name"]
    for name in TROUBLES:
        await asyncio.to_thread(faults.remove, cluster.world.kubeconfig, name, "schema", "hello")


async def _told(cluster: Cluster, kind: Kind) -> bool:
    return any(one.get("status") for one in await objects(cluster, kind))
