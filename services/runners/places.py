"""Where things of a service are: names that several systems must agree on, made in one place."""

from django.conf import settings


def default_host(tenant: str, service: str) -> str:
    return settings.DEFAULT_HOST_TEMPLATE.format(tenant=tenant, service=service, domain=settings.PLATFORM_DOMAIN)


def application_name(tenant: str, service: str) -> str:
    """The Argo CD Application, which is also the Helm release and the value of app.kubernetes.io/instance."""
    return f"{tenant}-{service}"


def workload_name(tenant: str, service: str) -> str:
    return f"{application_name(tenant, service)}-base-service"
