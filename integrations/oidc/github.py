"""Whose a GitHub token is. GitHub is asked; its answer is kept for a minute under the token's hash, a no for half."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.cache import cache

from integrations.errors import Unreachable
from integrations.oidc.fetch import OK, get

TIMEOUT_S = 10.0
KNOWN_FOR_S = 60
REFUSED_FOR_S = 30
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,98}(\[bot\])?")
UNAUTHORISED, FORBIDDEN = 401, 403


@dataclass(frozen=True, slots=True)
class GitHubIdentity:
    """`number` is GitHub's own id of the account, which survives renaming; `expires_at` where GitHub said."""

    login: str
    number: int
    expires_at: datetime | None


def github_identity(token: str) -> GitHubIdentity | None:
    """None where GitHub does not take the token. Raises Unreachable, which is never remembered."""
    key = f"github-token:{hashlib.sha256(token.encode()).hexdigest()}"
    known = cache.get(key)
    if known is None:
        known = _ask(token)
        cache.set(key, known, KNOWN_FOR_S if known else REFUSED_FOR_S)
    if not known:
        return None
    ends = datetime.fromisoformat(known["expires_at"]) if known["expires_at"] else None
    return GitHubIdentity(known["login"], known["number"], ends)


def api_base(url: str) -> str:
    return "https://api.github.com" if url.rstrip("/") == "https://github.com" else f"{url.rstrip('/')}/api/v3"


def _ask(token: str) -> dict[str, Any]:
    """`{"login", "number", "expires_at"}`; empty where GitHub says no."""
    status, headers, body = get(
        "github",
        f"{api_base(settings.GITHUB_URL)}/user",
        timeout_s=TIMEOUT_S,
        headers={"Authorization": f"Bearer {token}", "X-GitHub-Api-Version": "2022-11-28"},
    )
    limited = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    if status == UNAUTHORISED or (status == FORBIDDEN and not limited):
        return {}
    login, number = (body.get("login"), body.get("id")) if isinstance(body, dict) else (None, None)
    if status != OK or not isinstance(login, str) or not LOGIN.fullmatch(login) or not isinstance(number, int):
        raise Unreachable("github", f"GitHub answered {status} about the token.", remedy="Try again in a minute.")
    return {"login": login.lower(), "number": number, "expires_at": _ending(headers)}


def _ending(headers: dict[str, str]) -> str:
    said = headers.get("github-authentication-token-expiration", "")
    for shape in ("%Y-%m-%d %H:%M:%S %Z", "%Y-%m-%d %H:%M:%S %z"):
        try:
            ends = datetime.strptime(said, shape)  # noqa: DTZ007  the zone is set below
        except ValueError:
            continue
        return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).isoformat()
    return ""
