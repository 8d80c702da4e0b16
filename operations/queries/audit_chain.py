"""Whether the audit is whole: every entry hashed again, each following the one before it and, with a key, sealed.

The chain alone shows a change by somebody who does not know how it is made. Anyone who does, and can write the
database, can write all of it again. The seals show that, from where sealing began.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import transaction

from operations.models import AuditChain, AuditEntry

READ_AT_ONCE = 2_000
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken` says in one sentence what does not hold, naming the first row, and `unchecked` what could not be asked
    here; both "" where all is well.

    `entries` were verified, `removed` had been removed by retention before; `digest` is that of the newest entry.
    `sealed` carry a seal, the first of them `sealed_from`.
    """

    broken: str
    unchecked: str
    entries: int
    removed: int
    oldest: datetime | None
    newest: datetime | None
    digest: str
    sealed: int
    sealed_from: str


def verify_audit(*, known: str = "") -> Verification:
    """Walks the chain from its oldest entry. `known` is a digest that was written down elsewhere, which must occur.

    Entries written while it walks are left to the next time.
    """
    for _ in range(MOST_TRIES):
        chain, last = _ends()
        found = _walked(chain, last, known)
        # Retention may have removed entries while we walked, which breaks nothing.
        if not found.broken or AuditChain.objects.filter(pk=1, removed=chain.removed).exists() or not chain.pk:
            break
    return found


def _ends() -> tuple[AuditChain, int]:
    """The chain and the id of its newest entry, as they were at one moment."""
    with transaction.atomic():
        chain = AuditChain.objects.select_for_update().filter(pk=1).first() or AuditChain()
        return chain, AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


@dataclass(slots=True)
class Walk:
    """What has been seen so far, from the oldest entry on."""

    chain: AuditChain
    entries: int = 0
    sealed: int = 0
    oldest: AuditEntry | None = None
    newest: AuditEntry | None = None
    sealed_from: str = ""
    digests_wanted: set[str] = field(default_factory=set)
    previous: str = field(init=False)
    has_begun_sealing: bool = field(init=False)

    def __post_init__(self) -> None:
        self.previous = self.chain.removed_digest
        self.has_begun_sealing = self.chain.has_begun_sealing

    def step(self, entry: AuditEntry) -> str:
        """Goes on to the entry. What is wrong with it, else ""."""
        if entry.previous != self.previous:
            return f"{_named(entry)} does not follow the one before it: a row was removed, added or moved."
        if entry.computed_digest() != entry.digest:
            return f"{_named(entry)} does not match its hash: it was changed after it was written."
        if wrong := self._wrong_seal(entry):
            return wrong
        self.previous, self.entries, self.newest = entry.digest, self.entries + 1, entry
        self.oldest = self.oldest or entry
        self.digests_wanted.discard(entry.digest)
        return ""

    def _wrong_seal(self, entry: AuditEntry) -> str:
        if self.position < self.chain.unsealed:
            return ""
        if wrong := self.wrong_where_sealing_began():
            return wrong
        if not entry.seal:
            must_be_sealed = self.sealed or self.has_begun_sealing
            return f"{_named(entry)} has no seal, but sealing began before it." if must_be_sealed else ""
        if settings.AUDIT_KEY and not entry.is_sealed:
            return f"{_named(entry)} has a seal that MCTL_AUDIT_KEY did not make: another key did, or nobody's."
        self.sealed += 1
        self.sealed_from = self.sealed_from or _named(entry)
        return ""

    @property
    def position(self) -> int:
        """The number of entries that were written before the next one."""
        return self.chain.removed + self.entries

    def wrong_where_sealing_began(self) -> str:
        """Asked before the first sealed entry, and at the end, which must not come before it."""
        is_early = self.position < self.chain.unsealed
        is_other = self.position == self.chain.unsealed and self.previous != self.chain.unsealed_digest
        if self.has_begun_sealing and (is_early or is_other):
            return f"The {self.chain.unsealed:,} entries from before sealing began were changed after it."
        return ""


def _walked(chain: AuditChain, last: int, known: str) -> Verification:
    walk = Walk(chain, digests_wanted={known} - {"", chain.removed_digest})
    wrong = ""
    for entry in AuditEntry.objects.filter(pk__lte=last).order_by("pk").iterator(chunk_size=READ_AT_ONCE):
        if wrong := walk.step(entry):
            break
    return Verification(
        wrong or _wrong_ends(chain, walk) or _lacks(walk.digests_wanted),
        _unchecked(chain, walk.sealed),
        walk.entries,
        chain.removed,
        walk.oldest.at if walk.oldest else None,
        walk.newest.at if walk.newest else None,
        walk.previous,
        walk.sealed,
        walk.sealed_from,
    )


def _wrong_ends(chain: AuditChain, walk: Walk) -> str:
    missing = chain.written - chain.removed - walk.entries
    if walk.previous != chain.digest or missing:
        what = f"{missing:,} entries are missing at the end" if missing > 0 else "The end is not the one last written"
        return f"{what}: {_named(walk.newest) if walk.newest else 'no entry'} is the last one."
    if chain.has_begun_sealing and not chain.is_removal_sealed:
        return f"{chain.removed:,} entries are missing at the beginning, and retention did not remove them."
    return walk.wrong_where_sealing_began()


def _lacks(digests: set[str]) -> str:
    return "".join(f"No entry has the digest {one[:64]}: somebody wrote the chain again." for one in digests)


def _unchecked(chain: AuditChain, sealed: int) -> str:
    if not settings.AUDIT_KEY and (sealed or chain.unsealed_seal):
        return (
            f"{sealed:,} entries are sealed, and MCTL_AUDIT_KEY, which alone can tell who sealed them, is not set here."
        )
    if settings.AUDIT_KEY and not chain.has_begun_sealing and not chain.is_new:
        return (
            "Sealing has not begun, or somebody removed its beginning. Where the entries are as you know them, begin: "
            "manage.py verify_audit --begin-sealing"
        )
    return ""


def _named(entry: AuditEntry) -> str:
    return f"Entry {entry.pk} of {entry.at:%d %b %Y %H:%M:%S} UTC ({entry.actor}, {entry.verb}, {entry.target})"
