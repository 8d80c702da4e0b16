"""Clients that are named by a metadata document: where we go to read it, and where never (attacks 12 and 24)."""

import datetime
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.cache import cache
from oauth2_provider import cimd

from tests import builders
from tests.accounts.oauth_client import OAuthClient

pytestmark = pytest.mark.django_db
NAME, REDIRECT = "client.example.dev", "https://client.example.dev/callback"
PUBLIC, PRIVATE = "93.184.216.34", "127.0.0.1"


@pytest.fixture(autouse=True)
def cast(valkey: None) -> None:
    cache.clear()
    builders.the_cast()


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every address that this process tries to reach by HTTPS; it reaches none of them."""
    tried: list[tuple[str, int]] = []
    connect = socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        if self.family == socket.AF_UNIX or address[1] not in (443, 8443):
            return connect(self, address)
        tried.append(address[:2])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", note)
    return tried


def resolves_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str], port: int = 443) -> list[str]:
    """Each question about the client's host gets the next answer. Returns the questions."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def answer(host: Any, *rest: Any, **named: Any) -> Any:
        if host != NAME:
            return resolve(host, *rest, **named)
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def consent(client_id: str) -> Any:
    return OAuthClient(redirect=REDIRECT, client_id=client_id).authorize()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "2130706433",
        "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[fe80::1]",
        "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.0.0.1:8443",
    ],
)  # fmt: skip
def test_no_document_is_read_inside_however_the_address_is_written(dialled: list[Any], host: str) -> None:
    assert consent(f"https://{host}/client.json").status_code == 400
    assert dialled == []


@pytest.mark.parametrize(
    "client_id", [f"http://{NAME}/c", f"https://{NAME}", f"https://a@{NAME}/c", f"https://{NAME}/../c", "file:///c"]
)
def test_no_other_kind_of_address_is_one_of_a_document(dialled: list[Any], client_id: str) -> None:
    assert consent(client_id).status_code == 400
    assert dialled == []


def test_a_name_with_one_inner_address_among_its_answers_is_refused(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    resolves_to(monkeypatch, [PUBLIC, PRIVATE])
    assert consent(f"https://{NAME}/client.json").status_code == 400
    assert dialled == []


def test_a_name_that_is_bound_to_another_address_after_the_check_is_reached_at_the_checked_one(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    asked = resolves_to(monkeypatch, [PUBLIC], [PRIVATE])
    consent(f"https://{NAME}/client.json")
    assert (asked, dialled) == ([NAME], [(PUBLIC, 443)])


def test_a_document_that_cannot_be_read_is_not_asked_for_again_at_once(
    monkeypatch: pytest.MonkeyPatch, dialled: list[Any]
) -> None:
    resolves_to(monkeypatch, [PUBLIC])
    for _ in range(3):
        consent(f"https://{NAME}/client.json")
    assert len(dialled) == 1


# --- A site with documents, as if it stood on a public address


class Site:
    """`answers`: path to status, headers and body. `asked`: the paths, in order."""

    def __init__(self, folder: Path) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], Any]] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, headers, body = site.answers.get(self.path, (404, {}, ""))
                raw = (body if isinstance(body, str) else json.dumps(body)).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args: Any) -> None:
                pass

        self.certificate = certificate(folder)
        self.http = ThreadingHTTPServer((PRIVATE, 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def address(self, path: str) -> str:
        return f"https://{NAME}:{self.http.server_port}{path}"

    def publishes(self, path: str, **changed: Any) -> str:
        client_id = self.address(path)
        self.answers[path] = (200, {}, {"client_id": client_id, "redirect_uris": [REDIRECT], **changed})
        return client_id


def certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    begin = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "site.pem"
    file.write_bytes(key.private_bytes(*form) + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """The toolkit is told that loopback is public, and to trust the site's certificate; all else is as it is."""
    made = Site(tmp_path)
    resolves_to(monkeypatch, [PRIVATE], port=made.http.server_port)
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    monkeypatch.setattr(cimd, "_ip_is_public", lambda address: True)
    monkeypatch.setattr(cimd.ssl, "create_default_context", lambda: trusting)
    yield made
    made.http.shutdown()
    made.http.server_close()
    made.thread.join()


def test_a_client_with_a_document_asks_for_consent_each_time(site: Site) -> None:
    client = OAuthClient(redirect=REDIRECT, client_id=site.publishes("/client.json", client_name="Documented"))
    for _ in range(2):
        page = client.authorize(approval_prompt="auto")
        assert page.status_code == 200
        assert "Documented" in page.content.decode()
        assert client.token(code=client.consent(page)["code"]).status_code == 200
    assert site.asked == ["/client.json"]


def test_the_name_in_a_document_cannot_fake_the_page(site: Site) -> None:
    client = OAuthClient(
        redirect=REDIRECT, client_id=site.publishes("/client.json", client_name="Nice\u202e\x1b client")
    )
    assert "“Nice client”" in client.authorize().content.decode()


def test_a_redirect_of_the_document_s_site_is_not_followed(site: Site) -> None:
    site.publishes("/inside.json")
    site.answers["/client.json"] = (302, {"Location": site.address("/inside.json")}, "")
    assert consent(site.address("/client.json")).status_code == 400
    assert site.asked == ["/client.json"]


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "https://other.example.dev/client.json"},
        {"redirect_uris": ["https://evil.dev;script-src/cb"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"client_secret": "x"},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"grant_types": ["client_credentials"]},
        {"client_name": "x" * 300_000},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_document_that_is_no_public_client_s_is_refused(site: Site, changed: dict[str, Any]) -> None:
    client = OAuthClient(client_id=site.publishes("/client.json", **changed))
    client.redirect = changed.get("redirect_uris", [REDIRECT])[0]
    assert client.authorize().status_code == 400
