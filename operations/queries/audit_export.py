"""The audit as text for other programs: CSV for spreadsheets, JSON lines for everything else."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from core.actor import Actor
from operations.models import AuditEntry
from operations.queries.audit_rows import AuditFilter, entries_to_export

COLUMNS = tuple(field.attname for field in AuditEntry._meta.concrete_fields)
# A spreadsheet takes a cell that begins with one of these for a formula and runs it.
FORMULA_BEGINS = tuple("=+-@＝＋－＠")


def csv_head() -> str:
    return _csv([COLUMNS])


def csv_lines(entries: Sequence[AuditEntry]) -> str:
    return _csv([[cell(value) for value in columns_of(entry).values()] for entry in entries])


def no_head() -> str:
    return ""


def json_lines(entries: Sequence[AuditEntry]) -> str:
    return "".join(json.dumps(columns_of(entry), separators=(",", ":")) + "\n" for entry in entries)


# Format as the address says it: content type, what stands first, and the lines of some entries.
FORMATS: Mapping[str, tuple[str, Callable[[], str], Callable[[Sequence[AuditEntry]], str]]] = {
    "csv": ("text/csv; charset=utf-8", csv_head, csv_lines),
    "jsonl": ("application/x-ndjson", no_head, json_lines),
}


def export(actor: Actor, wanted: AuditFilter, form: str) -> Iterator[str]:
    """The export in pieces of bounded size, each read only when it is asked for, newest entries first."""
    _, head, lines = FORMATS[form]
    yield head()
    below = 0
    while entries := entries_to_export(actor, wanted, below=below):
        yield lines(entries)
        below = entries[-1].pk


def columns_of(entry: AuditEntry) -> dict[str, Any]:
    """Every column by its name, the moment in UTC. With `previous` and `digest` an export can be verified by itself."""
    columns = {name: getattr(entry, name) for name in COLUMNS}
    return {**columns, "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}


def cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula: an apostrophe stands before what would begin one."""
    text = json.dumps(value, separators=(",", ":")) if isinstance(value, dict) else str(value)
    return f"'{text}" if text.lstrip().startswith(FORMULA_BEGINS) else text


def _csv(rows: Sequence[Sequence[str]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue()
