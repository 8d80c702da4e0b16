"""To which service an object of the cluster belongs.

A service is known by labels and namespaces: the name `a-b-c` alone would not say whether `a` or `a-b` is the tenant.
"""

import sys

from core.names import is_cluster_name

INSTANCE = "app.kubernetes.io/instance"
# Tenant and service. The service is empty where the tenant itself is meant.
ServiceKey = tuple[str, str]


def service_of(namespace: str, instance: str) -> ServiceKey | None:
    """The tenant is the namespace, so the rest of the instance is the service, dashes and all.

    None also where that rest is not a valid service name: a label may hold dots and capitals, the address of a page
    must not.
    """
    service = instance.removeprefix(f"{namespace}-")
    if service == instance or not (is_cluster_name(service) and is_cluster_name(namespace)):
        return None
    return sys.intern(namespace), sys.intern(service)
