"""Pod Security admission: namespaces say by labels which pods are refused and which are only warned of."""

from sandbox.kubeapi.pod_security.admission import PodSecurity

__all__ = ["PodSecurity"]
