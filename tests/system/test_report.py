"""What one part does, no other part feels: errors, silence and secrets each stay within their own line."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.backends.postgresql.base import DatabaseWrapper
from psycopg import OperationalError
from redis.exceptions import TimeoutError as BrokerTimeout

from core.parallel import run_all
from integrations.errors import Missing, NotAllowed, Refused, Unreachable
from mctl import storage
from mctl.env import Declared, declared
from mctl.health import Line, State, own, report, system_report
from mctl.health.lines import NotConfigured, Part, missing_line, ok_line
from tests.processes import wait_until

FINE = Part("Here", "Fine", lambda: ok_line("Fine", "It answers."))
PASSWORD = "correct-horse-battery"


def failing(error: Exception) -> Part:
    def look() -> Line:
        raise error

    return Part("Here", "Broken", look, "Mend it.")


@pytest.fixture
def line_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Line]:
    """The line of a part, while the part beside it is as it was."""

    def asked(part: Part, within_s: float = 5.0) -> Line:
        monkeypatch.setattr(report, "PARTS", (part, FINE))
        found = {line.name: line for group in system_report(within_s).groups for line in group.lines}
        assert found["Fine"].is_well
        return found[part.name]

    return asked


@pytest.mark.parametrize(
    ("error", "state", "sentence"),
    [
        (Unreachable("git", "Git is away."), State.NOT_ASKED, "Git is away."),
        (Unreachable("git", "Git is away.", detail="timed out"), State.NOT_ASKED, "Git is away. (timed out)"),
        (Refused("git", "Git says no."), State.MISSING, "Git says no."),
        (Missing("git", "There is no git."), State.MISSING, "There is no git."),
        (NotConfigured("No git is set."), State.NOT_CONFIGURED, "No git is set."),
        (OperationalError("connection refused"), State.NOT_ASKED, "OperationalError: connection refused"),
        (KeyError("x"), State.NOT_ASKED, "KeyError: 'x'"),
        (TimeoutError(), State.NOT_ASKED, "It did not answer in time."),
        (BrokerTimeout("Timeout reading from socket"), State.NOT_ASKED, "It did not answer in time."),
        (EOFError(), State.NOT_ASKED, "EOFError."),
    ],
)
def test_an_error_becomes_the_parts_own_line(
    line_of: Callable[..., Line], error: Exception, state: State, sentence: str
) -> None:
    line = line_of(failing(error))

    assert (line.state, line.sentence, line.fails) == (state, sentence, True)


def test_a_missing_right_is_told_by_its_rule_and_counted_where_the_rights_are(line_of: Callable[..., Line]) -> None:
    refusal = NotAllowed(
        "kubernetes", "We may not list namespaces.", remedy="Add the rule.", detail="x", missing_right={}
    )

    line = line_of(failing(refusal))

    assert (line.state, line.sentence, line.remedy, line.fails) == (
        State.NOT_ASKED, "We may not list namespaces.", "Add the rule.", False
    )  # fmt: skip


def test_postgresql_that_refuses_is_said_to_refuse(
    line_of: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = {**storage.database("postgresql://mctl:x@127.0.0.1:1/mctl"), "TIME_ZONE": None, "CONN_MAX_AGE": 0}
    monkeypatch.setattr(own, "connection", DatabaseWrapper(address))

    line = line_of(Part("Here", "Database", own.look_at_database, "Start it."))

    assert "onnection refused" in line.sentence


def test_a_part_without_advice_of_its_own_keeps_the_standing_one(line_of: Callable[..., Line]) -> None:
    assert line_of(failing(Unreachable("git", "Git is away."))).remedy == "Mend it."
    assert line_of(failing(Unreachable("git", "Git is away.", remedy="Start it."))).remedy == "Start it."


@pytest.mark.parametrize("error", [Unreachable("git", "Git is away."), NotConfigured("No git is set.")])
def test_one_cause_is_counted_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    below = failing(error)
    above = (replace(below, name="Pushing", stands_on="Broken"), replace(below, name="Set", is_required=False))
    monkeypatch.setattr(report, "PARTS", (*above, below))

    found = system_report(5.0)

    said = {line.name: line for line in found.groups[0].lines}
    assert (found.failing, said["Broken"].fails) == (1, True)
    assert (said["Pushing"].state, said["Pushing"].said) == (State.NOT_ASKED, "See the line of Broken.")


def test_an_error_of_its_own_counts_while_what_it_stands_on_is_there(line_of: Callable[..., Line]) -> None:
    line = line_of(replace(failing(Unreachable("git", "Git is away.")), stands_on="Fine"))

    assert (line.fails, line.sentence) == (True, "Git is away.")


def test_parts_stand_on_parts_that_are_there() -> None:
    names = {part.name for part in report.PARTS}

    assert {part.stands_on for part in report.PARTS} <= {*names, ""}


@pytest.fixture
def hanging() -> Iterator[Callable[[], Line]]:
    """A question that is answered only when the test is over."""
    over = threading.Event()

    def look() -> Line:
        over.wait(60)
        return ok_line("Slow", "At last.")

    yield look
    over.set()


def test_a_system_that_hangs_is_said_to_hang_and_holds_nobody(
    hanging: Callable[[], Line], line_of: Callable[..., Line]
) -> None:
    line = line_of(Part("Here", "Slow", hanging, "Wake it."), within_s=0.2)

    assert (line.state, line.sentence, line.remedy) == (State.NOT_ASKED, "No answer within 0.2 s.", "Wake it.")


def test_threads_that_hang_do_not_keep_the_process_from_ending(
    hanging: Callable[[], Line], line_of: Callable[..., Line]
) -> None:
    line_of(Part("Here", "Slow", hanging), within_s=0.05)

    assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("ask-"))


def test_no_more_are_asked_at_once_than_is_said_and_none_after_the_end() -> None:
    running, most, begun, lock, over = 0, 0, 0, threading.Lock(), threading.Event()

    def look() -> bool:
        nonlocal running, most, begun
        with lock:
            running, begun = running + 1, begun + 1
            most = max(most, running)
        over.wait(60)
        with lock:
            running -= 1
        return True

    answers = run_all(dict.fromkeys(range(9), look), within_s=0.2, at_once=3)
    over.set()
    wait_until(lambda: running == 0, "those that were asked have ended")

    assert (most, begun, len(answers)) == (3, 3, 9)
    assert {type(answer).__name__ for answer in answers.values()} == {"NoAnswer"}


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"postgresql://mctl:{PASSWORD}@db.example.dev/mctl"
    monkeypatch.setitem(declared, "DATABASE_URL", Declared("DATABASE_URL", "", "", address, True))
    return address


@pytest.mark.parametrize("said", ["cannot log in with {password}", "cannot open {address}", "ftp://mctl:{password}@x"])
def test_no_secret_of_the_settings_reaches_a_line(line_of: Callable[..., Line], secret: str, said: str) -> None:
    words = said.format(password=PASSWORD, address=secret)
    for part in (
        failing(OperationalError(words)),
        Part("Here", "Broken", lambda: missing_line("Broken", words, words)),
    ):
        line = line_of(part)
        assert PASSWORD not in line.sentence + line.remedy
        assert "***" in line.sentence


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("MCTL_GITOPS_URL", "https://[git.example.dev/x"),
        ("MCTL_GITOPS_URL", f"https://mctl:{PASSWORD}@[git.example.dev/x"),
        ("MCTL_DEX_ISSUER", "https://[dex.example.dev/x"),
    ],
)
def test_an_address_that_cannot_be_read_spoils_no_line(
    line_of: Callable[..., Line], monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setitem(declared, name, Declared(name, "", "", address, False))

    line = line_of(Part("Here", "Git", lambda: missing_line("Git", f"{PASSWORD} is wrong")))

    assert (PASSWORD in line.sentence) == (PASSWORD not in address)


def test_a_password_is_masked_as_it_is_written_and_as_it_is_sent(
    line_of: Callable[..., Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "postgresql://mctl:p%40ssw0rd@db.example.dev/mctl"
    monkeypatch.setitem(declared, "DATABASE_URL", Declared("DATABASE_URL", "", "", address, True))

    line = line_of(Part("Here", "Database", lambda: missing_line("Database", "tried p%40ssw0rd", "not p@ssw0rd")))

    assert (line.sentence, line.remedy) == ("tried ***", "not ***")


@pytest.fixture
def doctor_with(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """The command with other parts than the product's: its exit code, and what it prints."""

    def run(*arguments: str, parts: list[Part]) -> tuple[int, str]:
        monkeypatch.setattr(report, "PARTS", parts)
        out, code = StringIO(), 0
        try:
            call_command("doctor", *arguments, stdout=out)
        except SystemExit as end:
            code = int(str(end.code))
        return code, out.getvalue()

    return run


