"""What a diagnosis needs in Kubernetes; each module declares what it reads itself."""

from diagnosis.queries import asked, live_kinds

RIGHTS = (*asked.RIGHTS, *live_kinds.RIGHTS)
