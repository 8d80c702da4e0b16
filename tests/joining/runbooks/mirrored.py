"""ConfigMaps with the label `holds: runbook`."""

from collections.abc import Mapping
from typing import Any

from integrations.kubernetes import MirroredTable, kinds, label_selector, service_of
from integrations.kubernetes.instances import INSTANCE
from tests.joining.runbooks.models import Runbook

LABELS = {"holds": "runbook"}
TEXT = "runbook.md"


def runbook_row(item: Mapping[str, Any]) -> dict[str, Any] | None:
    namespace, labels = item["metadata"]["namespace"], item["metadata"]["labels"]
    found = service_of(namespace, labels.get(INSTANCE, ""))
    if found is None:
        return None
    text = str((item.get("data") or {}).get(TEXT, ""))
    return {"tenant": found[0], "service": found[1], "first_line": text.partition("\n")[0]}


RUNBOOKS = MirroredTable(
    source="runbooks",
    label="Runbooks",
    kind=kinds.CONFIG_MAPS,
    labels=label_selector(LABELS),
    row=runbook_row,
    model=Runbook,
    changed="runbook.changed",
)
MIRRORED = (RUNBOOKS,)
