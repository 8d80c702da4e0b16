"""Which sources of what is shown about services cannot be read now, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenants.queries import UnreadableSource, sources

# Whose words stand in a service's row, and what is read to find out why it is not well.
SHOWN = ("kubernetes:applications", "kubernetes:deployments", "kubernetes:pods")
LOOKED_AT = ("kubernetes:events",)


def unreadable_sources(read_from: Sequence[Mapping[str, Any]]) -> list[UnreadableSource]:
    """Those of a service's sources that cannot be read now; the cluster as one where none of it can."""
    of_cluster = [source for source in read_from if source["name"].startswith("kubernetes:")]
    silent = [source for source in of_cluster if not source["ok"]]
    if silent and len(silent) == len(of_cluster):
        return [
            UnreadableSource(
                "The cluster", min((one["observed_at"] for one in silent if one["observed_at"]), default=None)
            )
        ]
    concerned = [source for source in silent if source["name"] in (*SHOWN, *LOOKED_AT)]
    return [UnreadableSource(one["label"], one["observed_at"] if one["name"] in SHOWN else None) for one in concerned]


def lists_note() -> str:
    """What stands beside a list of services, whosever they are; empty while all of it can be read."""
    return " ".join(map(str, unreadable_sources(sources())))
