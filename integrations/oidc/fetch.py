"""One bounded GET: a total time, a size, no redirects."""

import json
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError

from integrations.errors import Unreachable

LARGEST_ANSWER = 256 * 1024
POOL = urllib3.PoolManager(num_pools=4, maxsize=4, retries=False)
OK = 200


def get(
    system: str, url: str, *, timeout_s: float, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], Any]:
    """Status, headers in lower case and the JSON body (None unless 200). Raises Unreachable."""
    try:
        answer = POOL.request(
            "GET",
            url,
            headers={"Accept": "application/json", "User-Agent": "mctl", **(headers or {})},
            timeout=urllib3.Timeout(total=timeout_s),
            redirect=False,
            preload_content=False,
        )
    except HTTPError as error:
        raise Unreachable(system, f"{system} does not answer.", remedy="Try again in a minute.") from error
    try:
        named = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, named, _body(system, answer) if answer.status == OK else None
    finally:
        answer.close()


def _body(system: str, answer: urllib3.BaseHTTPResponse) -> Any:
    try:
        raw = answer.read(LARGEST_ANSWER + 1)
    except HTTPError as error:
        raise Unreachable(system, f"{system} stopped answering.", remedy="Try again in a minute.") from error
    if len(raw) > LARGEST_ANSWER:
        raise Unreachable(system, f"{system} answered with more than {LARGEST_ANSWER:,} bytes.")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Unreachable(system, f"{system} answered with something else than JSON.") from error
