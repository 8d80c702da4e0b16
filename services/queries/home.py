"""What the home page says about services, from the mirror and the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.actor import Actor
from core.page import Subject
from operations.queries import OperationRow, troubled_operations
from services.models import URGENCY_BUSY
from services.queries.away import unreadable_sources
from services.queries.rows import LIST_COLUMNS, ServiceRow, service_row, visible_services
from tenants.queries import UnreadableSource, sources, tenant_rows

NEEDS_YOU_SHOWN = 8
CHANGES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class HomeSummary:
    sentence: str
    away: Sequence[UnreadableSource]


@dataclass(frozen=True, slots=True)
class NeedsYou:
    """`more`: how many troubled services are not among `services`. `tenants`: how many the actor sees."""

    services: Sequence[ServiceRow]
    more: int
    stuck: Sequence[OperationRow]
    tenants: int


def home_summary(actor: Actor, subject: Subject) -> HomeSummary:
    rows, stuck = subject.once(tenant_rows, actor), subject.once(troubled_operations, actor)
    sentence = home_sentence(
        troubled=sum(row.troubled for row in rows),
        stuck=len(stuck),
        services=sum(row.services for row in rows),
        unknown=sum(row.unknown for row in rows),
    )
    return HomeSummary(sentence, unreadable_sources(subject.once(sources)))


def home_sentence(*, troubled: int, stuck: int, services: int, unknown: int) -> str:
    """`unknown`: services of which nobody knows how they are. They are not counted as well."""
    if not services:
        return "There is nothing here yet that you can see."
    if not (troubled or stuck or unknown):
        return f"All {services:,} services are well." if services > 1 else "Your service is well."
    needs = f"{troubled:,} of {services:,} services {'needs' if troubled == 1 else 'need'} a look." if troubled else ""
    untold = f"The state of {unknown:,} of {services:,} services is not known." if unknown else ""
    halted = f"{stuck} {'operation' if stuck == 1 else 'operations'} did not succeed." if stuck else ""
    return " ".join(part for part in (needs, untold, halted) if part)


def needs_you(actor: Actor, subject: Subject) -> NeedsYou:
    """What needs a person, worst first."""
    troubled = visible_services(actor).filter(urgency__lt=URGENCY_BUSY).only(*LIST_COLUMNS)
    shown = troubled.order_by("urgency", "-changed_at", "name")[:NEEDS_YOU_SHOWN]
    rows = subject.once(tenant_rows, actor)
    return NeedsYou(
        services=[service_row(service) for service in shown],
        more=max(0, sum(row.troubled for row in rows) - NEEDS_YOU_SHOWN),
        stuck=subject.once(troubled_operations, actor),
        tenants=len(rows),
    )


def recent_changes(actor: Actor, subject: Subject) -> list[ServiceRow]:
    """The services that were changed last, one row each."""
    changed = visible_services(actor).exclude(changed_at=None).only(*LIST_COLUMNS)
    return [service_row(service) for service in changed.order_by("-changed_at")[:CHANGES_SHOWN]]
