"""A page that several apps fill: what stands where, who sees what, and a part that cannot be read."""

from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from structlog.testing import capture_logs

from core import page as pages
from core.actor import Actor, Decision, Door
from core.errors import Unavailable
from core.page import Button, Column, Page, Panel, Subject, Tab

VERA = Actor(name="vera", door=Door.WEB)
API = Subject("payments", "api")


@pytest.fixture
def page() -> Page:
    return Page("service", template="page.html", part="part.html")


def panel(name: str, read: Callable[[Actor, Subject], Any] = lambda actor, subject: "read", **more: Any) -> Panel:
    return Panel(name, f"{name}.html", read, **more)


def away(actor: Actor, subject: Subject) -> Any:
    raise Unavailable("The cluster does not answer.", remedy="Wait a moment.")


def shown(page: Page) -> dict[str, Any]:
    return {one.panel.name: one.shown for one in page.open(VERA, API).panels}


def test_panels_stand_in_their_column_in_order(page: Page) -> None:
    page.add(panel("late", order=20), panel("early", order=10), panel("beside", column=Column.SIDE))
    opened = page.open(VERA, API)
    assert [one.panel.name for one in opened.in_main] == ["early", "late"]
    assert [one.panel.name for one in opened.in_side] == ["beside"]
    assert opened.in_head == []


@pytest.mark.parametrize("piece", [panel("pods"), Tab("pods", "Pods", "pods"), Button("pods", "Pods", "pods")])
def test_a_name_is_taken_once(page: Page, piece: Any) -> None:
    page.add(panel("pods"), Tab("pods", "Pods", "pods"), Button("pods", "Pods", "pods"))
    with pytest.raises(ValueError, match=r"The page service has a (panel|tab|button) pods already"):
        page.add(piece)


def test_a_panel_must_not_be_named_like_its_page(page: Page) -> None:
    with pytest.raises(ValueError, match="panel service"):
        page.add(panel("service"))


def test_a_panel_that_reads_none_is_hidden(page: Page) -> None:
    page.add(panel("absent", lambda actor, subject: None), panel("empty", lambda actor, subject: []))
    assert shown(page) == {"empty": []}


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_problem_of_one_panel_stands_in_its_place_alone(page: Page, is_slow: bool) -> None:
    page.add(panel("pods", away, is_slow=is_slow), panel("facts"))
    pods, facts = page.open(VERA, API).panels
    assert (pods.shown, pods.problem and pods.problem.sentence) == (None, "The cluster does not answer.")
    assert (facts.shown, facts.problem) == ("read", None)


@pytest.mark.parametrize("is_slow", [False, True])
def test_what_was_kept_is_shown_instead_of_a_problem(page: Page, is_slow: bool) -> None:
    page.add(panel("diagnosis", away, is_slow=is_slow, kept=lambda actor, subject: f"kept of {subject.service}"))
    assert shown(page) == {"diagnosis": "kept of api"}


def slip(actor: Actor, subject: Subject) -> Any:
    raise KeyError("cpu")


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_mistake_of_one_panel_is_logged_and_stands_in_its_place_alone(page: Page, is_slow: bool) -> None:
    page.add(panel("pods", slip, is_slow=is_slow), panel("facts"))
    with capture_logs() as logs:
        pods, facts = page.open(VERA, API).panels
    assert (pods.shown, pods.problem and pods.problem.problem_code) == (None, "internal_error")
    assert (facts.shown, facts.problem) == ("read", None)
    assert [(one["event"], one["panel"], one["exc_info"]) for one in logs] == [("panel_failed", "pods", True)]


def nothing(actor: Actor, subject: Subject) -> Any:
    return None


@pytest.mark.parametrize("kept", [away, slip, nothing])
def test_a_panel_of_which_nothing_was_kept_says_why_it_was_not_read(page: Page, kept: Any) -> None:
    def unread(actor: Actor, subject: Subject) -> Any:
        raise Unavailable("Nobody answers.")

    page.add(panel("diagnosis", unread, kept=kept), panel("facts"))
    diagnosis, facts = page.open(VERA, API).panels
    assert (diagnosis.shown, diagnosis.problem and diagnosis.problem.sentence) == (None, "Nobody answers.")
    assert facts.shown == "read"


def test_a_panel_behind_a_slow_one_is_read_without_waiting_for_it(page: Page) -> None:
    """The slow one ends only after the other one was read: otherwise it is out of time."""
    was_read = Event()

    def read(actor: Actor, subject: Subject) -> str:
        was_read.set()
        return "read"

    page.add(panel("pods", lambda actor, subject: was_read.wait(timeout=5), order=10, is_slow=True))
    page.add(panel("facts", read, order=20))
    opened = page.open(VERA, API)
    assert [(one.panel.name, one.shown) for one in opened.panels] == [("pods", True), ("facts", "read")]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Actor, Subject], Any]]:
    """A read that ends after the test, on a page that waits for nothing."""
    monkeypatch.setattr(pages, "LONGEST_READ_S", 0.0)
    released = Event()
    yield lambda actor, subject: released.wait()
    released.set()


def test_a_slow_panel_out_of_time_leaves_the_page_standing(page: Page, hanging: Any) -> None:
    page.add(panel("pods", hanging, is_slow=True), panel("facts"))
    page.add(panel("diagnosis", hanging, is_slow=True, kept=lambda actor, subject: "kept"))
    found = {one.panel.name: one for one in page.open(VERA, API).panels}
    assert found["pods"].problem is not None
    assert found["pods"].problem.sentence == "The cluster has not answered in time."
    assert (found["facts"].shown, found["diagnosis"].shown) == ("read", "kept")


