"""JWTs of Dex: attacks on the signature, the claims and the keys."""

import json
import threading
import time

import jwt
import pytest
from pytest_django import Settings

from accounts.errors import TokenRefused
from accounts.queries import verify
from core.actor import Door
from integrations.errors import Unreachable
from integrations.oidc.dex import DexVerifier
from integrations.oidc.keys import KeySet
from tests.accounts.servers import CLIENT_ID, Dex

pytestmark = pytest.mark.django_db
SKEW_S = 60


def code_of(token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        verify(token, Door.REST)
    assert refused.value.status == 401
    assert refused.value.remedy
    return refused.value.problem_code


def test_a_token_of_dex_is_its_user_by_login(dex: Dex) -> None:
    bearer = verify(dex.token(), Door.REST)
    assert (bearer.login, bearer.kind) == ("olga", "dex")
    assert bearer.scopes == {"read", "write", "admin"}


@pytest.mark.parametrize(
    ("claims", "login"),
    [
        ({"preferred_username": None, "email": "Olga@Example.dev"}, "olga@example.dev"),
        ({"preferred_username": None}, "cgrvbgdh"),
        ({"preferred_username": "OLGA"}, "olga"),
    ],
)
def test_the_login_is_the_first_name_that_dex_gives(dex: Dex, claims: dict[str, str], login: str) -> None:
    assert verify(dex.token(**claims), Door.REST).login == login


@pytest.mark.parametrize("algorithm", ["none", "HS256", "HS512"])
def test_only_public_key_algorithms_are_taken(dex: Dex, algorithm: str) -> None:
    verify(dex.token(), Door.REST)
    header = jwt.utils.base64url_encode(f'{{"alg":"{algorithm}","kid":"first"}}'.encode()).decode()
    claims = dex.token().split(".")[1]
    signed = f"{header}.{claims}"
    # The public key as the secret of an HMAC: what a verifier that trusts the header would accept.
    hashed = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        signed.encode(), dex.public_pem("first")
    )
    signature = "" if algorithm == "none" else jwt.utils.base64url_encode(hashed).decode()
    assert code_of(f"{signed}.{signature}") == "token_algorithm"


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "another-service"}, "token_audience"),
        ({"aud": None}, "token_claims"),
        ({"sub": None}, "token_claims"),
        ({"exp": None}, "token_claims"),
        ({"exp": -SKEW_S - 5}, "token_expired"),
        ({"nbf": SKEW_S + 30}, "token_not_yet_valid"),
        ({"iat": SKEW_S + 30}, "token_not_yet_valid"),
        ({"iss": "https://dex.elsewhere.dev"}, "token_issuer"),
    ],
)
def test_claims_that_do_not_hold_are_refused_by_name(dex: Dex, claims: dict[str, object], code: str) -> None:
    moment = int(time.time())
    set_now = {name: value + moment if isinstance(value, int) else value for name, value in claims.items()}
    assert code_of(dex.token(**set_now)) == code


