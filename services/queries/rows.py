"""Lists of services: read from the mirror only, paged, filtered and sorted in SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, OrderBy, Q, QuerySet

from core.actor import Actor
from core.paging import page_of
from core.words import Health, StatusWord, Sync, Tone
from operations.queries import Chip
from services.models import URGENCY_BROKEN, URGENCY_QUIET, Service
from services.queries.away import lists_note

PAGE_SIZE = 50
SORTS = {
    "urgency": ("urgency", "tenant", "name"),
    "name": ("name", "tenant"),
    "changed": ("-changed_at", "tenant", "name"),
    "version": ("tag", "tenant", "name"),
    "pods": ("replicas_ready", "tenant", "name"),
}
LIST_COLUMNS = (
    "tenant", "name", "health", "sync", "cause", "cause_tone", "urgency", "tag", "replicas_ready", "replicas_wanted",
    "pods", "changed_at", "changed_by", "change_kind", "in_git", "cluster_observed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServiceFilter:
    """What the URL of a list says. Unknown words fall back to the default rather than fail: a link stays a link."""

    q: str = ""
    status: str = ""
    sort: str = "urgency"
    page: int = 1

    @classmethod
    def read(cls, query: dict[str, str]) -> "ServiceFilter":
        page = query.get("page", "")
        sort = query.get("sort", "")
        return cls(
            q=query.get("q", "").strip()[:100],
            status=query.get("status", ""),
            sort=sort if sort.lstrip("-") in SORTS else "urgency",
            page=max(1, int(page)) if page.isascii() and page.isdigit() and len(page) < 7 else 1,
        )


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """`status` is the word the row shows: OutOfSync where the workload itself is well. `pods` are tones in order; they,
    `ready` and `wanted` are None while they could never be read."""

    tenant: str
    name: str
    health: Health
    sync: Sync
    status: StatusWord
    tone: Tone
    cause: str
    tag: str
    ready: int | None
    wanted: int | None
    pods: Sequence[Tone] | None
    changed_at: datetime | None
    changed_by: str
    change_kind: str
    in_git: bool
    observed_at: datetime | None


@dataclass(frozen=True, slots=True)
class ServiceList:
    rows: Sequence[ServiceRow]
    chips: Sequence[Chip]
    total: int
    page: int
    pages: int
    filter: ServiceFilter
    sentence: str
    note: str


def service_list(actor: Actor, *, tenant: str | None, wanted: ServiceFilter) -> ServiceList:
    """Services of one tenant, or of all tenants the actor sees. Four queries, whatever the number of services.

    `note` says which sources cannot be read now.
    """
    visible = visible_services(actor, tenant)
    found = visible.filter(Q(name__icontains=wanted.q) | Q(tenant__icontains=wanted.q)) if wanted.q else visible
    counts = status_counts(found)
    chosen = with_status(found, wanted.status)
    total = counts.get(wanted.status, 0) if wanted.status else counts["all"]
    order = ordering(wanted.sort)
    # The page's ids come out of an index alone; only its fifty rows are then read whole. Asked for in one, SQLite reads
    # and sorts every column of every service somebody sees: 10,000 rows for a page of 50.
    page = page_of(chosen.order_by(*order).values("id"), wanted.page, size=PAGE_SIZE, total=total)
    rows = Service.objects.filter(id__in=page.object_list).order_by(*order).only(*LIST_COLUMNS)
    return ServiceList(
        rows=[service_row(service) for service in rows],
        chips=chips(counts, wanted.status),
        total=total,
        page=page.number,
        pages=page.paginator.num_pages,
        filter=wanted,
        sentence=list_sentence(counts, tenant, wanted.q),
        note=lists_note(),
    )


def visible_services(actor: Actor, tenant: str | None = None) -> QuerySet[Service]:
    if tenant is not None:
        return Service.objects.filter(tenant=tenant) if actor.sees(tenant) else Service.objects.none()
    return Service.objects.all() if actor.sees_everything else Service.objects.of(actor.seen_tenants())


def ordering(sort: str) -> list[str | OrderBy]:
    """The columns to sort by. What is not known stands last in both directions."""
    first, *others = SORTS[sort.lstrip("-")]
    name, descending = first.removeprefix("-"), first.startswith("-") is not sort.startswith("-")
    if Service._meta.get_field(name).null:
        # The databases differ in where they put NULL.
        return [OrderBy(F(name), descending=descending, nulls_last=True), *others]
    return [f"-{name}" if descending else name, *others]


def status_counts(services: QuerySet[Service]) -> dict[str, int]:
    """Counts of the chips in one query: `all`, `attention`, `OutOfSync` and each health word that occurs."""
    # Grouped by nothing but the columns of `service_counts` and `service_counts_by_tenant`: the rows are not touched.
    groups = services.order_by().values("health", "sync", "urgency").annotate(number=Count("*"))
    counts: dict[str, int] = {"all": 0, "attention": 0, Sync.OUT_OF_SYNC: 0}
    for group in groups:
        counts["all"] += group["number"]
        health = shown_health(group["health"], group["urgency"]).value
        counts[health] = counts.get(health, 0) + group["number"]
        if group["urgency"] < URGENCY_QUIET - 1:
            counts["attention"] += group["number"]
        if group["sync"] == Sync.OUT_OF_SYNC:
            counts[Sync.OUT_OF_SYNC] += group["number"]
    return counts


def with_status(services: QuerySet[Service], status: str) -> QuerySet[Service]:
    if status == "attention":
        return services.filter(urgency__lt=URGENCY_QUIET - 1)
    if status == Sync.OUT_OF_SYNC:
        return services.filter(sync=status)
    if status == Health.DEGRADED:
        return services.filter(Q(health=status) | Q(health=Health.PROGRESSING, urgency=URGENCY_BROKEN))
    if status == Health.PROGRESSING:
        return services.filter(health=status).exclude(urgency=URGENCY_BROKEN)
    return services.filter(health=status) if status else services


def shown_health(health: str, urgency: int) -> Health:
    """Argo CD says Progressing until its deadline passes; what is known to be broken is not "rolling out"."""
    word = Health.read(health)
    return Health.DEGRADED if word is Health.PROGRESSING and urgency == URGENCY_BROKEN else word


def chips(counts: dict[str, int], pressed: str) -> list[Chip]:
    words = [("", "All", "all"), ("attention", "Needs attention", "attention")]
    words += [(health.value, health.label, health.value) for health in Health if counts.get(health.value)]
    if counts[Sync.OUT_OF_SYNC] or pressed == Sync.OUT_OF_SYNC:
        words.insert(3, (Sync.OUT_OF_SYNC.value, Sync.OUT_OF_SYNC.label, Sync.OUT_OF_SYNC.value))
    return [Chip(value, label, counts.get(key, 0), value == pressed) for value, label, key in words]


def service_row(service: Service) -> ServiceRow:
    health, sync = shown_health(service.health, service.urgency), Sync.read(service.sync)
    settled = health in {Health.HEALTHY, Health.SUSPENDED}
    status: StatusWord = sync if settled and sync is Sync.OUT_OF_SYNC else health
    resting = settled and not service.cause and service.replicas_wanted == 0 and service.in_git
    tone = Tone(service.cause_tone) if service.cause_tone in list(Tone) else Tone.IDLE if resting else status.tone
    return ServiceRow(
        tenant=service.tenant,
        name=service.name,
        health=health,
        sync=sync,
        status=status,
        tone=tone,
        cause="Scaled to 0" if resting else service.cause,
        tag=service.tag,
        ready=service.replicas_ready,
        wanted=service.replicas_wanted,
        pods=drawn_pods(service),
        changed_at=service.changed_at,
        changed_by=service.changed_by,
        change_kind=service.change_kind,
        in_git=service.in_git,
        observed_at=service.cluster_observed_at,
    )


def drawn_pods(service: Service) -> list[Tone] | None:
    if service.pods is None:
        return None
    return [Tone(tone) for tone, number in service.pods for _ in range(min(number, 12)) if tone in list(Tone)]


def list_sentence(counts: dict[str, int], tenant: str | None, q: str = "") -> str:
    """ "payments has 8 services. 2 are degraded, 1 differs from git, 1 is rolling out." """
    number = counts["all"]
    begin, end = (f"{tenant} has" if tenant else "You see"), f" named like “{q}”" if q else ""
    parts = [
        _count(counts.get(Health.DEGRADED, 0), "is degraded", "are degraded"),
        _count(counts.get(Health.MISSING, 0), "is missing", "are missing"),
        _count(counts[Sync.OUT_OF_SYNC], "differs from git", "differ from git"),
        _count(counts.get(Health.PROGRESSING, 0), "is rolling out", "are rolling out"),
        f"of {unknown:,} nothing is known" if (unknown := counts.get(Health.UNKNOWN, 0)) else "",
    ]
    said = ", ".join(part for part in parts if part)
    if not number:
        return f"{begin} no services{end or ' yet'}."
    said = f"{said[:1].upper()}{said[1:]}." if said else "All are well."
    return f"{begin} {_count(number, 'service', 'services')}{end}. {said}"


def _count(number: int, one: str, many: str) -> str:
    return "" if not number else f"{number:,} {one if number == 1 else many}"
