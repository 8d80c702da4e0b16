"""Pages that several apps fill: parts, tabs and buttons, each declared by the app it belongs to.

The owner of a page makes a `Page`. Every app declares its pieces in its `panels.py` and adds them in `apps.py`, in
`ready()`. Nothing here knows a request: `core/htmx.py` answers with what `Page.open` and `Page.read` return.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from time import monotonic
from typing import Any, TypeVar

import structlog
from django.db import close_old_connections
from django.urls import reverse

from core.actor import Actor, Decision
from core.errors import Problem, Unavailable

log = structlog.get_logger(__name__)
# What a slow part may take, counted from when its page began: the rest of the page waits for it.
LONGEST_READ_S = 6.0
# More than one page has, so that a source that does not answer holds up its own parts alone.
READERS = ThreadPoolExecutor(max_workers=24, thread_name_prefix="panel")
# Told after each reconnect: nobody knows what was missed meanwhile.
RESYNC = "mctl-resync"
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a page is about: a service, a tenant, or nothing in particular (home).

    `row` is what the page's owner has looked up: the Service, the Tenant. `query` is that of the address.
    """

    tenant: str = ""
    service: str = ""
    row: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    _known: list[tuple[tuple[Any, ...], Any]] = field(default_factory=list, repr=False, compare=False)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.tenant, self.service) if name)

    def once(self, read: Callable[..., Value], *asked: Any) -> Value:
        """`read(*asked)`, read once for all pieces of this page that ask for the same. Not for slow panels."""
        # Compared, not hashed: an actor holds a mapping.
        known: Value
        for call, known in self._known:
            if call == (read, *asked):
                return known
        answer = read(*asked)
        self._known.append(((read, *asked), answer))
        return answer


