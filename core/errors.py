"""The family of errors every door renders the same way: code, sentence, remedy, facts.

An error is an offer: what happened, why, and what to do. Doors turn a `Problem` into a page, a part, JSON or a tool
result; nothing below a door catches one to hide it.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

LONGEST_VALUE_SHOWN = 120


class Problem(Exception):
    """`code` is stable and lower-case with underscores; `facts` are JSON values and never hold a secret.

    `ours`: every word is ours or was sent by the caller. All other problems may quote git, the cluster or other people,
    so agents get them inside a fence. `remedy_is_ours` says the same of the remedies of a whole class.
    `recorded` is set by whoever has written it into the audit.
    """

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 400
    remedy_is_ours: ClassVar[bool] = False

    def __init__(self, sentence: str, *, remedy: str = "", code: str = "", ours: bool = False, **facts: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy
        self.facts: Mapping[str, Any] = facts
        self.problem_code = code or self.code
        self.ours = ours
        self.recorded = False

    def as_dict(self) -> dict[str, Any]:
        """`{"code", "sentence", "remedy", "facts"}`: the one shape of an error at every door."""
        return {
            "code": self.problem_code,
            "sentence": self.sentence,
            "remedy": self.remedy,
            "facts": dict(self.facts),
        }


class NotFound(Problem):
    """Absent or hidden: the two are never told apart."""

    code = "not_found"
    status = 404


class Forbidden(Problem):
    code = "forbidden"
    status = 403


class SignInNeeded(Problem):
    code = "sign_in_needed"
    status = 401


class Busy(Problem):
    """Somebody else is at it; `facts["operation"]` names the open operation where there is one."""

    code = "busy"
    status = 409
    remedy_is_ours = True


class PlanVoid(Problem):
    """The repository changed since the plan that was confirmed."""

    code = "plan_void"
    status = 409
    remedy_is_ours = True


class Unavailable(Problem):
    """A source cannot be read now. Never shown as zero or empty."""

    code = "unavailable"
    status = 503
    remedy_is_ours = True


class Invalid(Problem):
    """Input that cannot be taken: one entry per field, each with the value seen and an example.

    `fields`: list of `{"field", "value", "sentence", "example"}`; values are cut to 120 characters.
    """

    code = "invalid"
    status = 422
    remedy_is_ours = True

    def __init__(self, sentence: str, *, fields: list[dict[str, str]], remedy: str = "", **facts: Any) -> None:
        self.fields = [{**entry, "value": shorten(entry.get("value", ""))} for entry in fields]
        super().__init__(sentence, remedy=remedy, fields=self.fields, **facts)


def shorten(value: object) -> str:
    """A value as text, cut for an error message, with the length of what was cut."""
    text = str(value)
    if len(text) <= LONGEST_VALUE_SHOWN:
        return text
    return f"{text[:LONGEST_VALUE_SHOWN]}... ({len(text):,} characters)"
