"""The client: reads only, few endpoints, short timeouts, entity tags.

A repeated read costs GitHub nothing: it carries the entity tag of the last answer, and an unchanged answer does not
count against the rate limit. What is remembered is the answer and never the token.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import requests

from core.errors import Unavailable
from integrations.errors import Missing, Unreachable
from integrations.github.failures import SYSTEM, problem_of, unreachable
from integrations.github.model import Account, OrgMembership, Team

CONNECT_TIMEOUT_S = 3.0
PER_PAGE = 100
MOST_PAGES = 100
REMEMBERED_FOR_S = 3600
LARGEST_ANSWER = 2_000_000
CHUNK = 65_536
PUBLIC_URL, PUBLIC_API = "https://github.com", "https://api.github.com"


class Memory(Protocol):
    """Where entity tags and their answers are kept between reads."""

    def get(self, key: str) -> Any: ...

    def set(self, key: str, value: Any, timeout: float) -> Any: ...


class GitHub:
    """Raises Unreachable (no answer, 5xx, rate limit), Refused and its kin (401, 403). Absent things are None, or
    Missing for a list of something that does not exist."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 5.0, memory: Memory | None = None) -> None:
        self._api = api_url(url)
        self._token, self._timeout = token, (min(CONNECT_TIMEOUT_S, timeout_s), timeout_s)
        self._memory = memory
        self._owner = hashlib.sha256(token.encode()).hexdigest()[:16]
        self._http = requests.Session()
        # A proxy or a .netrc of the machine would send the token elsewhere, or another one in its place.
        self._http.trust_env = False
        self._http.max_redirects = 0

    def me(self) -> Account:
        body = self._read("/user", "reading the profile")
        if body is None:
            raise Missing(SYSTEM, "GitHub knows no profile for this token.")
        return account_of(body)

    def my_membership(self, org: str) -> OrgMembership | None:
        return membership_of(self._read(f"/user/memberships/orgs/{part(org)}", f"reading the membership in {org}"))

    def my_teams(self) -> list[Team]:
        """Of every organisation that the token may see."""
        return [team_of(body) for body in self._pages("/user/teams", "reading the teams")]

    def organisation_id(self, org: str) -> int | None:
        body = self._read(f"/orgs/{part(org)}", f"reading {org}")
        return int(body["id"]) if body else None

    def sees_teams(self, org: str) -> bool:
        """Whether the token may list the teams, without reading them all. Raises Refused where GitHub says why not."""
        return self._ask(f"{self._api}/orgs/{part(org)}/teams?per_page=1", f"listing the teams of {org}")[0] is not None

    def membership(self, org: str, login: str) -> OrgMembership | None:
        path = f"/orgs/{part(org)}/memberships/{part(login)}"
        return membership_of(self._read(path, f"reading the membership of {login}"))

    def members(self, org: str) -> list[Account]:
        path = f"/orgs/{part(org)}/members"
        return [account_of(body) for body in self._pages(path, f"reading the members of {org}")]

    def teams(self, org: str) -> list[Team]:
        return [team_of(body) for body in self._pages(f"/orgs/{part(org)}/teams", f"reading the teams of {org}")]

    def team_members(self, org: str, slug: str) -> list[Account]:
        """Members of child teams included, as GitHub counts them."""
        path = f"/orgs/{part(org)}/teams/{part(slug)}/members"
        return [account_of(body) for body in self._pages(path, f"reading the team {slug}")]

    def is_in_team(self, org: str, slug: str, login: str) -> bool:
        path = f"/orgs/{part(org)}/teams/{part(slug)}/memberships/{part(login)}"
        body = self._read(path, f"reading whether {login} is in {slug}")
        return bool(body and body.get("state") == "active")

    def _pages(self, path: str, doing: str) -> Iterator[dict[str, Any]]:
        url: str | None = f"{self._api}{path}?per_page={PER_PAGE}"
        for _ in range(MOST_PAGES):
            if url is None:
                return
            body, url = self._ask(url, doing)
            if body is None:
                raise Missing(SYSTEM, f"GitHub has nothing for {doing}.")
            yield from body
        if url is not None:
            raise Unreachable(SYSTEM, f"GitHub's answer to {doing} does not end after {MOST_PAGES} pages.")

    def _read(self, path: str, doing: str) -> dict[str, Any] | None:
        return self._ask(f"{self._api}{path}", doing)[0]

    def _ask(self, url: str, doing: str) -> tuple[Any, str | None]:
        """The body (None for a 404) and the address of the next page."""
        key = f"github:{self._owner}:{hashlib.sha256(url.encode()).hexdigest()[:32]}"
        known = self._recall(key)
        with foreign_errors():
            answer = self._http.get(url, headers=self._headers(known), timeout=self._timeout, stream=True)
            body = read_json(answer)
        if answer.status_code == 304 and known is not None:
            return known["body"], known["next"]
        if answer.status_code == 404:
            return None, None
        if answer.status_code != 200:
            raise problem_of(answer, doing, body if isinstance(body, dict) else {})
        following = self._same_host(answer.links.get("next", {}).get("url"))
        if self._memory is not None and (tag := answer.headers.get("ETag")):
            self._memory.set(key, {"tag": tag, "body": body, "next": following}, REMEMBERED_FOR_S)
        return body, following

    def _headers(self, known: Any) -> dict[str, str]:
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        return {**headers, "If-None-Match": known["tag"]} if known else headers

    def _recall(self, key: str) -> Any:
        if self._memory is None:
            return None
        known = self._memory.get(key)
        return known if isinstance(known, dict) and {"tag", "body", "next"} <= known.keys() else None

    def _same_host(self, url: str | None) -> str | None:
        """A page elsewhere would get the token."""
        if url is not None and urlsplit(url)[:2] != urlsplit(self._api)[:2]:
            raise Unreachable(SYSTEM, "GitHub's answer goes on at another address.", detail=url)
        return url


