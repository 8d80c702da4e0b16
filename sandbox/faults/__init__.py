"""The failures the sandbox can produce for a service: what each changes, and how it is mended.

Faults are kept in the cluster, in one ConfigMap, so that any client may add and remove them; the controllers watch
it. A fault is bound to a service and, where `image_tag` is set, to one version of it: deploying another mends it.
"""

from sandbox.faults.catalogue import AT_FIRST, CATALOGUE
from sandbox.faults.kinds import ActiveFault, Fault, FaultError
from sandbox.faults.store import CONFIG_NAME, NAMESPACE_NAME, add, list_faults, read, remove

__all__ = [
    "AT_FIRST",
    "CATALOGUE",
    "CONFIG_NAME",
    "NAMESPACE_NAME",
    "ActiveFault",
    "Fault",
    "FaultError",
    "add",
    "list_faults",
    "read",
    "remove",
]
