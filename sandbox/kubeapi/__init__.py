"""An embedded Kubernetes API server: one process, in memory, TLS on loopback.

Clients cannot tell it from a small cluster's control plane without the workload controllers: kubectl, the Python client
and any other client work on it unchanged. It refuses what the real one refuses, in the real one's words. Not emulated:
RBAC beyond an administrator, a read-only person and bound service accounts; CEL rules; conversion and admission
webhooks; exec and port-forward; metrics.
"""