RIGHT = Line("watch pods", State.MISSING, "Not allowed: watch.", "Add this.", "- verbs: [watch]\n")
OPTIONAL = Line("get secrets", State.MISSING, "Not allowed: get.", "Add this.", is_required=False)


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([FINE], 0),
        ([FINE, Part("Here", "Rights", lambda: [OPTIONAL])], 0),
        ([FINE, Part("Here", "Rights", lambda: [OPTIONAL, RIGHT])], 1),
        ([FINE, failing(NotConfigured("No git is set."))], 1),
        ([FINE, failing(Unreachable("git", "Git is away."))], 1),
    ],
)
def test_the_command_ends_with_one_where_something_required_is_not_there(
    doctor_with: Callable[..., tuple[int, str]], parts: list[Part], code: int
) -> None:
    assert doctor_with(parts=parts)[0] == doctor_with("--json", parts=parts)[0] == code


def test_the_command_says_what_is_wrong_what_to_do_and_the_rule(doctor_with: Callable[..., tuple[int, str]]) -> None:
    said = doctor_with(parts=[FINE, Part("Rights", "Rights", lambda: [RIGHT, OPTIONAL])])[1]

    assert [" ".join(line.split()) for line in said.splitlines() if line] == [
        "Here",
        "ok Fine It answers.",
        "Rights",
        "missing watch pods Not allowed: watch.",
        "-> Add this.",
        "- verbs: [watch]",
        "missing get secrets Not allowed: get. Not required.",
        "-> Add this.",
        said.splitlines()[-1],
    ]
    assert said.splitlines()[-1].startswith("1 thing that MCTL needs cannot be relied on now.")


def test_json_has_every_line(doctor_with: Callable[..., tuple[int, str]]) -> None:
    told = json.loads(doctor_with("--json", parts=[FINE, Part("Rights", "Rights", lambda: [RIGHT])])[1])

    assert (told["is_well"], told["failing"]) == (False, 1)
    assert [line["state"] for line in told["lines"]] == ["ok", "missing"]
    assert told["lines"][1] == {
        "group": "Rights",
        "name": "watch pods",
        "state": "missing",
        "is_required": True,
        "sentence": "Not allowed: watch.",
        "remedy": "Add this.",
        "rule": "- verbs: [watch]\n",
    }


def test_many_lines_that_are_well_are_a_number(doctor_with: Callable[..., tuple[int, str]]) -> None:
    rights = [ok_line(f"right {number}", "There.") for number in range(20)]

    said = doctor_with(parts=[Part("Rights", "Rights", lambda: [*rights, RIGHT])])[1]

    assert "right 7" not in said
    assert "20 of 21" in said
    assert "watch pods" in said
