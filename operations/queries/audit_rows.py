"""The audit as people read it: filtered and paged in SQL, and exported by the same filter.

Members see the entries of their tenants, platform admins all. A filter by something hidden finds nothing, as a filter
by something absent does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from core.actor import Actor, Door, Scope
from operations.choices import AuditResult
from operations.models import AuditEntry
from operations.registry import definitions

PAGE_SIZE = 50
EXPORTED_AT_ONCE = 1_000
# Beyond it the page says "more than": counting a long ledger for a number nobody reads would cost more than the page.
COUNTED = 1_000
LONGEST_WORD = 100
# How far a clock may have been set back without entries being lost to a filter by day.
CLOCK_SLACK = timedelta(days=1)
LARGEST_ID = 2**63 - 1
DOOR_WORDS = {
    Door.WEB: "dashboard", Door.REST: "REST", Door.MCP: "MCP", Door.COMMAND: "terminal", Door.SCHEDULE: "schedule",
}  # fmt: skip
SEARCHED = ("target", "operation", "reason", "client", "request_id")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What the address of the page says. Unknown words fall back to no filter: a link stays a link.

    `since` and `until` are days, both included. `before` and `after` are ids at which a page continues, in the address
    `page=before-1234`: a position, unlike a number of pages, holds still while new entries arrive.
    """

    q: str = ""
    actor: str = ""
    tenant: str = ""
    verb: str = ""
    result: str = ""
    door: str = ""
    since: str = ""
    until: str = ""
    before: int = 0
    after: int = 0

    @classmethod
    def read(cls, query: Mapping[str, str]) -> "AuditFilter":
        words = {field: query.get(field, "").strip()[:LONGEST_WORD] for field in ("q", "actor", "tenant", "verb")}
        result, door = query.get("result", ""), query.get("door", "")
        return cls(
            **words,
            result=result if result in list(AuditResult) else "",
            door=door if door in list(Door) else "",
            since=day_or_nothing(query.get("since", "")),
            until=day_or_nothing(query.get("until", "")),
            before=row_id(query.get("page", ""), "before-"),
            after=row_id(query.get("page", ""), "after-"),
        )

    @property
    def is_narrow(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self) if field.name not in {"before", "after"})


@dataclass(frozen=True, slots=True)
class AuditRow:
    """`did` is the verb in words; `parameters` are shown as they were masked when they were written."""

    id: int
    at: datetime
    actor: str
    door: str
    client: str
    verb: str
    did: str
    tenant: str
    target: str
    operation: str
    result: AuditResult
    reason: str
    parameters: Sequence[tuple[str, str]]
    request_id: str
    plan_hash: str
    digest: str


@dataclass(frozen=True, slots=True)
class AuditList:
    """`newer` and `older` are values of `page`, "" where there is nothing more; `verbs` are offered while typing."""

    rows: Sequence[AuditRow]
    sentence: str
    newer: str
    older: str
    filter: AuditFilter
    doors: Sequence[tuple[str, str]]
    results: Sequence[AuditResult]
    verbs: Sequence[str]


def audit_list(actor: Actor, wanted: AuditFilter) -> AuditList:
    """Newest first; two queries, whatever the length of the ledger and the page."""
    found = filter_entries(visible_entries(actor), wanted)
    entries, has_newer, has_older = page_of(found, wanted)
    return AuditList(
        rows=[audit_row(entry) for entry in entries],
        sentence=sentence_of(found[: COUNTED + 1].count(), wanted),
        newer=f"after-{entries[0].pk}" if has_newer else "",
        older=f"before-{entries[-1].pk}" if has_older else "",
        filter=wanted,
        doors=[(door.value, DOOR_WORDS[door]) for door in Door],
        results=list(AuditResult),
        verbs=[*definitions(), "audit.trim", "audit.seal"],
    )


def page_of(found: QuerySet[AuditEntry], wanted: AuditFilter) -> tuple[list[AuditEntry], bool, bool]:
    """The entries, and whether there are newer and older ones: one more is read than is shown, and on the other side
    stands the entry that the address names."""
    if wanted.after:
        read = list(found.filter(pk__gt=wanted.after).order_by("pk")[: PAGE_SIZE + 1])
        entries = read[:PAGE_SIZE][::-1]
        return entries, len(read) > PAGE_SIZE, bool(entries)
    below = found.filter(pk__lt=wanted.before) if wanted.before else found
    read = list(below.order_by("-pk")[: PAGE_SIZE + 1])
    entries = read[:PAGE_SIZE]
    return entries, bool(wanted.before and entries), len(read) > PAGE_SIZE


