"""Whether the audit is whole: every entry hashed anew, each following the one before it."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from operations.models import AuditChain, AuditEntry

READ_AT_ONCE = 2_000
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken` says in one sentence what does not hold, naming the first row; "" where the chain is whole.

    `entries` were verified, `removed` had been taken away by retention before; `digest` is that of the newest entry.
    """

    broken: str
    entries: int
    removed: int
    oldest: datetime | None
    newest: datetime | None
    digest: str


def verify_audit(*, known: str = "") -> Verification:
    """Walks the chain from its oldest entry. `known` is a digest that was written down elsewhere, which must occur.

    Entries written while it walks are left to the next time.
    """
    for _ in range(MOST_TRIES):
        chain, last = _ends()
        found = _walked(chain, last, known)
        # Retention may have taken entries away under our feet, which is no break.
        if not found.broken or AuditChain.objects.filter(pk=1, removed=chain.removed).exists() or not chain.pk:
            break
    return found


def _ends() -> tuple[AuditChain, int]:
    """The chain and the id of its newest entry, as they were at one moment."""
    with transaction.atomic():
        chain = AuditChain.objects.select_for_update().filter(pk=1).first() or AuditChain()
        return chain, AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _walked(chain: AuditChain, last: int, known: str) -> Verification:
    previous, entries, oldest, newest = chain.removed_digest, 0, None, None
    knows = known in ("", previous)

    def result(broken: str) -> Verification:
        return Verification(broken, entries, chain.removed, oldest, newest, previous)

    for entry in AuditEntry.objects.filter(pk__lte=last).order_by("pk").iterator(chunk_size=READ_AT_ONCE):
        if entry.previous != previous:
            return result(f"{_named(entry)} does not follow the one before it: a row was removed, added or moved.")
        if entry.computed_digest() != entry.digest:
            return result(f"{_named(entry)} does not match its hash: it was changed after it was written.")
        previous, entries, newest = entry.digest, entries + 1, entry.at
        oldest = oldest or entry.at
        knows = knows or entry.digest == known
    if previous != chain.digest or entries != chain.written - chain.removed:
        missing = chain.written - chain.removed - entries
        what = f"{missing:,} entries are missing at the end" if missing > 0 else "The end is not the one last written"
        return result(f"{what}: {_named(newest_row) if (newest_row := _newest(last)) else 'no entry'} is the last one.")
    return result("" if knows else f"No entry has the digest {known[:64]}: the chain was written anew.")


def _newest(last: int) -> AuditEntry | None:
    return AuditEntry.objects.filter(pk=last).first()


def _named(entry: AuditEntry) -> str:
    return f"Entry {entry.pk} of {entry.at:%d %b %Y %H:%M:%S} UTC ({entry.actor}, {entry.verb}, {entry.target})"
