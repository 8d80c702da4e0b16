"""How much one may ask within a minute: by the person, by the address before anybody is known, across processes."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.cache import caches
from django.test import Client

from accounts.models import Person
from core import limits, scripts
from core.actor import Actor, Door
from core.limits import Kind, TooManyRequests, client_address, take, take_address
from mctl.asgi import application
from tests import builders
from tests.processes import ROOT

ASK_MANY = """
import sys, django; django.setup()
from core.actor import Actor, Door
from core.limits import Kind, TooManyRequests, take
let_in = 0
for _ in range(40):
    try:
        take(Actor(sys.argv[1], Door.REST), Kind.READ)
        let_in += 1
    except TooManyRequests:
        pass
print(let_in)
"""


pytestmark = pytest.mark.usefixtures("fresh_minute")


def person(name: str = "dev", door: Door = Door.REST) -> Actor:
    return Actor(name, door)


def test_the_limits_are_those_of_the_handbook() -> None:
    from mctl import env

    declared = {name: env.declared[f"MCTL_{name}S_PER_MINUTE"].default for name in ("READ", "WRITE", "PAGE")}
    assert declared == {"READ": "100", "WRITE": "20", "PAGE": "600"}


def test_a_limit_is_reached_exactly(few: None) -> None:
    left = [take(person(), Kind.READ).remaining for _ in range(5)]

    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(TooManyRequests) as refused:
        take(person(), Kind.READ)
    assert refused.value.status == 429
    assert 55 <= refused.value.facts["retry_after_s"] <= 60


def test_reads_and_writes_are_counted_apart(few: None) -> None:
    for _ in range(2):
        take(person(), Kind.WRITE)

    with pytest.raises(TooManyRequests):
        take(person(), Kind.WRITE)
    take(person(), Kind.READ)


def test_a_person_has_one_limit_at_all_doors_and_with_any_token(few: None) -> None:
    for door in (Door.REST, Door.MCP):
        take(person(door=door), Kind.WRITE)

    with pytest.raises(TooManyRequests):
        take(Actor("dev", Door.MCP, client="another", token_kind="personal"), Kind.WRITE)


def test_others_are_not_held_up(few: None) -> None:
    for _ in range(2):
        take(person("dev"), Kind.WRITE)

    take(person("olga"), Kind.WRITE)


def test_what_was_refused_does_not_count(few: None) -> None:
    for _ in range(2):
        take(person(), Kind.WRITE)
    waits = []
    for _ in range(10):
        with pytest.raises(TooManyRequests) as refused:
            take(person(), Kind.WRITE)
        waits.append(refused.value.facts["retry_after_s"])

    assert waits == sorted(waits, reverse=True)


def test_the_window_slides(few: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of 0.3 s: one place is free when the first has left it, not two."""
    monkeypatch.setattr(limits, "WINDOW_S", 0.3)
    client = caches["default"]._cache.get_client(None, write=True)
    take(person(), Kind.WRITE)
    wait_for_server(client, 150)
    take(person(), Kind.WRITE)
    wait_for_server(client, 180)

    take(person(), Kind.WRITE)
    with pytest.raises(TooManyRequests):
        take(person(), Kind.WRITE)


def wait_for_server(client: object, ms: int) -> None:
    """Until the cache's own clock has gone on by that much."""
    begin = clock_of(client)
    while clock_of(client) - begin < ms:
        pass


def clock_of(client: object) -> float:
    seconds, micros = client.time()  # type: ignore[attr-defined]
    return float(seconds * 1000 + micros / 1000)


