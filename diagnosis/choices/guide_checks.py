"""Which live checks answer which paragraph of the guide, both by id.

A paragraph that is not here has no live check; its section says why. Checks of a service stand in
`diagnosis.rules.guide_walk`, those of the person who asks in `diagnosis.queries.guide_access`.
"""

from collections.abc import Mapping

CHECKS_OF: Mapping[str, tuple[str, ...]] = {
    "token-refused": ("signed-in",),
    "role-missing": ("role", "admin"),
    "kinds-of-tokens": ("token-kind",),
    "old-tool-list": ("address",),
    "call-timed-out": ("reachable",),
    "wrong-address": ("address", "reachable"),
    "image-not-pulled": ("images-pulled",),
    "pods-refused": ("pods-admitted",),
    "no-node": ("pods-scheduled",),
    "port-taken": ("ports-free",),
    "volume-missing": ("volumes-bound",),
    "change-under-way": ("commit-synced",),
    "sync-fails": ("sync-succeeds",),
    "git-unreadable": ("git-readable",),
    "changed-by-hand": ("no-drift",),
    "crashes": ("program-runs",),
    "probe-fails": ("probes-pass", "ports-agree"),
    "settings-missing": ("settings-present",),
    "killed-for-memory": ("memory-suffices",),
    "node-unwell": ("nodes-ready",),
    "pull-back-off": ("images-pulled",),
    "database-not-made": ("database-applied", "postgres-answers"),
    "database-credentials": ("database-reachable",),
    "record-elsewhere": ("record-points-here",),
    "certificate-pending": ("certificate-issued", "authority-accepts"),
}
