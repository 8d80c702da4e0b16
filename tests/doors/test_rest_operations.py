"""REST, changing: execute, idempotency, runs, waiting, events, cancelling, and every way to be refused."""

import asyncio
import threading
import time
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from core.actor import Actor, Door
from core.clock import now
from core.errors import Busy
from operations.api.replay import digest, once
from operations.api.runs import described, events
from operations.models import AuditEntry, Operation
from tenants.models import Member
from tenants.queries import actor_for
from tests import builders
from tests.doors.test_rest_reads import script

pytestmark = pytest.mark.django_db
EXECUTE = "/api/v1/operations/deploy-service/execute"
DEPLOY = {"action": "deploy", "team_name": "payments", "component_name": "checkout-web", "image_tag": "5.1.0"}
RUN = "/api/v1/operations/runs/deploy-service-x7k2p"


@pytest.fixture(autouse=True)
def world(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


def execute(client: Client, body: Any = None, **headers: str) -> Any:
    return client.post(EXECUTE, body or DEPLOY, content_type="application/json", headers=headers)


def test_executing_is_accepted_with_the_place_to_follow_it() -> None:
    client = script()
    answer = execute(client)
    said = answer.json()
    assert answer.status_code == 202
    assert said["operation"] == "deploy-service"
    assert said["workflow"]["workflowName"] == said["operation_id"]
    assert answer["Location"] == said["status_url"] == f"/api/v1/operations/runs/{said['operation_id']}"
    followed = client.get(said["status_url"]).json()
    assert (followed["state"], followed["done"], followed["actor"], followed["door"]) == (
        "queued",
        False,
        "dev",
        "rest",
    )


def test_the_same_key_and_body_are_done_once_and_answered_twice() -> None:
    client = script()
    first, again = (execute(client, **{"Idempotency-Key": "build-17"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert (first["Idempotency-Replayed"], again["Idempotency-Replayed"]) == ("false", "true")
    assert again["Location"] == first["Location"]
    assert Operation.objects.count() == 1


def test_a_key_used_for_another_body_is_refused() -> None:
    client = script()
    execute(client, **{"Idempotency-Key": "build-17"})
    answer = execute(client, {**DEPLOY, "image_tag": "5.2.0"}, **{"Idempotency-Key": "build-17"})
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_reused")


def lost_cache() -> Any:
    """The cache's server, gone from now on."""
    raise ConnectionError("gone")


def test_what_was_done_is_answered_although_the_cache_went_away_meanwhile(
    dev: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work() -> dict[str, Any]:
        monkeypatch.setattr(cache._connections[cache._alias]._cache, "get_client", lambda *_, **__: lost_cache())
        return {"operation_id": "one"}

    assert once(dev, "deploy-service", "build-17", DEPLOY, work) == ({"operation_id": "one"}, False)


def test_a_refusal_is_told_although_the_cache_went_away_meanwhile(dev: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    def work() -> dict[str, Any]:
        monkeypatch.setattr(cache._connections[cache._alias]._cache, "get_client", lambda *_, **__: lost_cache())
        raise Busy("It is taken.", remedy="Wait.")

    with pytest.raises(Busy):
        once(dev, "deploy-service", "build-17", DEPLOY, work)


def test_what_is_kept_of_a_request_cannot_be_guessed_without_the_key(settings: Any) -> None:
    kept = digest(DEPLOY)
    settings.SECRET_KEY = "another" * 10
    assert digest(DEPLOY) != kept


def test_a_key_belongs_to_one_person() -> None:
    execute(script("dev"), **{"Idempotency-Key": "build-17"})
    answer = execute(script("olga"), **{"Idempotency-Key": "build-17"})
    assert (answer.status_code, answer.json()["code"]) == (409, "busy")


def test_a_refused_request_frees_its_key() -> None:
    client = script()
    assert execute(client, {**DEPLOY, "image_tag": "latest"}, **{"Idempotency-Key": "k"}).status_code == 422
    assert execute(client, **{"Idempotency-Key": "k"}).status_code == 202


def test_a_second_operation_on_the_same_service_is_busy_or_queues_when_asked() -> None:
    client = script()
    first = execute(client).json()["operation_id"]
    busy = execute(client)
    assert (busy.status_code, busy.json()["facts"]["operation"]) == (409, first)
    behind = client.post(f"{EXECUTE}?queue=true", DEPLOY, content_type="application/json").json()
    assert client.get(behind["status_url"]).json()["queued_behind"] == first


def test_every_wrong_field_is_named_at_once() -> None:
    answer = execute(script(), {**DEPLOY, "image_tag": "latest", "port": 99999, "colour": "red"})
    assert answer.status_code == 422
    assert {field["field"] for field in answer.json()["facts"]["fields"]} == {"image_tag", "port", "colour"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [("{", 400, "malformed_json"), ("[]", 422, "invalid"), ("7", 422, "invalid"), ("", 422, "invalid"),
     ('{"a": "\\ud800"}', 422, "invalid"), ("\xff", 400, "malformed_json")],
)  # fmt: skip
def test_a_body_that_is_no_object_is_refused_in_words(body: str, status: int, code: str) -> None:
    answer = script().post(EXECUTE, body.encode("latin-1"), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_body_beyond_the_limit_is_refused_in_words(settings: Any) -> None:
    body = b'{"a": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
    answer = script().post(EXECUTE, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["sentence"] == "The request is larger than 2 MB."


def test_a_viewer_is_refused_and_the_refusal_is_audited_once() -> None:
    answer = execute(script("vera"))
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert "olga" in answer.json()["remedy"]
    assert AuditEntry.objects.filter(actor="vera", verb="deploy-service", result="denied", door="rest").count() == 1


def test_a_read_only_installation_refuses_every_change_and_says_so(settings: Any) -> None:
    running = builders.operation()
    settings.READ_ONLY = True
    client = script("olga")
    for answer in (execute(client), client.post(f"{RUN}/cancel")):
        assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert client.get(RUN).json()["state"] == running.state
    assert AuditEntry.objects.filter(actor="olga", result="denied").count() == 2


def test_an_unknown_operation_names_the_nearest() -> None:
    answer = script().post("/api/v1/operations/deploy-servce/execute", DEPLOY, content_type="application/json")
    assert (answer.status_code, answer.json()["facts"]["nearest"][0]) == (404, "deploy-service")


def test_a_plan_that_no_longer_holds_starts_nothing(git_server: str) -> None:
    answer = script().post(f"{EXECUTE}?plan_hash=abc", DEPLOY, content_type="application/json")
    assert answer.status_code in {404, 409}
    assert not Operation.objects.exists()


def test_operations_are_listed_with_the_schema_of_their_parameters() -> None:
    said = script().get("/api/v1/operations").json()
    declared = next(row for row in said["items"] if row["name"] == "deploy-service")
    assert declared["parameters"]["properties"]["image_tag"]
    assert script().get("/api/v1/operations/deploy-service").json() == declared


def test_cancelling_ends_what_has_not_begun_and_a_second_time_says_so() -> None:
    client = script()
    started = execute(client).json()
    cancelled = client.post(f"{started['status_url']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelled")
    again = client.post(f"{started['status_url']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "already_ended")


def test_waiting_ends_with_the_time_when_nothing_happens() -> None:
    builders.operation()
    client, began = script(), time.monotonic()
    said = client.get(f"{RUN}?wait=1").json()
    assert said["done"] is False
    assert 1 <= time.monotonic() - began < 5
    assert client.get(f"{RUN}?wait=26").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_waiting_ends_as_soon_as_the_run_has() -> None:
    operation = builders.operation()
    client, began = script(), time.monotonic()
    ending = {"state": "succeeded", "finished_at": now()}
    later = threading.Timer(0.5, lambda: Operation.objects.filter(pk=operation.pk).update(**ending))
    later.start()
    said = client.get(f"{RUN}?wait=20").json()
    later.join()
    assert (said["done"], said["succeeded"]) == (True, True)
    assert time.monotonic() - began < 10


@pytest.mark.django_db(transaction=True)
def test_events_tell_each_change_and_then_the_end() -> None:
    operation = builders.operation()
    dev = actor_for("dev", door=Door.REST)
    first, told = described(dev, operation.public_id), []

    async def follow() -> None:
        async for piece in events(dev, operation.public_id, first):
            told.append(piece.decode().split("\n")[1])
            await asyncio.to_thread(
                lambda: Operation.objects.filter(pk=operation.pk).update(state="succeeded", finished_at=now())
            )

    asyncio.run(follow())
    assert told == ["event: run", "event: end"]


@pytest.mark.django_db(transaction=True)
def test_a_stream_ends_when_the_membership_does() -> None:
    operation = builders.operation()
    dev = actor_for("dev", door=Door.REST)
    first, told = described(dev, operation.public_id), []

    async def follow() -> None:
        async for piece in events(dev, operation.public_id, first):
            told.append(piece.decode())
            await asyncio.to_thread(lambda: Member.objects.filter(login="dev").delete())

    asyncio.run(follow())
    assert "not_found" in told[-1]
    assert len(told) == 2
