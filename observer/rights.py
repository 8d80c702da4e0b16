"""What the observer needs in Kubernetes: to list and watch each mirrored kind."""

from observer import kinds

RIGHTS = kinds.rights()
