"""Commit messages: written with trailers that join the history to the audit, and read back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from core.credentials import mask_credentials
from core.patterns import Pattern
from core.text import cut
from integrations.gitops.model import Change, Commit

TRAILER = Pattern(r"([A-Za-z][A-Za-z0-9-]*): (.*)")
BETWEEN_PARAGRAPHS = Pattern(r"\n\s*\n")
LONGEST_SUBJECT = 200
OPERATION = "Operation-Id"
# Beside the operation's own commit, each further one names the step that made it.
STEP = "Operation-Step"
LONGEST_NAME = 200
# Of a longer message, the beginning and the end are read: the subject and the trailers.
LONGEST_MESSAGE = 65_536
# A commit may name any moment. This is the year 9000: a day added to it is still a date.
LATEST_S = 221_845_392_000


def commit_message(change: Change, key: str) -> str:
    """The message of a change. Line breaks inside a subject or a trailer become spaces: nobody forges a trailer."""
    trailers = {**change.trailers, OPERATION: key} if key else dict(change.trailers)
    lines = [f"{_line(name)}: {_line(value)}" for name, value in sorted(trailers.items()) if value]
    body = "\n".join(" " + line if TRAILER.fullmatch(line) else line for line in change.body.strip().splitlines())
    parts = [_line(change.subject)[:LONGEST_SUBJECT], body, "\n".join(lines)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def trailers_of(message: str) -> Mapping[str, str]:
    """Those of the last paragraph, if all of its lines are trailers and it is not the subject."""
    paragraphs = BETWEEN_PARAGRAPHS.split(message.strip())
    if len(paragraphs) < 2:
        return {}
    found = [TRAILER.fullmatch(line) for line in paragraphs[-1].splitlines()]
    return {match.group(1): match.group(2).strip() for match in found if match} if all(found) else {}


def key_of(trailers: Mapping[str, str]) -> str:
    """What finds a commit again: the operation's id, and its step where that is named. "" for a commit by hand."""
    operation, step = trailers.get(OPERATION, ""), trailers.get(STEP, "")
    return f"{operation}/{step}" if operation and step else operation


def commit_of(commit: Any) -> Commit:
    """A pygit2 commit in our words. Foreign bytes that are not text are replaced, never an error."""
    message = message_of(commit)
    trailers = trailers_of(message)
    paragraphs = BETWEEN_PARAGRAPHS.split(message.strip())
    subject = " ".join(paragraphs[0].splitlines())
    inner = paragraphs[1:-1] if trailers else paragraphs[1:]
    author = commit.author
    return Commit(
        sha=str(commit.id),
        author=cut(author.raw_name.decode("utf-8", "replace"), LONGEST_NAME),
        when=datetime.fromtimestamp(min(max(author.time, 0), LATEST_S), UTC),
        subject=cut(mask_credentials(subject), LONGEST_SUBJECT),
        body=mask_credentials("\n\n".join(inner)),
        trailers=trailers,
    )


def message_of(commit: Any) -> str:
    """The message of a pygit2 commit as text, of a very long one its beginning and its end."""
    raw: bytes = commit.raw_message
    if len(raw) > LONGEST_MESSAGE:
        raw = raw[: LONGEST_MESSAGE // 2] + raw[-LONGEST_MESSAGE // 2 :]
    return raw.decode("utf-8", "replace")
