"""What the services app needs in Kubernetes; each module declares what it asks for itself."""

from services.queries import live
from services.runners import steps

RIGHTS = (*steps.RIGHTS, *live.RIGHTS)
