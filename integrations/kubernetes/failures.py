"""The cluster's refusals and silences in our words. Nothing of the vendor's passes this module."""

from typing import Any

import orjson

from integrations.errors import Contended, IntegrationError, Missing, NotAllowed, Refused, Unreachable
from integrations.kubernetes.rights import MANIFEST, Attempt

SYSTEM = "kubernetes"
LONGEST_STATUS_BODY = 64 * 1024
# A server that was restored from a backup says so with 504, as one does that is a moment behind another.
TOO_NEW = "ResourceVersionTooLarge"
NOT_NOW = {408, 429, 500, 502, 503, 504}


class Expired(Unreachable):
    """The server forgot the resourceVersion or page asked for, or was restored: list the state again."""


def failure(status: int, body: bytes, asked: str, attempt: Attempt | None = None) -> IntegrationError:
    """The error for an answer of 300 and above. `asked` names the request in words: "list pods in payments".

    `attempt` is the same request as a right; a refusal then names the rule that is missing.
    """
    reason, message, causes = _status(body)
    facts: dict[str, Any] = {"status": status, "reason": reason}
    if status == 404:
        return Missing(SYSTEM, f"Kubernetes has nothing to {asked}.", detail=message, **facts)
    if status == 409:
        return Contended(
            SYSTEM, "The object was changed by somebody else meanwhile.", remedy="Try again.", detail=message, **facts
        )
    if status == 410 or TOO_NEW in causes:
        return Expired(SYSTEM, f"Kubernetes no longer keeps the state asked for ({asked}).", detail=message, **facts)
    if status in NOT_NOW:
        return Unreachable(
            SYSTEM, f"Kubernetes could not {asked} now (HTTP {status}).", remedy="Try again.", detail=message, **facts
        )
    if status in {401, 403}:
        remedy = TOKEN_REMEDY
        if status == 403:
            remedy = attempt.remedy if attempt else RIGHTS_REMEDY
            facts |= {"missing_right": attempt.as_dict()} if attempt else {}
        sentence = f"Kubernetes does not allow us to {asked}."
        return NotAllowed(SYSTEM, sentence, remedy=remedy, detail=message, **facts)
    return Refused(SYSTEM, f"Kubernetes refused to {asked} (HTTP {status}).", detail=message, **facts)


RIGHTS_REMEDY = f"Apply {MANIFEST}, which has every right that MCTL needs."
TOKEN_REMEDY = "The credentials are not accepted. Renew the token in the kubeconfig of this installation."


def silence(error: Exception, host: str) -> Unreachable:
    """No answer at all: refused connections, timeouts, TLS, unreadable answers."""
    return Unreachable(
        SYSTEM,
        f"Kubernetes at {host} does not answer.",
        remedy="Check that the cluster is up and that its address and certificate in the kubeconfig are right.",
        detail=f"{type(error).__name__}: {error}",
    )


def _status(body: bytes) -> tuple[str, str, set[str]]:
    """Reason, message and causes of a Status object; proxies answer with other bodies, kept as they are."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", body.decode(errors="replace"), set()
    if not isinstance(status, dict):
        return "", str(status), set()
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    entries = causes if isinstance(causes, list) else []
    reasons = {str(cause.get("reason", "")) for cause in entries if isinstance(cause, dict)}
    return str(status.get("reason", "")), str(status.get("message", "")), reasons
