"""The registry the sandbox's nodes pull from: which images and tags exist, and what their programs do when they run.

A tag that is not listed here does not exist, and asking for it is answered as containerd and the registry answer.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

HOST = "ghcr.io"
OWNER = "acme"
PLAIN_PATHS: Mapping[str, int] = MappingProxyType({"/": 200, "/healthz": 200, "/readyz": 200, "/metrics": 200})


@dataclass(frozen=True, slots=True)
class Crash:
    """Ends by itself: `after_s` seconds into the run, with this exit code, having written these last lines; but not
    where the variable `unless_env` is set."""

    after_s: float
    exit_code: int
    lines: tuple[str, ...]
    unless_env: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """What a container does. Times in seconds after its start, memory in MiB.

    It listens on the number in `port_env` where that variable is set, else on `port`; on `host` unless `host_env` is
    set to another address; answers `paths` and 404
    elsewhere; ends at once without the variables of `needs_env`; serves 503 on the readiness path without those of
    `ready_env`. `voice` is the dialect of its log: go, node, python or java.
    """

    name: str = "app"
    version: str = "latest"
    voice: str = "go"
    port: int = 8080
    port_env: str = "PORT"
    host: str = "0.0.0.0"
    host_env: str = "HOST"
    listens_after_s: float = 3.0
    memory_mib: int = 60
    memory_after_s: float = 8.0
    needs_env: tuple[str, ...] = ()
    ready_env: tuple[str, ...] = ()
    ready_path: str = "/readyz"
    paths: Mapping[str, int] = field(default_factory=lambda: PLAIN_PATHS)
    crash: Crash | None = None
    opening: tuple[str, ...] = ()
    traffic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Repository:
    """`tags` oldest first; `odd` holds what single tags do differently. A private one wants credentials."""

    program: Program
    tags: tuple[str, ...]
    odd: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    private: bool = False
    size_mib: int = 27


@dataclass(frozen=True, slots=True)
class Image:
    """A pulled image. `reference` is what the pod spec said, `full` the name the runtime made of it."""

    reference: str
    full: str
    digest: str
    size_bytes: int
    program: Program

    @property
    def image_id(self) -> str:
        return f"{re.sub(r'[:@][^/]*$', '', self.full)}@{self.digest}"

    @property
    def pull_s(self) -> float:
        """One to four seconds, by size and by name."""
        return 1.0 + min(2.0, self.size_bytes / 2**20 / 40) + int(self.digest[-2:], 16) / 256


class PullRefused(Exception):
    """The image cannot be had. `reason` is the container's waiting reason, the text the runtime's own words."""

    def __init__(self, message: str, *, reason: str = "ErrImagePull") -> None:
        super().__init__(message)
        self.reason = reason


def _service(
    voice: str,
    tags: str,
    *traffic: str,
    odd: Mapping[str, Mapping[str, Any]] | None = None,
    private: bool = False,
    size_mib: int = 27,
    **program: Any,
) -> Repository:
    made = Program(voice=voice, traffic=traffic, **program)
    return Repository(made, tuple(tags.split()), odd or {}, private, size_mib)


SERVICES: Mapping[str, Repository] = {
    "ledger-api": _service(
        "go",
        "2.6.4 2.7.0 2.7.1 2.8.0 2.8.1 2.8.2 2.9.0",
        "GET /v1/accounts/4711/balance",
        "POST /v1/entries",
        "GET /v1/entries?limit=50",
        memory_mib=96,
    ),
    "webhook-relay": _service(
        "node",
        "1.7.3 1.8.0 1.8.1 1.9.0 1.10.0",
        "POST /hooks/northbank",
        "POST /hooks/fastpay",
        "GET /deliveries?state=failed",
        memory_mib=84,
        ready_path="/healthz",
    ),
    "fraud-rules": _service(
        "python",
        "0.12.0 0.13.1 0.14.0 0.14.1 0.15.0-rc2",
        "POST /v1/score",
        "GET /v1/rules",
        memory_mib=150,
        listens_after_s=4.0,
        size_mib=74,
        port=9000,
    ),
    "checkout-web": _service(
        "node",
        "5.0.2 5.1.0 5.1.1 5.2.0-rc1 5.2.0",
        "GET /cart",
        "GET /checkout/address",
        "POST /checkout/pay",
        memory_mib=110,
        size_mib=48,
        port=3000,
        odd={"5.2.0-rc1": {"needs_env": ("CHECKOUT_SESSION_SECRET",)}},
    ),
    "payments-api": _service(
        "go",
        "3.10.0 3.11.0 3.11.2 3.12.0 3.12.1",
        "POST /v2/payments",
        "GET /v2/payments/pay_8f3k",
        "POST /v2/refunds",
        memory_mib=88,
    ),
    "request-signer": _service("go", "1.2.0 1.3.0 1.4.0", "POST /sign", memory_mib=30, port=8181, size_mib=11),
    "settlement-worker": _service(
        "java",
        "1.3.0 1.4.0 1.4.1 1.5.0",
        "settlement batch 20391 closed, 118 payments",
        "settlement batch 20392 opened",
        memory_mib=190,
        listens_after_s=6.0,
        size_mib=96,
    ),
    "statement-renderer": _service(
        "python",
        "0.9.0 0.9.1 0.9.2 1.0.0",
        "POST /render/statement",
        "GET /render/jobs/118",
        memory_mib=240,
        size_mib=88,
    ),
    "migration-2025": _service("go", "1.0.0 1.0.1", "migrated 500 rows of table entries"),
    "catalog-api": _service(
        "go",
        "1.12.0 1.12.1 1.13.0 1.14.0 2.0.0",
        "GET /products?category=shoes",
        "GET /products/sku-20391",
        memory_mib=92,
        # Version 2 keeps the whole catalogue in memory: more than the 256 MiB a service gets by default.
        odd={"2.0.0": {"memory_mib": 420, "memory_after_s": 12.0}},
    ),
    "search-indexer": _service(
        "java",
        "4.0.0 4.1.0 4.1.1 4.2.0",
        "indexed 240 documents into products-v3",
        "refresh of products-v3 took 41 ms",
        memory_mib=200,
        listens_after_s=6.0,
        size_mib=110,
    ),
    "cart": _service(
        "node",
        "2.3.0 2.3.1 2.4.0 2.5.0",
        "GET /cart/9f31",
        "PUT /cart/9f31/items",
        memory_mib=78,
        port=8000,
        ready_path="/healthz",
    ),
    "playground": _service("python", "0.1.0 0.2.0 0.3.0 0.3.1", "GET /", "GET /echo?text=hello", memory_mib=70),
    "hello": _service(
        "go", "1.0.0 1.1.0 1.2.0", "GET /", "GET /hello/ada", memory_mib=24, listens_after_s=1.0, size_mib=9
    ),
    "invoice-pdf": _service("python", "0.4.0 0.5.0", "POST /invoices/20391/pdf", memory_mib=130, private=True),
    "risk-model": _service("python", "7.0.0 7.1.0", "POST /predict", memory_mib=700, private=True, size_mib=410),
    # Another workload of the tenant, for the fault quota-exhausted.
    "batch-import": _service("go", "1.0.0", "imported 500 rows", memory_mib=20, listens_after_s=1.0, size_mib=9),
}
PUBLIC: Mapping[str, Repository] = {
    "docker.io/library/nginx": _service(
        "go", "1.27 1.27.3 1.29.0 latest", "GET /", port=80, port_env="", ready_path="/", paths={"/": 200}
    ),
    "docker.io/library/redis": _service("go", "7.2 7.4 7.4.1-alpine latest", port=6379, port_env=""),
    "docker.io/library/postgres": _service("go", "16 17 17.2 latest", port=5432, port_env="", size_mib=150),
    "docker.io/library/busybox": _service("go", "1.28 1.36 latest", port=8080, size_mib=2),
}


def repositories() -> list[str]:
    return [f"{HOST}/{OWNER}/{name}" for name in SERVICES] + list(PUBLIC)


def tags(repository: str) -> tuple[str, ...]:
    """The tags of `ghcr.io/acme/cart` or of `cart`, oldest first; empty for what does not exist."""
    found = _repository(repository if "/" in repository else f"{HOST}/{OWNER}/{repository}")
    return found.tags if found else ()


# How a registry in trouble is reported by the runtime, by the kind of trouble.
REFUSALS: Mapping[str, str] = {
    "not-found": "code = NotFound desc = {unpack}{full}: not found",
    "unauthorized": (
        "code = Unknown desc = {unpack}failed to authorize: failed to fetch anonymous token: unexpected status from "
        "GET request to https://{host}/token?scope={scope}&service={host}: 401 Unauthorized"
    ),
    "unreachable": (
        'code = Unknown desc = {unpack}failed to do request: Head "https://{host}/v2/{path}/manifests/{tag}": '
        "dial tcp 140.82.121.33:443: i/o timeout"
    ),
    "rate-limited": (
        "code = Unknown desc = {unpack}unexpected status from HEAD request to https://{host}/v2/{path}/manifests/{tag}"
        ": 429 Too Many Requests"
    ),
}


def pull(reference: str, *, authorised: bool = False, refusal: str = "") -> Image:
    """The image behind a reference. `refusal` is a trouble of REFUSALS the registry is in. Raises PullRefused."""
    full, tag, digest = _parse(reference)
    name = re.sub(r"[:@][^/]*$", "", full)
    if refusal:
        raise PullRefused(_in_trouble(refusal, full, name))
    found = _repository(name)
    if found is None or (found.private and not authorised):
        raise PullRefused(_denied(full, name, exists=found is not None))
    if digest:
        tag = next((one for one in found.tags if _digest(f"{name}:{one}") == digest), "")
    if tag not in found.tags:
        raise PullRefused(_in_trouble("not-found", full, name))
    short = name.rsplit("/", 1)[1]
    program = replace(found.program, name=short, version=tag, **found.odd.get(tag, {}))
    digest = _digest(f"{name}:{tag}")
    return Image(reference, full, digest, found.size_mib * 2**20 + int(digest[7:12], 16), program)


def _repository(name: str) -> Repository | None:
    own = f"{HOST}/{OWNER}/"
    return SERVICES.get(name.removeprefix(own)) if name.startswith(own) else PUBLIC.get(name)


def _parse(reference: str) -> tuple[str, str, str]:
    """(full name, tag, digest): `redis:7.4` -> `("docker.io/library/redis:7.4", "7.4", "")`."""
    name, _, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        head, tag = name, "" if digest else "latest"
    if not re.fullmatch(r"[a-z0-9]([a-z0-9._/:-]*[a-z0-9])?", head) or (tag and not re.fullmatch(r"\w[\w.-]*", tag)):
        raise PullRefused(
            f'Failed to apply default image tag "{reference}": couldn\'t parse image name "{reference}": '
            "invalid reference format",
            reason="InvalidImageName",
        )
    first, slash, _ = head.partition("/")
    if not slash:
        head = f"docker.io/library/{head}"
    elif "." not in first and ":" not in first and first != "localhost":
        head = f"docker.io/{head}"
    return head + (f":{tag}" if tag else "") + (f"@{digest}" if digest else ""), tag, digest


def _in_trouble(refusal: str, full: str, name: str) -> str:
    host, _, path = name.partition("/")
    said = REFUSALS[refusal].format(
        unpack=f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": ',
        full=full,
        host=host,
        path=path,
        tag=full.rpartition(":")[2],
        scope=f"repository%3A{path.replace('/', '%2F')}%3Apull",
    )
    return f"rpc error: {said}"


def _denied(full: str, name: str, *, exists: bool) -> str:
    """What the runtime reports for a repository that is private or absent: registries do not tell the two apart."""
    host, _, path = name.partition("/")
    unpack = f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
    if host == "docker.io":
        return (
            f"rpc error: code = Unknown desc = {unpack}pull access denied, repository does not exist or may require "
            "authorization: server message: insufficient_scope: authorization failed"
        )
    if host != HOST and not exists:
        return (
            f'rpc error: code = Unknown desc = {unpack}failed to do request: Head "https://{host}/v2/{path}/manifests/'
            f'{full.rpartition(":")[2]}": dial tcp: lookup {host} on 10.96.0.10:53: no such host'
        )
    return _in_trouble("unauthorized", full, name)


def _digest(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
