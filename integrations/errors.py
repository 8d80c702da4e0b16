"""What may go wrong with an outside system, in our words.

A vendor's error stops at its gateway: it is raised again `from` the original as one of these, with the system named,
whether a retry can help, and the foreign text cut to 256 characters and scrubbed of credentials.
"""

from typing import Any, ClassVar

from core.credentials import mask_all, mask_and_cut, mask_credentials
from core.errors import Problem

LONGEST_FOREIGN_TEXT = 256


class IntegrationError(Problem):
    """`system` is one lower-case word: kubernetes, gitops, helm, vault, github, dns."""

    status = 502
    remedy_is_ours = True
    retryable: ClassVar[bool] = False
    # How many refusals in a row an operation takes before it believes this one.
    believed_after: ClassVar[int] = 1

    def __init__(self, system: str, sentence: str, *, remedy: str = "", detail: str = "", **facts: Any) -> None:
        self.system = system
        # A sentence may quote what the system said.
        super().__init__(
            mask_credentials(sentence), remedy=remedy, system=system, detail=foreign_text(detail), **mask_all(facts)
        )


class Unreachable(IntegrationError):
    """No answer, or one that says "not now". A retry can help."""

    code = "unreachable"
    status = 503
    retryable = True


class Missing(IntegrationError):
    """The system answers that the thing does not exist."""

    code = "missing"
    status = 404


class Refused(IntegrationError):
    """The system understood and said no: rights, policy or an invalid object."""

    code = "refused"


class NotAllowed(Refused):
    """The system does not give us the right, or does not know our credentials.

    A system that has just started may say so before it has read its own rules.
    """

    believed_after = 4


class OutcomeUnknown(NotAllowed):
    """What was asked for is done, and the right to read whether it took effect is missing: the outcome is unknown."""

    code = "unseen"


class Unreadable(Refused):
    """A file is there and cannot be read. `facts` name the path and the line (0 where none can be named)."""

    code = "unreadable_file"
    status = 409


class NotEditable(Refused):
    """A file can be read, and the place asked for cannot be changed alone. `facts` name path, place and line."""

    code = "not_editable"
    status = 409


class Contended(IntegrationError):
    """Others wrote first, more often than we were willing to try again. A retry can help."""

    code = "contended"
    status = 409
    retryable = True


def foreign_text(text: str) -> str:
    """Foreign text fit to be shown: no credentials, no control characters, at most 256 characters."""
    shown = mask_and_cut(text, LONGEST_FOREIGN_TEXT)
    return "".join(char if char.isprintable() else " " for char in shown)
