"""GitHub's refusals and outages as our errors. 404 is not here: the caller knows what is missing."""

from typing import Any

import requests

from core.errors import Problem
from integrations.errors import Refused, Unreachable

SYSTEM = "github"
TRY_AGAIN = "Try again in a minute; GitHub's status page may say more."


class NotApproved(Refused):
    """The organisation has not approved our OAuth app."""

    code = "github_app_not_approved"
    status = 403


class SessionNeeded(Refused):
    """The organisation wants a SAML session before it shows anything."""

    code = "github_saml_session_needed"
    status = 403


class BadCredentials(Refused):
    """The token is unknown to GitHub: expired, revoked or mistyped."""

    code = "github_bad_credentials"
    status = 401


def unreachable(error: requests.RequestException) -> Unreachable:
    kind = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
    return Unreachable(SYSTEM, f"GitHub {kind}.", remedy=TRY_AGAIN, detail=type(error).__name__)


def problem_of(answer: requests.Response, doing: str, body: Any = None) -> Problem:
    """The error for an answer that is neither a success nor a plain 404. `doing`: "reading the teams of acme".
    `body`: its JSON, where that was read already."""
    message = message_of(answer) if body is None else str(body.get("message", ""))
    if is_limited(answer, message):
        return Unreachable(
            SYSTEM,
            "GitHub's rate limit is used up.",
            remedy=f"It is lifted in {wait_s(answer)} s at most.",
            detail=message,
            retry_after_s=wait_s(answer),
        )
    if answer.status_code >= 500:
        return Unreachable(SYSTEM, f"GitHub answers {answer.status_code}.", remedy=TRY_AGAIN, detail=message)
    if answer.status_code == 401:
        return BadCredentials(SYSTEM, f"GitHub does not know the token used for {doing}.", detail=message)
    if "X-GitHub-SSO" in answer.headers:
        return SessionNeeded(
            SYSTEM,
            "The organisation on GitHub wants a SAML single sign-on session first.",
            remedy="Open the organisation on GitHub, sign on there, then sign in here again.",
            detail=message,
        )
    if "OAuth App access restrictions" in message:
        return NotApproved(
            SYSTEM,
            "The organisation on GitHub has not approved this application.",
            remedy="An owner of the organisation approves it in its settings, under third-party access.",
            detail=message,
        )
    return Refused(SYSTEM, f"GitHub refuses {doing} ({answer.status_code}).", detail=message)


def is_limited(answer: requests.Response, message: str) -> bool:
    if answer.status_code not in {403, 429}:
        return False
    used_up = answer.headers.get("X-RateLimit-Remaining") == "0"
    return answer.status_code == 429 or used_up or "rate limit" in message.lower()


def wait_s(answer: requests.Response) -> int:
    """Seconds GitHub asks us to wait; a minute where it does not say."""
    text = answer.headers.get("Retry-After", "")
    return min(int(text), 3600) if text.isascii() and text.isdigit() else 60


def message_of(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError, RuntimeError):
        return ""
