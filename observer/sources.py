"""Where the mirror comes from: when each source last answered, what is wrong with it, and what cannot be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.clock import now
from core.fitting import fit_to_columns
from core.text import counted
from tenants.models import Source

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Contact:
    """How one source stands: when it last answered, what is wrong now (empty while nothing is), and in `notice` what
    of its answer could not be understood."""

    name: str
    label: str
    last_contact_at: datetime | None
    error: str
    revision: str = ""
    notice: str = ""


def write_sources(contacts: Iterable[Contact], counts: Mapping[str, int]) -> None:
    """One row a source: when it last answered, since when it does not, and how much it holds."""
    before = {source.name: source for source in Source.objects.all()}
    rows = []
    for contact in contacts:
        known = before.get(contact.name)
        since = (known.error_since if known and known.error else None) or now()
        columns = {
            "label": contact.label,
            # A new observer that has not heard the source yet knows no better than the last one did.
            "last_contact_at": contact.last_contact_at or (known.last_contact_at if known else None),
            "revision": contact.revision,
            "error": contact.error,
            "notice": contact.notice,
            "error_since": since if contact.error else None,
            "objects_seen": counts.get(contact.name, 0),
        }
        rows.append(Source(name=contact.name, **fit_to_columns(Source, columns)))
    fields = ["label", "last_contact_at", "revision", "error", "notice", "error_since", "objects_seen"]
    Source.objects.bulk_create(rows, update_conflicts=True, unique_fields=["name"], update_fields=fields)


def with_unwritten(contact: Contact, unwritten: Mapping[str, str]) -> Contact:
    """The source with the rows of it that cannot be written, counted and the first ones named, in its notice."""
    if not unwritten:
        return contact
    named = "; ".join(f"{name[:130]}: {why}" for name, why in sorted(unwritten.items())[:MOST_NAMED])
    more = f"; and {len(unwritten) - MOST_NAMED} more" if len(unwritten) > MOST_NAMED else ""
    said = f"{counted(len(unwritten), 'row')} cannot be shown: {named}{more}"
    return replace(contact, notice="; ".join(filter(None, [contact.notice, said])))