class Column(StrEnum):
    """HEAD is the place under the page's title."""

    HEAD = "head"
    MAIN = "main"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page. The template gets `shown` (what `read` answered), `subject` and `request`.

    `read` makes one query; None hides the part. A Problem that it or the template raises is shown in the place of this
    part alone; any other exception is logged and shown there as an internal error.
    `changes`: the live messages after which the part is fetched again, such as `service.changed`. A part with a state
    of its own, such as a filter, names none and swaps itself: the page answers with it alone where htmx swaps an
    element with the panel's name as its id.
    `is_slow`: read beside the others, within a time limit. It must not use `subject.once`.
    `kept(actor, subject)`: what is shown instead where `read` raises or takes too long. None where nothing was kept.
    """

    name: str
    template: str
    read: Callable[[Actor, Subject], Any]
    column: Column = Column.MAIN
    order: int = 100
    changes: tuple[str, ...] = ()
    is_slow: bool = False
    kept: Callable[[Actor, Subject], Any] | None = None

    @property
    def title(self) -> str:
        return self.name.replace("-", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Tab:
    """A further page under the same head, at `route` with the subject's names as arguments.

    `changes`: the live messages after which the tab is fetched again; none, and it stays as it is.
    `title_end` is the end of the title that only assistive technology reads. `key` is a keyboard shortcut.
    """

    name: str
    title: str
    route: str
    order: int = 100
    changes: tuple[str, ...] = ()
    may: Callable[[Actor, Subject], Decision] | None = None
    title_end: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """Something to do, in the head of a page; one that leads to the current tab is left out. `kind`: primary or ""."""

    name: str
    title: str
    route: str
    order: int = 100
    may: Callable[[Actor, Subject], Decision] | None = None
    kind: str = ""
    key: str = ""


Piece = Panel | Tab | Button
Ordered = TypeVar("Ordered", bound=Piece)


@dataclass(frozen=True, slots=True)
class Link:
    """A tab or a button as it is shown."""

    piece: Tab | Button
    address: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class PanelShown:
    """`problem` is why nothing could be read; `shown` is None then."""

    panel: Panel
    shown: Any
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class PageShown:
    """A page for one actor. `trigger` is the hx-trigger of the whole; empty where nothing is fetched again."""

    page: "Page"
    subject: Subject
    head: Any
    tab: str
    tabs: list[Link]
    buttons: list[Link]
    trigger: str
    panels: list[PanelShown]

    @property
    def in_head(self) -> list[PanelShown]:
        return self.column(Column.HEAD)

    @property
    def in_main(self) -> list[PanelShown]:
        return self.column(Column.MAIN)

    @property
    def in_side(self) -> list[PanelShown]:
        return self.column(Column.SIDE)

    def column(self, column: Column) -> list[PanelShown]:
        return [shown for shown in self.panels if shown.panel.column is column]


class Page:
    """A page and what apps have added to it. `name` is the id of its element; `template` the whole page, `part` that
    element. `head(actor, subject)` reads what stands on top of every tab. The panels stand on the first tab."""

    def __init__(
        self, name: str, *, template: str, part: str, head: Callable[[Actor, Subject], Any] | None = None
    ) -> None:
        self.name = name
        self.template = template
        self.part = part
        self._head = head
        self._pieces: dict[tuple[type, str], Piece] = {}

    def add(self, *pieces: Piece) -> None:
        """Raises ValueError for a name that the page has already."""
        for piece in pieces:
            kind = type(piece)
            if (kind, piece.name) in self._pieces or (kind is Panel and piece.name == self.name):
                raise ValueError(f"The page {self.name} has a {kind.__name__.lower()} {piece.name} already.")
            self._pieces[kind, piece.name] = piece

    @property
    def panels(self) -> list[Panel]:
        return in_order(piece for piece in self._pieces.values() if isinstance(piece, Panel))

    @property
    def tabs(self) -> list[Tab]:
        return in_order(piece for piece in self._pieces.values() if isinstance(piece, Tab))

    @property
    def buttons(self) -> list[Button]:
        return in_order(piece for piece in self._pieces.values() if isinstance(piece, Button))

    def open(self, actor: Actor, subject: Subject, *, tab: str = "") -> PageShown:
        """The frame of a tab, or the first tab with all panels where none is named. Raises ValueError for a tab that
        the page has not."""
        if tab and (Tab, tab) not in self._pieces:
            raise ValueError(f"The page {self.name} has no tab {tab}.")
        first = next(iter(self.tabs), None)
        name = tab or (first.name if first else "")
        current = next((one for one in self.tabs if one.name == name), None)
        panels = self.panels if current is first else []
        collect = _begin(panels, actor, subject)
        head = self._head(actor, subject) if self._head else None
        changes = [*(current.changes if current else ()), *(change for panel in panels for change in panel.changes)]
        return PageShown(
            page=self,
            subject=subject,
            head=head,
            tab=name,
            tabs=_links(self.tabs, actor, subject, current=current.route if current else ""),
            buttons=[
                link
                for link in _links(self.buttons, actor, subject, current=current.route if current else "")
                if not link.is_current
            ],
            trigger=trigger(changes, subject),
            panels=collect(),
        )

    def read(self, actor: Actor, subject: Subject, *, panel: str) -> PanelShown | None:
        """One panel alone, for a swap of its element; None where the page has none of this name, or it is hidden."""
        found = [one for one in self.panels if one.name == panel]
        return next(iter(_begin(found, actor, subject)()), None)


def in_tenant(policy: Callable[..., Decision]) -> Callable[[Actor, Subject], Decision]:
    """A policy about a tenant as the rule of a button or a tab."""
    return lambda actor, subject: policy(actor, tenant=subject.tenant)


def in_order(pieces: Iterable[Ordered]) -> list[Ordered]:
    return sorted(pieces, key=lambda piece: piece.order)


def trigger(changes: Iterable[str], subject: Subject) -> str:
    """`service.changed` of payments/api as `service-changed:payments:api from:body`, see static/js/live.js."""
    events = [":".join([change.replace(".", "-"), *subject.names]) for change in dict.fromkeys(changes)]
    return ", ".join(f"{event} from:body" for event in [*events, RESYNC]) if events else ""


def _links(pieces: Iterable[Tab | Button], actor: Actor, subject: Subject, *, current: str) -> list[Link]:
    """A piece whose rule or route raises is logged and left out, like one that is not allowed."""
    links = []
    for piece in pieces:
        try:
            if piece.may is None or piece.may(actor, subject).allowed:
                links.append(Link(piece, reverse(piece.route, args=subject.names), piece.route == current))
        except Exception:
            log.exception("link_failed", link=piece.name)
    return links


def _begin(panels: list[Panel], actor: Actor, subject: Subject) -> Callable[[], list[PanelShown]]:
    """Sends the slow ones off at once. What it returns reads the others, then waits for those, and keeps the order."""
    ends_at = monotonic() + LONGEST_READ_S
    sent = {panel.name: READERS.submit(_closing, panel.read, actor, subject) for panel in panels if panel.is_slow}

    def read(panel: Panel) -> Any:
        return _in_time(sent[panel.name], ends_at) if panel.is_slow else panel.read(actor, subject)

    def collect() -> list[PanelShown]:
        waited_for_last = sorted(panels, key=lambda panel: panel.is_slow)
        shown = {panel.name: _guarded(panel, read, actor, subject) for panel in waited_for_last}
        return [found for panel in panels if (found := shown[panel.name]) is not None]

    return collect


def _guarded(panel: Panel, read: Callable[[Panel], Any], actor: Actor, subject: Subject) -> PanelShown | None:
    """What the panel shows, else what was kept, else why there is nothing. Never raises."""
    found, problem = or_problem(panel, lambda: read(panel))
    if problem is not None and panel.kept is not None:
        kept = panel.kept
        found, _ = or_problem(panel, lambda: kept(actor, subject))
        problem = problem if found is None else None
    return None if found is None and problem is None else PanelShown(panel, found, problem)


def or_problem(panel: Panel, read: Callable[[], Value]) -> tuple[Value | None, Problem | None]:
    """What was read, or why it was not. Never raises."""
    try:
        return read(), None
    except Problem as problem:
        return None, problem
    except Exception:
        # The mistake of one app must not take away the page of another.
        log.exception("panel_failed", panel=panel.name)
        return None, Problem(
            "Showing it ended in an error inside MCTL.",
            remedy="Tell the platform team; the log has the details.",
            code="internal_error",
            ours=True,
        )


def _in_time(reading: Future[Any], ends_at: float) -> Any:
    try:
        return reading.result(timeout=max(0.0, ends_at - monotonic()))
    except TimeoutError:
        reading.cancel()
        raise Unavailable(
            "The cluster has not answered in time.", remedy="Reload the page in a moment.", ours=True
        ) from None


def _closing(read: Callable[[Actor, Subject], Any], actor: Actor, subject: Subject) -> Any:
    try:
        return read(actor, subject)
    finally:
        close_old_connections()


HOME = Page("home", template="mctl/home.html", part="mctl/_home.html")
