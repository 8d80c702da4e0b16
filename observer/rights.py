"""What the observer needs in Kubernetes: to list and watch each mirrored kind."""

from observer.cluster_reader import RIGHTS

__all__ = ["RIGHTS"]