def read_json(answer: requests.Response) -> Any:
    """The answer's JSON, read up to a size; None where it is not JSON."""
    content = bytearray()
    with answer:
        for chunk in answer.iter_content(CHUNK):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise Unreachable(SYSTEM, f"GitHub's answer is larger than {LARGEST_ANSWER:,} bytes.")
    try:
        return json.loads(content)
    except ValueError:
        if answer.status_code == 200:
            raise Unreachable(SYSTEM, "GitHub's answer is not JSON.") from None
        return None


@contextmanager
def foreign_errors() -> Iterator[None]:
    try:
        yield
    except requests.RequestException as error:
        raise unreachable(error) from error


def api_url(url: str) -> str:
    """github.com has its interface on a host of its own, an Enterprise Server under a path."""
    trimmed = url.rstrip("/")
    return PUBLIC_API if trimmed == PUBLIC_URL else f"{trimmed}/api/v3"


def part(text: str) -> str:
    return quote(text, safe="")


def account_of(body: dict[str, Any]) -> Account:
    return Account(int(body["id"]), str(body["login"]).lower(), str(body.get("name") or ""))


def team_of(body: dict[str, Any]) -> Team:
    return Team(int(body["id"]), str(body["slug"]), int((body.get("organization") or {}).get("id", 0)))


def membership_of(body: dict[str, Any] | None) -> OrgMembership | None:
    if body is None:
        return None
    return OrgMembership(int(body["organization"]["id"]), body.get("state") == "active", account_of(body["user"]))


def organisation(*, remember: bool = True) -> GitHub:
    """With the installation's own token. Raises Unavailable where none is configured.

    Without `remember` the cache is not used, so a question about GitHub is answered without it too."""
    from django.conf import settings

    if not (settings.GITHUB_ORG and settings.GITHUB_TOKEN):
        raise Unavailable(
            "Memberships cannot be read from GitHub.", remedy="Set MCTL_GITHUB_ORG and MCTL_GITHUB_TOKEN."
        )
    return _client(settings.GITHUB_TOKEN, remember=remember)


def as_person(token: str) -> GitHub:
    return _client(token, remember=False)


def _client(token: str, *, remember: bool) -> GitHub:
    from django.conf import settings
    from django.core.cache import cache

    return GitHub(settings.GITHUB_URL, token, timeout_s=settings.GITHUB_TIMEOUT_S, memory=cache if remember else None)
