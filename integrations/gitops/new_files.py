"""The values file a new service starts from: readable, commented, with everything people change first in its place."""

from core.resource_names import tls_secret_name
from integrations.gitops import yaml_write as write
from integrations.gitops.edits import Edit, Set, edit_yaml
from integrations.gitops.paths import check_name

WEB = """\
# {tenant}/{service}
# Every key and its default: helm-charts/base-service/values.yaml. MCTL changes single lines; your comments stay.
image:
  repository: {image}
  tag: {tag}

replicaCount: {replicas}

# The container listens here.
service:
  port: {port}

# Requests are reserved, limits end the container (memory) or slow it down (cpu).
resources:
  requests:
    cpu: 100m
    memory: 128Mi
  limits:
    cpu: 500m
    memory: 256Mi

# Plain variables. Secrets do not belong here.
env: {{}}

ingress:
  enabled: false

probes:
  liveness:
    path: /healthz
  readiness:
    path: /readyz
"""

WORKER = """\
# {tenant}/{service}
# A worker: no port, no Service, no Ingress. Every key and its default: helm-charts/base-service/values.yaml.
componentType: worker-service

image:
  repository: {image}
  tag: {tag}

replicaCount: {replicas}

# Requests are reserved, limits end the container (memory) or slow it down (cpu).
resources:
  requests:
    cpu: 100m
    memory: 128Mi
  limits:
    cpu: 500m
    memory: 256Mi

# Plain variables. Secrets do not belong here.
env: {{}}
"""


def new_service_values(
    *,
    tenant: str,
    service: str,
    image: str,
    tag: str,
    port: int = 8080,
    host: str = "",
    replicas: int = 1,
    component_type: str = "base-service",
    issuer: str = "letsencrypt-prod",
    pull_secret: str = "",
) -> str:
    """The text of services/{tenant}/{service}/values.yaml. Raises Invalid for names.

    `host` "" means no ingress, `pull_secret` "" a public image.
    """
    template = WORKER if component_type == "worker-service" else WEB
    text = template.format(
        tenant=check_name(tenant, "tenant"),
        service=check_name(service, "service"),
        image=write.scalar(image),
        tag=write.scalar(tag),
        port=int(port),
        replicas=int(replicas),
    )
    if host and component_type != "worker-service":
        text = edit_yaml(text, _ingress(service, host, issuer))
    if pull_secret:
        text = edit_yaml(text, [Set(("imagePullSecrets",), [{"name": pull_secret}])])
    return text


def _ingress(service: str, host: str, issuer: str) -> list[Edit]:
    return [
        Set(("ingress", "enabled"), True),
        Set(("ingress", "host"), host),
        Set(("ingress", "annotations"), {"cert-manager.io/cluster-issuer": issuer}),
        Set(("ingress", "tls"), [{"secretName": tls_secret_name(service), "hosts": [host]}]),
    ]
