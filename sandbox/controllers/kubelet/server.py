"""The kubelets' own HTTPS endpoint: `/containerLogs/{namespace}/{pod}/{container}`, asked by the API server."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.controllers.clock import Clock, micro_stamp, parse
from sandbox.controllers.kubelet.container import ContainerRunner
from sandbox.controllers.kubelet.kubelet import Kubelet
from sandbox.controllers.kubelet.logs import Line, Run, lines

FOLLOW_S = 0.25


@dataclass(frozen=True, slots=True)
class Wanted:
    """The query of a log request."""

    previous: bool
    follow: bool
    timestamps: bool
    tail: int | None
    since: datetime | None
    limit_bytes: int | None

    @classmethod
    def of(cls, query: "web.BaseRequest | dict[str, str]", clock: Clock) -> "Wanted":
        asked = dict(query)  # type: ignore[call-overload]
        since = parse(asked["sinceTime"]) if asked.get("sinceTime") else None
        if asked.get("sinceSeconds"):
            since = clock.now() - timedelta(seconds=int(asked["sinceSeconds"]))
        return cls(
            asked.get("previous") == "true",
            asked.get("follow") == "true",
            asked.get("timestamps") == "true",
            int(asked["tailLines"]) if asked.get("tailLines") else None,
            since,
            int(asked["limitBytes"]) if asked.get("limitBytes") else None,
        )


class LogServer:
    def __init__(self, kubelet: Kubelet | None, clock: Clock, directory: Path) -> None:
        self.kubelet, self.clock, self.directory = kubelet, clock, directory
        self._runner: web.AppRunner | None = None

    async def start(self) -> int:
        """Listens on a free loopback port and returns it."""
        app = web.Application()
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._logs)
        app.router.add_get("/healthz", self._healthy)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = _certificate(self.directory)
        context.load_cert_chain(certificate, key)
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        namespace, pod, name = (request.match_info[part] for part in ("namespace", "pod", "container"))
        worker = self.kubelet.worker_of(namespace, pod) if self.kubelet else None
        if worker is None:
            return web.Response(status=404, text=f'pod "{pod}" not found')
        runner = worker.runner(name)
        if runner is None:
            return web.Response(status=404, text=f'container "{name}" in pod "{pod}" is not available')
        try:
            wanted = Wanted.of(request.query, self.clock)  # type: ignore[arg-type]
        except ValueError as error:
            return web.Response(status=400, text=f"invalid log options: {error}")
        run = _run_of(runner, previous=wanted.previous)
        if run is None:
            return web.Response(status=400, text=_refusal(runner, pod, previous=wanted.previous))
        return await self._send(request, run, wanted)

    async def _send(self, request: web.Request, run: Run, wanted: Wanted) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        await response.prepare(request)
        until = self.clock.now()
        written = list(lines(run, since=wanted.since, until=until))
        if wanted.tail is not None:
            written = written[-wanted.tail :] if wanted.tail else []
        body = b"".join(_encoded(written, wanted))
        left = wanted.limit_bytes
        await response.write(body if left is None else body[:left])
        while wanted.follow and left is None and run.ended is None:
            await asyncio.sleep(FOLLOW_S)
            now = self.clock.now()
            fresh = b"".join(_encoded(list(lines(run, since=until, until=now)), wanted))
            until = now
            if fresh:
                await response.write(fresh)
        await response.write_eof()
        return response


def _run_of(runner: ContainerRunner, *, previous: bool) -> Run | None:
    if previous:
        return runner.previous if runner.current or runner.status.restarts or runner.status.last else None
    return runner.current or runner.previous


def _refusal(runner: ContainerRunner, pod: str, *, previous: bool) -> str:
    name = runner.spec["name"]
    if previous:
        return f'previous terminated container "{name}" in pod "{pod}" not found'
    reason = runner.status.waiting or "ContainerCreating"
    if reason in ("ErrImagePull", "ImagePullBackOff"):
        reason = "trying and failing to pull image"
    return f'container "{name}" in pod "{pod}" is waiting to start: {reason}'


def _encoded(found: list[Line], wanted: Wanted) -> Iterator[bytes]:
    for moment, text in found:
        head = f"{micro_stamp(moment)} " if wanted.timestamps else ""
        yield f"{head}{text}\n".encode()


def _certificate(directory: Path) -> tuple[Path, Path]:
    """A self-signed certificate for loopback: a kubelet's serving certificate is not verified by default either."""
    directory.mkdir(parents=True, exist_ok=True)
    certificate_path, key_path = directory / "kubelet.crt", directory / "kubelet.key"
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox-kubelet")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.touch(mode=0o600)
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_path, key_path