def test_slow_panels_are_read_side_by_side(page: Page) -> None:
    """Each waits for the other one: read one after the other they would never end in time."""
    first, second = Event(), Event()

    def wait_for(mine: Event, other: Event) -> Callable[[Actor, Subject], bool]:
        def read(actor: Actor, subject: Subject) -> bool:
            mine.set()
            return other.wait(timeout=5)

        return read

    page.add(panel("one", wait_for(first, second), is_slow=True), panel("two", wait_for(second, first), is_slow=True))
    assert shown(page) == {"one": True, "two": True}


def test_the_page_is_fetched_again_after_what_changes_its_panels(page: Page) -> None:
    page.add(panel("facts", changes=("service.changed",)), panel("runs", changes=("operation.changed",)))
    assert page.open(VERA, API).trigger == (
        "service-changed:payments:api from:body, operation-changed:payments:api from:body, mctl-resync from:body"
    )


def test_a_page_whose_panels_never_change_is_not_fetched_again(page: Page) -> None:
    page.add(panel("facts"))
    assert page.open(VERA, API).trigger == ""


def test_one_panel_is_read_alone(page: Page) -> None:
    page.add(panel("facts"), panel("pods", away), panel("absent", lambda actor, subject: None))
    alone = page.read(VERA, API, panel="facts")
    assert alone is not None
    assert alone.shown == "read"
    assert page.read(VERA, API, panel="absent") is page.read(VERA, API, panel="nothing") is None


def test_what_several_panels_need_is_read_once(page: Page) -> None:
    asked = []

    def counts(actor: Actor) -> int:
        asked.append(actor.name)
        return 7

    page.add(*(panel(name, lambda actor, subject: subject.once(counts, actor)) for name in ("one", "two")))
    assert shown(page) == {"one": 7, "two": 7}
    assert asked == ["vera"]


def test_what_is_asked_with_other_arguments_is_read_again() -> None:
    about, asked = Subject("payments", query={"page": "2"}), []

    def read(actor: Actor, of: Subject, number: int) -> int:
        asked.append(number)
        return number * 10

    assert [about.once(read, VERA, about, number) for number in (1, 2, 1, 2)] == [10, 20, 10, 20]
    assert asked == [1, 2]


def allowed(actor: Actor, subject: Subject) -> Decision:
    return Decision(actor.name == "dev", "Only dev may.")


@pytest.fixture
def tabbed(page: Page) -> Page:
    logs, history = "services:service_logs", "services:service_history"
    page.add(Tab("overview", "Overview", "services:service_detail", order=1), Tab("logs", "Logs", logs, order=2))
    page.add(Button("logs", "Logs", logs), Button("history", "History", history, may=allowed), panel("facts"))
    return page


def test_tabs_have_addresses_of_their_own_and_one_is_current(tabbed: Page) -> None:
    opened = tabbed.open(VERA, API, tab="logs")
    assert [(link.piece.name, link.address, link.is_current) for link in opened.tabs] == [
        ("overview", "/tenants/payments/services/api/", False),
        ("logs", "/tenants/payments/services/api/logs/", True),
    ]
    assert (opened.tab, opened.panels) == ("logs", [])


def test_the_first_tab_has_the_panels(tabbed: Page) -> None:
    opened = tabbed.open(VERA, API)
    assert (opened.tab, [one.panel.name for one in opened.panels]) == ("overview", ["facts"])


def test_a_tab_that_nobody_added_is_a_mistake(tabbed: Page) -> None:
    with pytest.raises(ValueError, match="has no tab pods"):
        tabbed.open(VERA, API, tab="pods")


def test_buttons_are_those_one_may_press_and_none_leads_to_the_current_tab(tabbed: Page) -> None:
    dev = Actor(name="dev", door=Door.WEB)
    names = {
        (actor.name, tab): [link.piece.name for link in tabbed.open(actor, API, tab=tab).buttons]
        for actor in (VERA, dev)
        for tab in ("overview", "logs")
    }
    assert names == {
        ("vera", "overview"): ["logs"],
        ("vera", "logs"): [],
        ("dev", "overview"): ["logs", "history"],
        ("dev", "logs"): ["history"],
    }


def out_of_order(actor: Actor, subject: Subject) -> Decision:
    raise KeyError("team")


@pytest.mark.parametrize(
    "broken", [{"route": "services:nope"}, {"may": out_of_order}, {"may": away}], ids=["route", "mistake", "problem"]
)
def test_a_tab_or_button_whose_rule_or_route_fails_is_logged_and_left_out_alone(
    tabbed: Page, broken: dict[str, Any]
) -> None:
    given = {"route": "services:service_events", **broken}
    tabbed.add(Tab("broken", "Broken", **given), Button("broken", "Broken", **given))
    with capture_logs() as logs:
        opened = tabbed.open(VERA, API)
    assert [link.piece.name for link in opened.tabs] == ["overview", "logs"]
    assert [link.piece.name for link in opened.buttons] == ["logs"]
    assert [one.panel.name for one in opened.panels] == ["facts"]
    assert [(one["event"], one["link"], one["exc_info"]) for one in logs] == [("link_failed", "broken", True)] * 2