def test_a_limit_holds_across_processes(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCTL_READS_PER_MINUTE", "50")
    argv = [sys.executable, "-c", ASK_MANY, "many"]
    askers = [subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]

    let_in = [int(asker.communicate(timeout=60)[0]) for asker in askers]

    assert sum(let_in) == 50


def test_a_cache_that_is_down_lets_everything_pass(
    few: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = {**settings.CACHES["default"], "LOCATION": f"unix://{tmp_path}/nobody.sock"}
    from django.core.cache import CacheHandler

    monkeypatch.setattr(scripts, "caches", CacheHandler({"default": backend}))

    assert [take(person(), Kind.WRITE).limit for _ in range(5)] == [2] * 5


@pytest.mark.django_db
def test_pages_answer_429_with_the_time_to_wait(few: None) -> None:
    builders.the_cast()
    client = signed_in("dev")
    answers = [client.get("/operations/") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [200] * 4 + [429]
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert answers[-1]["RateLimit-Limit"] == "4"
    assert answers[-1]["RateLimit-Remaining"] == "0"
    assert "Too many requests" in answers[-1].content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("form", [{}, {"intent": "plan"}])
def test_posts_count_as_writes_whatever_they_say_they_intend(few: None, form: dict[str, str]) -> None:
    builders.the_cast()
    builders.operation()
    client = signed_in("vera")
    posts = [client.post("/operations/deploy-service-x7k2p/cancel/", form).status_code for _ in range(3)]

    assert posts == [403, 403, 429]
    assert client.get("/operations/").status_code == 200


@pytest.mark.django_db
def test_a_form_shows_its_plan_within_the_reads_and_starts_within_the_writes(few: None) -> None:
    builders.the_cast()
    builders.service()
    client, address = signed_in("vera"), "/tenants/payments/services/payments-api/deploy/"

    plans = [client.post(address, {"intent": "plan"}).status_code for _ in range(6)]
    starts = [client.post(address, {"intent": "run"}).status_code for _ in range(3)]

    assert (plans, starts) == ([403] * 5 + [429], [403, 403, 429])


@pytest.mark.django_db
def test_a_part_gets_the_refusal_as_a_part(few: None) -> None:
    builders.the_cast()
    client = signed_in("dev")
    answers = [client.get("/operations/", headers={"HX-Request": "true"}) for _ in range(5)]

    assert answers[-1].status_code == 429
    assert "<html" not in answers[-1].content.decode()


@pytest.mark.django_db
def test_one_can_always_leave(few: None) -> None:
    client = signed_in("dev")

    for _ in range(2):
        take(person("dev", Door.WEB), Kind.WRITE)

    assert client.post("/sign-out/").status_code == 302


@pytest.mark.django_db
def test_strangers_are_counted_by_address(few: None) -> None:
    answers = [Client(REMOTE_ADDR="192.0.2.7").get("/sandbox/sign-in/").status_code for _ in range(4)]

    assert answers == [200, 200, 200, 429]
    assert Client(REMOTE_ADDR="192.0.2.8").get("/sandbox/sign-in/").status_code == 200


@pytest.mark.django_db
def test_bad_tokens_are_counted_by_address_and_good_requests_are_not(few: None) -> None:
    guessing = Client(REMOTE_ADDR="192.0.2.9", headers={"Authorization": "Bearer mctl_pat_guess"})
    answers = [guessing.get("/api/v1/whoami") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert "Retry-After" in answers[-1].headers
    other = Client(REMOTE_ADDR="192.0.2.10", headers={"Authorization": "Bearer mctl_pat_guess"})
    assert other.get("/api/v1/whoami").status_code == 401


@pytest.mark.django_db
def test_rest_answers_say_what_is_left(few: None) -> None:
    builders.the_cast()
    answer = signed_in("dev").get("/api/v1/whoami")

    assert (answer["RateLimit-Limit"], answer["RateLimit-Remaining"]) == ("5", "4")


@pytest.mark.django_db
def test_a_forged_forwarded_header_gains_nothing(few: None) -> None:
    answers = [
        Client(REMOTE_ADDR="192.0.2.7", headers={"X-Forwarded-For": f"198.51.100.{number}"})
        .get("/sandbox/sign-in/")
        .status_code
        for number in range(4)
    ]

    assert answers == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.7", "198.51.100.1", "192.0.2.7"),
        ("10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.5", "203.0.113.9, 198.51.100.1, 10.1.1.1", "198.51.100.1"),
        ("10.0.0.5", "", "10.0.0.5"),
        ("10.0.0.5", "10.0.0.6", "10.0.0.6"),
        ("10.0.0.5", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.5", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.5", "198.51.100.1, nonsense", "10.0.0.5"),
        ("::ffff:10.0.0.5", "198.51.100.1", "198.51.100.1"),
        ("unix:", "198.51.100.1", "unix:"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_counts(
    peer: str, forwarded: str, expected: str, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    assert client_address(peer, forwarded) == expected


def test_the_addresses_of_one_ipv6_network_count_as_one(few: None) -> None:
    for host in (1, 2, 3):
        take_address(f"2001:db8::{host}", Door.REST)

    with pytest.raises(TooManyRequests):
        take_address("2001:db8::4", Door.REST)
    take_address("2001:db8:0:1::4", Door.REST)


@pytest.mark.django_db(transaction=True)
def test_live_connections_are_limited_and_the_page_comes_back_later(few: None, settings: Any) -> None:
    settings.SOCKETS_PER_MINUTE = 2
    builders.the_cast()
    cookie = signed_in("dev").cookies[settings.SESSION_COOKIE_NAME].value

    async def opened(cookie: str) -> list[Any]:
        named = [(b"host", b"127.0.0.1:8000"), (b"origin", b"http://127.0.0.1:8000")]
        headers = [*named, (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode())]
        scope = {"type": "websocket", "path": "/ws/changes/", "headers": headers, "client": ["198.51.100.4", 1]}
        wire = ApplicationCommunicator(application, scope)
        await wire.send_input({"type": "websocket.connect"})
        assert (await wire.receive_output(10))["type"] == "websocket.accept"
        code = None if await wire.receive_nothing(0.2) else (await wire.receive_output(10)).get("code")
        await wire.send_input({"type": "websocket.disconnect", "code": 1001})
        await wire.wait(10)
        return code

    async def several(cookie: str, times: int) -> list[Any]:
        return [await opened(cookie) for _ in range(times)]

    assert asyncio.run(several(cookie, 3)) == [None, None, 1013]
    assert asyncio.run(several("nobody", 4)) == [4401, 4401, 4401, 1013]


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(Person.objects.signed_in(name))
    return client