MOMENTS = [
    float("inf"),
    float("-inf"),
    float("nan"),
    -1,
    -1e300,
    1e300,
    10**30,
    2**63,
    "2000000000",
    "soon",
    [],
    {},
    True,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
def test_a_moment_that_no_calendar_has_is_refused(dex: Dex, claim: str, moment: object) -> None:
    assert code_of(dex.token(**{claim: moment})).startswith("token_")


HEADERS = [
    {"alg": ["RS256"]},
    {"alg": {}},
    {"alg": None},
    {"kid": ["first"]},
    {"kid": 7},
    {"alg": "RS256", "crit": ["x"]},
]


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_a_header_of_wrong_types_is_refused(dex: Dex, header: dict[str, object]) -> None:
    verify(dex.token(), Door.REST)
    named = jwt.utils.base64url_encode(json.dumps({"kid": "first", "alg": "RS256", **header}).encode()).decode()
    assert code_of(f"{named}.{dex.token().partition('.')[2]}").startswith("token_")


@pytest.mark.parametrize("issuer", ["dex", "ours"])
@pytest.mark.parametrize("depth", [100, 3_000])
def test_a_token_nested_deeply_is_refused(dex: Dex, settings: Settings, depth: int, issuer: str) -> None:
    claims = json.dumps({"iss": dex.url if issuer == "dex" else settings.PUBLIC_URL})
    parts = ["[" * depth + "]" * depth, claims, "signature"]
    header, payload, signature = (jwt.utils.base64url_encode(part.encode()).decode() for part in parts)
    assert code_of(f"{header}.{payload}.{signature}").startswith("token_")


def test_the_keys_are_read_from_the_issuer_s_own_address_alone(dex: Dex) -> None:
    """An answer that names another machine of the network makes us ask nothing there."""
    elsewhere = Dex()
    elsewhere.begin()
    dex.answers["/.well-known/openid-configuration"] = (
        200,
        {},
        {"issuer": dex.url, "jwks_uri": f"{elsewhere.url}/keys"},
    )
    verifier, _ = verifier_of(dex)
    with pytest.raises(Unreachable):
        verifier.verify(dex.token())
    elsewhere.stop()
    assert elsewhere.asked["/keys"] == 0


def test_clocks_may_differ_by_a_minute(dex: Dex) -> None:
    moment = int(time.time())
    assert verify(dex.token(exp=moment - SKEW_S + 10, nbf=moment + SKEW_S - 10), Door.REST).login == "olga"


@pytest.mark.parametrize("header", ["jku", "x5u", "jwk", "x5c"])
def test_a_key_that_the_token_brings_is_never_fetched_or_used(dex: Dex, header: str) -> None:
    assert code_of(dex.token(headers={header: f"{dex.url}/evil"})) == "token_key"
    assert dex.asked["/evil"] == 0


@pytest.mark.parametrize("kid", ["nobody", "x" * 5_000, "", "../../keys", "' OR 1=1 --"])
def test_an_unknown_key_id_is_refused_and_cannot_make_us_ask_again_and_again(dex: Dex, kid: str) -> None:
    verify(dex.token(), Door.REST)
    for _ in range(5):
        assert code_of(dex.token(headers={"kid": kid})) == "token_key"
    assert dex.asked["/keys"] == 1


def test_a_token_signed_by_another_key_of_the_same_id_is_refused(dex: Dex) -> None:
    verify(dex.token(), Door.REST)
    other = Dex()
    other.begin()
    other.answers.clear()
    assert code_of(other.token(iss=dex.url)) == "token_signature"
    other.stop()


def test_where_no_dex_is_configured_its_tokens_are_refused(dex: Dex, settings: object) -> None:
    settings.DEX_ISSUER = ""  # type: ignore[attr-defined]
    assert code_of(dex.token()) == "token_issuer"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def verifier_of(dex: Dex) -> tuple[DexVerifier, Clock]:
    clock = Clock()
    verifier = DexVerifier(dex.url, CLIENT_ID)
    verifier.keys = KeySet(verifier._read_keys, clock=clock)
    return verifier, clock


def test_a_new_key_is_found_at_once_and_a_removed_one_ends(dex: Dex) -> None:
    verifier, clock = verifier_of(dex)
    old = dex.token()
    verifier.verify(old)
    dex.publish("second")
    clock.now += 20
    assert verifier.verify(dex.token("second")).login == "olga"
    with pytest.raises(Exception, match="does not publish"):
        verifier.verify(old)


def test_an_outage_of_dex_is_survived_for_an_hour_and_asked_about_ever_less(dex: Dex) -> None:
    verifier, clock = verifier_of(dex)
    token = dex.token(exp=int(time.time()) + 7200)
    verifier.verify(token)
    dex.answers["/keys"] = (500, {}, {})
    asked = dex.asked["/keys"]
    for _ in range(30):
        clock.now += 100
        verifier.verify(token)
    assert dex.asked["/keys"] - asked <= 12
    clock.now += 3600
    with pytest.raises(Unreachable):
        verifier.verify(token)


@pytest.mark.parametrize(
    "answer",
    [
        (500, {}, {}),
        (200, {}, b"x" * 1_000_000),
        (200, {}, b"not json"),
        (200, {}, {"keys": "none"}),
        (302, {"Location": "/elsewhere"}, {}),
    ],
)
def test_keys_that_cannot_be_read_let_nobody_in(dex: Dex, answer: tuple[int, dict[str, str], object]) -> None:
    verifier, _ = verifier_of(dex)
    dex.answers["/keys"] = answer
    with pytest.raises(Unreachable):
        verifier.verify(dex.token())
    assert dex.asked["/elsewhere"] == 0


def test_many_at_once_ask_for_the_keys_once(dex: Dex) -> None:
    verifier, _ = verifier_of(dex)
    dex.delay_s = 0.1
    token = dex.token()
    threads = [threading.Thread(target=verifier.verify, args=(token,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert dex.asked["/keys"] == 1