def entries_to_export(actor: Actor, wanted: AuditFilter, *, below: int = 0) -> list[AuditEntry]:
    """The next entries of an export, newest first; `below` is the id of the last one written, 0 at the beginning."""
    found = filter_entries(visible_entries(actor), wanted)
    found = found.filter(pk__lt=below) if below else found
    return list(found.order_by("-pk")[:EXPORTED_AT_ONCE])


def visible_entries(actor: Actor) -> QuerySet[AuditEntry]:
    entries = AuditEntry.objects.all()
    if actor.is_admin and Scope.READ in actor.scopes:
        return entries
    return entries.filter(tenant__in=[tenant for tenant in actor.roles if actor.sees(tenant)])


def filter_entries(entries: QuerySet[AuditEntry], wanted: AuditFilter) -> QuerySet[AuditEntry]:
    exact = {name: getattr(wanted, name) for name in ("actor", "tenant", "result", "door")}
    entries = entries.filter(**{name: value for name, value in exact.items() if value})
    if wanted.verb:
        entries = entries.filter(verb__startswith=wanted.verb)
    if wanted.since:
        begin = midnight(wanted.since)
        entries = entries.filter(at__gte=begin, pk__gte=first_since(begin - CLOCK_SLACK))
    if wanted.until:
        end = midnight(wanted.until) + timedelta(days=1)
        entries = entries.filter(at__lt=end, pk__lte=Coalesce(first_since(end + CLOCK_SLACK), LARGEST_ID))
    if wanted.q:
        matching = Q()
        for column in SEARCHED:
            matching |= Q(**{f"{column}__icontains": wanted.q})
        entries = entries.filter(matching)
    return entries


def first_since(moment: datetime) -> Subquery:
    """The id of the first entry since then. Ids grow with time, and their order is the one that pages are read in, so
    a few days of a long ledger are found without reading what lies around them."""
    return Subquery(AuditEntry.objects.filter(at__gte=moment).order_by("at").values("pk")[:1])


def audit_row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        id=entry.pk,
        at=entry.at,
        actor=entry.actor,
        door=DOOR_WORDS[Door(entry.door)] if entry.door in list(Door) else entry.door,
        client=entry.client,
        verb=entry.verb,
        did=verb_in_words(entry.verb),
        tenant=entry.tenant,
        target=entry.target,
        operation=entry.operation,
        result=AuditResult(entry.result),
        reason=entry.reason,
        parameters=[(key, shown_value(value)) for key, value in entry.parameters.items()],
        request_id=entry.request_id,
        plan_hash=entry.plan_hash,
        digest=entry.digest,
    )


def verb_in_words(verb: str) -> str:
    """`deploy-service` by its title, `deploy-service:cancel` as "Cancel: ...", a view by its words."""
    name, _, what = verb.partition(":")
    definition = definitions().get(name)
    if definition is not None:
        return f"{what.capitalize()}: {definition.title}" if what else definition.title
    return verb.replace(".", ": ").replace(":cancel", ", cancel").replace("_", " ").replace("-", " ").capitalize()


def shown_value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}={item}" for key, item in value.items())
    return {True: "yes", False: "no", None: "nothing"}.get(value, str(value)) if not isinstance(value, str) else value


def sentence_of(number: int, wanted: AuditFilter) -> str:
    what = "match" if wanted.is_narrow else "are kept"
    if number > COUNTED:
        return f"More than {COUNTED:,} entries {what}, newest first."
    if number == 1:
        return f"1 entry {'matches' if wanted.is_narrow else 'is kept'}."
    return f"{number:,} entries {what}, newest first." if number else ""


def day_or_nothing(text: str) -> str:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").date().isoformat()  # noqa: DTZ007  only the day counts
    except ValueError:
        return ""


def midnight(day: str) -> datetime:
    return datetime.combine(datetime.fromisoformat(day), time.min, tzinfo=UTC)


def row_id(page: str, begin: str) -> int:
    digits = page.removeprefix(begin)
    return int(digits) if digits != page and digits.isascii() and digits.isdigit() and len(digits) <= 18 else 0
