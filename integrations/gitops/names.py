"""Names and paths of the layout, each built in one place, within what Helm, Kubernetes and DNS allow.

Paths are built only from names that are checked here, so that no path leaves its folder.
"""

from django.conf import settings

from core.errors import Invalid
from core.names import is_cluster_name

# Helm refuses a longer release name, and Argo CD renders with the Application's name as the release.
LONGEST_RELEASE = 53
# Of a Service.
LONGEST_OBJECT = 63


def application_name(tenant: str, service: str) -> str:
    """The Argo CD Application, which is also the Helm release and the value of app.kubernetes.io/instance."""
    return f"{tenant}-{service}"


def workload_name(tenant: str, service: str) -> str:
    """Of the Deployment, Service, Ingress and autoscaler: cut as the chart's `base-service.fullname` cuts it."""
    return f"{application_name(tenant, service)}-base-service"[:LONGEST_OBJECT].rstrip("-")


def tls_secret_name(service: str) -> str:
    return f"{service}-tls"


def default_host(tenant: str, service: str) -> str:
    return settings.DEFAULT_HOST_TEMPLATE.format(tenant=tenant, service=service, domain=settings.PLATFORM_DOMAIN)


def pair_problem(tenant: str, service: str) -> str:
    """Why the two names are too long together, with what to do; empty where they fit."""
    name = application_name(tenant, service)
    over = len(name) - LONGEST_RELEASE
    if over <= 0:
        return ""
    return (
        f"{tenant} has {len(tenant)} characters and {service} {len(service)}: the release {name} would have "
        f"{len(name)}, and Helm takes {LONGEST_RELEASE}. Shorten the service's name by {over}."
    )


def check_name(name: str, field: str) -> str:
    if not is_cluster_name(name):
        sentence = "A name is 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end."
        entry = {"field": field, "value": name, "sentence": sentence, "example": "ledger-api"}
        raise Invalid(f"{field} is not a name.", fields=[entry])
    return name


def join_path(*parts: str) -> str:
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


def check_path(path: str) -> str:
    """A path inside the repository as git writes it. Raises Invalid for what would leave it or is not text."""
    parts = path.split("/")
    if not path or any(part in {"", ".", "..", ".git"} or not part.isprintable() for part in parts) or "\\" in path:
        sentence = "A path has folders and a file name, separated by single slashes."
        example = "services/payments/ledger-api/values.yaml"
        raise Invalid(
            "This is not a path in the repository.",
            fields=[{"field": "path", "value": path, "sentence": sentence, "example": example}],
        )
    return path
