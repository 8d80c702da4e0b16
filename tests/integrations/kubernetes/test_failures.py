"""An answer that is not a Status is translated as any other: proxies and gateways answer in words of their own."""

from typing import Any

import orjson
import pytest

from integrations.kubernetes.failures import Expired, failure

PROXY_BODIES: list[Any] = [
    {"error": "x", "details": "no such session"},
    {"details": ["x"]},
    {"details": {"causes": ["a"]}},
    {"details": {"causes": "a"}},
    {"details": {"causes": [{"reason": None}]}},
    {"details": None, "message": {"text": "x"}},
    ["x"],
    "x",
    None,
]


@pytest.mark.parametrize("body", PROXY_BODIES, ids=str)
@pytest.mark.parametrize(
    ("status", "code"), [(401, "refused"), (403, "refused"), (404, "missing"), (422, "refused"), (503, "unreachable")]
)
def test_a_body_of_a_proxy_is_an_error_in_our_words(body: Any, status: int, code: str) -> None:
    problem = failure(status, orjson.dumps(body), "list pods")

    assert problem.problem_code == code
    assert "list pods" in problem.sentence
    assert problem.facts["status"] == status


def test_a_cause_of_a_status_is_read() -> None:
    body = {"reason": "Timeout", "message": "Too large", "details": {"causes": [{"reason": "ResourceVersionTooLarge"}]}}

    assert isinstance(failure(504, orjson.dumps(body), "watch pods"), Expired)
