"""What the endpoints of every app share: the request, the shape of errors and lists, and cursors."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Schema

from core.actor import Actor
from core.errors import Invalid

WHAT_THEY_MEAN = {
    400: "The body is not JSON.",
    401: "No token, or one that is not taken; WWW-Authenticate says why.",
    403: "The role or the token's scope does not allow it; remedy says whom to ask.",
    404: "Absent, or hidden from you: the two answer alike.",
    405: "Another method is needed; Allow names it.",
    409: "Somebody or something is in the way: busy, plan void, already ended, key used for another request.",
    422: "Input that cannot be taken: facts.fields has one entry for each field.",
    428: "The operation must be confirmed with the hash of its plan.",
    429: "Too much within a minute; Retry-After says when.",
    502: "An outside system refused.",
    503: "An outside system does not answer now; try again.",
}


class ApiRequest(HttpRequest):
    """A request that the API's middleware has let in."""

    actor: Actor


class Error(Schema):
    """Every error of every endpoint."""

    error: str = Field(description="the sentence again, for clients that read nothing else")
    code: str = Field(description="stable, lower-case with underscores", examples=["busy"])
    sentence: str = Field(description="what happened, in words")
    remedy: str = Field(description="what to do about it")
    facts: dict[str, Any] = Field(description="what a program may want to know; for 422 `fields`")
    request_id: str = Field(description="the id that logs and the audit carry")


def answers(model: Any, *errors: int, status: int = 200) -> dict[int, Any]:
    """The `response` of an endpoint: what it gives, and the errors that it can answer with beside the usual ones."""
    return {status: model, **dict.fromkeys((401, 403, *errors, 422, 429), Error)}


def page_of(cursor: str) -> int:
    """The number of the page a cursor stands for. Raises Invalid for one that no answer has given."""
    digits = cursor.removeprefix("p")
    if not cursor:
        return 1
    if digits == cursor or not (digits.isascii() and digits.isdigit() and len(digits) < 7) or int(digits) < 1:
        raise wrong_cursor(cursor)
    return int(digits)


def cursor_after(page: int, pages: int) -> str | None:
    return f"p{page + 1}" if page < pages else None


def wrong_cursor(cursor: str) -> Invalid:
    sentence = "This is no cursor that an answer has given."
    field = {"field": "cursor", "value": cursor, "sentence": sentence, "example": "p2"}
    return Invalid(sentence, fields=[field], remedy="Leave it out to begin, then send `next` of the answer before.")
