"""The table of services: what git wants and what the cluster has, each in columns of its own."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from core.fitting import fit_to_columns
from core.words import Tone
from integrations.kubernetes.instances import ServiceKey
from observer.git_rows import PROBLEM, SERVICE_COLUMNS
from observer.lease import Lease
from observer.mirror import Columns, Mirror, Part
from observer.publish import announce_changes
from observer.state import ClusterState
from observer.status import OBSERVED_COLUMNS, columns
from services.models import URGENCY_WARNING, Service

GIT, CLUSTER = "git", "cluster"


class ServiceMirror(Mirror[ServiceKey]):
    """The table `services.Service`. Before the state is settled, only git's columns are written."""

    model = Service
    columns = ("in_git", *SERVICE_COLUMNS, PROBLEM, *OBSERVED_COLUMNS)
    parts = (GIT, CLUSTER)

    def __init__(self, lease: Lease, state: ClusterState) -> None:
        super().__init__(lease)
        self._state = state

    def read_table(self) -> Iterator[tuple[ServiceKey, Columns]]:
        """The findings outlive an observer, so they are taken over."""
        for key, row in super().read_table():
            if row["diagnosis"]:
                self._state.findings[key] = row["diagnosis"]
            yield key, row

    def is_wanted(self, key: ServiceKey) -> bool:
        return self._state.exists(key) or (self.is_in_table(key) and not self.is_gone(key))

    def is_gone(self, key: ServiceKey) -> bool:
        """Until this is known, a row of which nothing is seen stays, and says that git has it no more."""
        return self._state.git.is_known and self._state.absence_known()

    def parts_of(self, key: ServiceKey, moment: datetime) -> Iterator[Part]:
        git = self._state.git
        if git.is_known:
            wanted = git.services.get(key)
            values = {"in_git": wanted is not None, **(wanted.columns() if wanted else {})}
            times = fit_to_columns(Service, {"git_revision": git.revision, "git_observed_at": git.read_at})
            yield Part(GIT, fit_to_columns(Service, values), times)
        if self._state.is_settled and self._state.anything_known():
            seen = fit_to_columns(Service, columns(self._state.observed(key), moment))
            yield Part(CLUSTER, seen, {"cluster_observed_at": moment})

    def show_unwritten(self, key: ServiceKey, reason: str) -> None:
        self.upsert({key: what_cannot_be_shown(reason)})

    def written(self, rows: Mapping[ServiceKey, Columns], gone: Iterable[ServiceKey]) -> None:
        for key in gone:
            self._state.findings.pop(key, None)

    def announce(self, changed: set[ServiceKey]) -> None:
        announce_changes("service.changed", changed)


def what_cannot_be_shown(reason: str) -> dict[str, Any]:
    """The columns in which a row says that the others are old, or missing."""
    return {
        "cause_id": "row-unwritable",
        "cause": "What was read of it cannot be shown",
        "app_message": f"What was read of it cannot be shown: {reason}. The rest of this row is older.",
        "cause_tone": Tone.WARN.value,
        "urgency": URGENCY_WARNING,
    }
