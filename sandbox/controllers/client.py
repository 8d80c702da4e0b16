"""A small client of the Kubernetes API: raw JSON over HTTPS, one kubeconfig, no models.

Knows certificates, bearer tokens and client certificates of a kubeconfig's current context; knows no exec plugins.
"""

import base64
import ssl
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
import yaml

from sandbox.controllers.kinds import Kind

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
WATCH_SECONDS = 240
PAGE = 500

Thing = dict[str, Any]


class ApiError(Exception):
    """The server said no: `status` is the HTTP code, `reason` the API's word (NotFound, Conflict, Forbidden, ...)."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class Client:
    """One session of one identity. `acting_as` gives the same session under another field manager."""

    def __init__(self, server: str, session: aiohttp.ClientSession, *, manager: str = "sandbox") -> None:
        self.server, self.session, self.manager = server.rstrip("/"), session, manager

    def acting_as(self, manager: str) -> "Client":
        return Client(self.server, self.session, manager=f"sandbox-{manager}")

    async def close(self) -> None:
        await self.session.close()

    async def get(self, kind: Kind, namespace: str, name: str) -> Thing:
        return await self._send("GET", kind.path(namespace, name))

    async def find(self, kind: Kind, namespace: str, name: str) -> Thing | None:
        """The object, or None where there is none."""
        try:
            return await self.get(kind, namespace, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list_page(self, kind: Kind, *, namespace: str = "", token: str = "", **query: str) -> Thing:
        wanted = {"limit": str(PAGE), **query, **({"continue": token} if token else {})}
        return await self._send("GET", kind.path(namespace), query=wanted)

    async def list_all(self, kind: Kind, *, namespace: str = "", **query: str) -> tuple[list[Thing], str]:
        """Every object and the resource version the list is of."""
        things: list[Thing] = []
        token = ""
        while True:
            page = await self.list_page(kind, namespace=namespace, token=token, **query)
            things += page.get("items") or []
            token = page["metadata"].get("continue") or ""
            if not token:
                return things, page["metadata"]["resourceVersion"]

    async def create(self, kind: Kind, thing: Thing, *, sub: str = "", name: str = "") -> Thing:
        namespace = (thing.get("metadata") or {}).get("namespace", "")
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **thing}
        return await self._send("POST", kind.path(namespace, name, sub), body=body, query=self._signed())

    async def patch(self, kind: Kind, namespace: str, name: str, change: Thing, *, sub: str = "") -> Thing:
        """Merge patch; `sub` is "status", "scale" or empty."""
        path = kind.path(namespace, name, sub)
        return await self._send("PATCH", path, body=change, query=self._signed(), content_type=MERGE)

    async def apply(self, kind: Kind, thing: Thing, *, force: bool = True, dry_run: bool = False) -> Thing:
        """Server-side apply of a whole manifest."""
        query = {**self._signed(), "force": "true" if force else "false", **({"dryRun": "All"} if dry_run else {})}
        path = kind.path(thing["metadata"].get("namespace", ""), thing["metadata"]["name"])
        return await self._send("PATCH", path, body=thing, query=query, content_type=APPLY)

    async def delete(self, kind: Kind, namespace: str, name: str, **options: Any) -> Thing:
        """`options` are those of DeleteOptions: gracePeriodSeconds, propagationPolicy, preconditions."""
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **options}
        return await self._send("DELETE", kind.path(namespace, name), body=body, query=self._signed())

    async def resources(self, group: str, version: str) -> list[Thing]:
        """What the server offers in one group and version, as discovery lists it."""
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        return (await self._send("GET", path)).get("resources") or []

    async def watch(self, kind: Kind, version: str, **query: str) -> AsyncIterator[tuple[str, Thing]]:
        """Pairs of (ADDED | MODIFIED | DELETED | BOOKMARK, object). Raises ApiError(410) when `version` is too old."""
        wanted = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(WATCH_SECONDS),
            **query,
        }
        patience = aiohttp.ClientTimeout(total=None, sock_read=WATCH_SECONDS + 30)
        url = f"{self.server}{kind.path()}?{urlencode(wanted)}"
        async with self.session.get(url, timeout=patience) as response:
            if response.status >= 400:
                raise _error(response.status, await response.read())
            async for line in _lines(response.content):
                event = orjson.loads(line)
                if event["type"] == "ERROR":
                    raise _error(event["object"].get("code", 500), orjson.dumps(event["object"]))
                yield event["type"], event["object"]

    def _signed(self) -> dict[str, str]:
        return {"fieldManager": self.manager}

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: Thing | None = None,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
    ) -> Thing:
        url = f"{self.server}{path}" + (f"?{urlencode(query)}" if query else "")
        payload = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"Content-Type": content_type}
        async with self.session.request(method, url, data=payload, headers=headers) as response:
            answer = await response.read()
            if response.status >= 400:
                raise _error(response.status, answer)
            thing: Thing = orjson.loads(answer)
            return thing


def connect(kubeconfig: Path) -> Client:
    """A client for the current context. To be called inside a running event loop."""
    config = yaml.safe_load(kubeconfig.read_text())
    wanted = config.get("current-context") or config["contexts"][0]["name"]
    context = next(entry["context"] for entry in config["contexts"] if entry["name"] == wanted)
    cluster = next(entry["cluster"] for entry in config["clusters"] if entry["name"] == context["cluster"])
    user = next(entry["user"] for entry in config["users"] if entry["name"] == context["user"])
    headers = {"Accept": "application/json", "User-Agent": "mctl-sandbox"}
    if token := user.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    session = aiohttp.ClientSession(
        headers=headers,
        # Every cache holds one connection for its watch, so the pool must not be the limit.
        connector=aiohttp.TCPConnector(ssl=_tls(cluster, user), limit=0),
        timeout=aiohttp.ClientTimeout(total=30),
    )
    return Client(cluster["server"], session)


def _tls(cluster: Thing, user: Thing) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=cluster.get("certificate-authority"))
    if authority := cluster.get("certificate-authority-data"):
        context = ssl.create_default_context(cadata=base64.b64decode(authority).decode())
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if "client-certificate" in user:
        context.load_cert_chain(user["client-certificate"], user["client-key"])
    elif "client-certificate-data" in user:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder, "certificate.pem"), Path(folder, "key.pem")
            certificate.write_bytes(base64.b64decode(user["client-certificate-data"]))
            key.write_bytes(base64.b64decode(user["client-key-data"]))
            context.load_cert_chain(certificate, key)
    return context


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of any length; the stream's own `readline` refuses long ones."""
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line:
                yield line


def _error(status: int, body: bytes) -> ApiError:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = {}
    if not isinstance(answer, dict):
        answer = {}
    return ApiError(status, answer.get("reason", ""), answer.get("message") or body[:200].decode(errors="replace"))
