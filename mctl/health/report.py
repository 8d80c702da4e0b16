"""Asks all parts side by side, each within one time limit. What one of them raises is its own line and no other's."""

import time
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import unquote

from redis.exceptions import TimeoutError as BrokerTimeout

from core.actor import Actor, Decision
from core.clock import now
from core.credentials import MASK
from core.errors import Problem
from core.gate import require
from core.parallel import NoAnswer, run_all
from integrations.errors import IntegrationError, Missing, Refused, foreign_text
from mctl.env import declared
from mctl.health import cluster_rights, outside, own
from mctl.health.lines import (
    Group,
    Line,
    NotConfigured,
    Part,
    Report,
    missing_line,
    not_asked_line,
    not_configured_line,
)

# Longer than the gateways wait by default: what they say about a silence is better than what we could say.
LONGEST_S = 6.0
AT_ONCE = 20
# A shorter value stands in many words by chance.
SHORTEST_SECRET = 6
PARTS: Sequence[Part] = (*own.PARTS, *outside.PARTS, *cluster_rights.PARTS)


def may_check(actor: Actor) -> Decision:
    if actor.sees_everything:
        return Decision(True, f"{actor.name} is platform admin.")
    return Decision(False, "The system check is for platform admins.", "Ask a platform admin to look for you.")


def system_check(actor: Actor) -> Report:
    """The report at a door. Raises Forbidden."""
    require(may_check(actor))
    return system_report()


def system_report(within_s: float = LONGEST_S) -> Report:
    parts, begun_at, begun = PARTS, now(), time.monotonic()
    answers = run_all({part.name: part.look for part in parts}, within_s=within_s, at_once=AT_ONCE)
    groups: dict[str, list[Line]] = {}
    for part in parts:
        answer = answers[part.name]
        if not isinstance(answer, Exception):
            found = answer
        elif isinstance(answers.get(part.stands_on), Exception):
            found = not_asked_line(part.name, f"See the line of {part.stands_on}.", is_required=False)
        else:
            line = line_of_error(part, answer, within_s)
            found = replace(line, is_required=line.is_required and part.is_required)
        lines = [found] if isinstance(found, Line) else found
        groups.setdefault(part.group, []).extend(without_secrets(line) for line in lines)
    shown = tuple(Group(title, tuple(lines)) for title, lines in groups.items())
    return Report(begun_at, round(time.monotonic() - begun, 2), shown)


def line_of_error(part: Part, error: Exception, within_s: float) -> Line:
    if isinstance(error, NoAnswer):
        return not_asked_line(part.name, f"No answer within {within_s:g} s.", part.remedy)
    if isinstance(error, NotConfigured):
        return not_configured_line(part.name, error.sentence, error.remedy)
    if isinstance(error, TimeoutError | BrokerTimeout):
        return not_asked_line(part.name, "It did not answer in time.", part.remedy)
    if not isinstance(error, Problem):
        said = f"{type(error).__name__}: {foreign_text(str(error))}" if str(error) else f"{type(error).__name__}."
        return not_asked_line(part.name, said, part.remedy)
    if "missing_right" in error.facts:
        # The right has a line of its own that fails where it is required.
        return not_asked_line(part.name, error.sentence, error.remedy, is_required=False)
    detail = str(error.facts.get("detail", "")) if isinstance(error, IntegrationError) else ""
    sentence = f"{error.sentence} ({detail})" if detail else error.sentence
    # A refusal is an answer: it is there, and does not do what we need.
    make = missing_line if isinstance(error, Refused | Missing) else not_asked_line
    return make(part.name, sentence, error.remedy or part.remedy)


def without_secrets(line: Line) -> Line:
    """The line without any secret of the settings: anything outside may have written one there."""
    sentence, remedy = line.sentence, line.remedy
    for secret in secrets():
        sentence, remedy = sentence.replace(secret, MASK), remedy.replace(secret, MASK)
    return replace(line, sentence=sentence, remedy=remedy)


def secrets() -> list[str]:
    """Values of secret settings and the passwords in their addresses, long ones first."""
    found = {setting.value for setting in declared.values() if setting.secret}
    for setting in declared.values():
        password = password_in(setting.value)
        # Servers and libraries tell it in either spelling.
        found |= {password, unquote(password)}
    return sorted((value for value in found if len(value) >= SHORTEST_SECRET), key=len, reverse=True)


def password_in(address: str) -> str:
    """Empty without one. No parser of URLs reads it: a malformed address may hold a password too."""
    login = address.partition("://")[2].partition("/")[0].rpartition("@")[0]
    return login.partition(":")[2]
