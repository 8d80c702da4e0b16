"""Names built from tenant and service, each in one place, within what Helm, Kubernetes, PostgreSQL and DNS take.

`pair_problem` says whether two names fit together. Every name below is within its limit for a pair without a problem.
"""

# Helm refuses a longer release name, and Argo CD renders with the Application's name as the release.
LONGEST_RELEASE = 53
# Of a Service, a namespace and any other RFC 1123 label.
LONGEST_LABEL = 63
# Of a Secret and most other objects: an RFC 1123 subdomain.
LONGEST_OBJECT = 253
# PostgreSQL cuts a longer identifier without an error, and then two databases would be one.
LONGEST_IDENTIFIER_BYTES = 63

DATABASE_SECRET_END = "-db-creds"


def application_name(tenant: str, service: str) -> str:
    """The Argo CD Application, which is also the Helm release and the value of app.kubernetes.io/instance."""
    return f"{tenant}-{service}"


def workload_name(tenant: str, service: str) -> str:
    """Of the Deployment, Service, Ingress and autoscaler: cut as the chart's `base-service.fullname` cuts it."""
    return f"{application_name(tenant, service)}-base-service"[:LONGEST_LABEL].rstrip("-")


def default_host(tenant: str, service: str, *, template: str, domain: str) -> str:
    """`template` is such as "{tenant}-{service}.{domain}"."""
    return template.format(tenant=tenant, service=service, domain=domain)


def values_path(tenant: str, service: str) -> str:
    """Of the service's values file, below the base path of the GitOps repository."""
    return f"services/{tenant}/{service}/values.yaml"


def tls_secret_name(service: str) -> str:
    """Of the certificate of the default host, in the tenant's namespace."""
    return f"{service}-tls"


def vault_path(tenant: str, service: str) -> str:
    """The application's secrets, one property for each variable, below the mount."""
    return f"teams/{tenant}/{service}"


def database_vault_path(tenant: str, service: str) -> str:
    """Host, port, database, username and password. The store of the databases' namespace may read nothing else."""
    return f"{vault_path(tenant, service)}/database"


def preview_vault_path(tenant: str, service: str) -> str:
    """Values of previews only: a preview must not read those of production."""
    return f"{vault_path(tenant, service)}/preview"


def secret_name(service: str) -> str:
    """The Secret with the application's variables, in the tenant's namespace."""
    return f"{service}-secrets"


def database_name(tenant: str, service: str) -> str:
    """Of the PostgreSQL database and of its role, which have one name."""
    return application_name(tenant, service)


def database_secret_name(role: str) -> str:
    """The Secret with the role's credentials, in the tenant's namespace and in that of the databases."""
    return f"{role}{DATABASE_SECRET_END}"


def is_database_secret(name: str) -> bool:
    """Whether a Secret of that name holds the credentials of a database."""
    return name.endswith(DATABASE_SECRET_END)


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
