"""Raw HTTP to the emulated API server, and plain objects to send."""

import base64
import json
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

LONGEST_WAIT_S = 60.0
MERGE = "application/merge-patch+json"


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any

    @property
    def message(self) -> str:
        return self.body["message"]


@dataclass
class Api:
    """Raw HTTP to the server: `get("pods", "web")` is /api/v1/namespaces/<namespace>/pods/web."""

    server: str
    authority: str
    token: str
    namespace: str = "default"
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = urllib3.PoolManager(ca_cert_data=self.authority, retries=False)

    def path(self, plural: str, name: str = "", *, group: str = "", below: str = "") -> str:
        root = f"/apis/{group}" if group else "/api/v1"
        parts = [f"{root}/namespaces/{self.namespace}/{plural}", name, below]
        return "/".join(part for part in parts if part)

    def send(
        self, method: str, path: str, body: Any = None, *, media: str = "application/json", **query: Any
    ) -> Answer:
        if query:
            path = f"{path}?{urllib.parse.urlencode(query)}"
        sent = body if isinstance(body, str | bytes | None) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": media, **self.headers}
        raw = self._pool.request(method, self.server + path, body=sent, headers=headers, timeout=LONGEST_WAIT_S)
        try:
            decoded = json.loads(raw.data)
        except ValueError:
            decoded = raw.data.decode()
        return Answer(raw.status, decoded, raw.headers)

    def get(self, plural: str, name: str = "", *, group: str = "", below: str = "", **query: Any) -> Answer:
        return self.send("GET", self.path(plural, name, group=group, below=below), **query)

    def post(self, plural: str, body: Any, *, group: str = "", **query: Any) -> Answer:
        return self.send("POST", self.path(plural, group=group), body, **query)

    def patch(
        self, plural: str, name: str, body: Any, *, media: str = MERGE, group: str = "", below: str = "", **query: Any
    ) -> Answer:
        return self.send("PATCH", self.path(plural, name, group=group, below=below), body, media=media, **query)

    def put(self, plural: str, name: str, body: Any, *, group: str = "", below: str = "", **query: Any) -> Answer:
        return self.send("PUT", self.path(plural, name, group=group, below=below), body, **query)

    def delete(self, plural: str, name: str = "", *, group: str = "", options: Any = None, **query: Any) -> Answer:
        return self.send("DELETE", self.path(plural, name, group=group), options, **query)

    def apply(self, plural: str, name: str, body: Any, *, manager: str, group: str = "", **query: Any) -> Answer:
        media = "application/apply-patch+yaml"
        return self.patch(plural, name, body, media=media, group=group, fieldManager=manager, **query)

    def watch(self, plural: str, *, group: str = "", **query: Any) -> "Stream":
        path = f"{self.path(plural, group=group)}?{urllib.parse.urlencode({'watch': '1', **query})}"
        timeout = urllib3.Timeout(connect=LONGEST_WAIT_S, read=LONGEST_WAIT_S)
        headers = {"Authorization": f"Bearer {self.token}", **self.headers}
        raw = self._pool.request("GET", self.server + path, headers=headers, preload_content=False, timeout=timeout)
        return Stream(raw)

    def version(self) -> str:
        return self.get("configmaps").body["metadata"]["resourceVersion"]

    def as_token(self, token: str) -> "Api":
        return Api(self.server, self.authority, token, self.namespace)

    def eventually_gone(self, plural: str, name: str, *, group: str = "") -> None:
        until(lambda: self.get(plural, name, group=group).status == 404)


class Stream:
    """A watch: `next(stream)` is the next event, and it ends when the server closes it."""

    def __init__(self, raw: Any) -> None:
        self.status = raw.status
        self._raw = raw
        self._lines = self._read()

    def _read(self):
        left = b""
        for piece in self._raw.stream(65536):
            *lines, left = (left + piece).split(b"\n")
            yield from (json.loads(line) for line in lines if line)

    def __iter__(self):
        return self

    def __next__(self) -> dict[str, Any]:
        return next(self._lines)

    def take(self, count: int) -> list[tuple[str, str]]:
        events = [next(self) for _ in range(count)]
        self.close()
        return [(event["type"], event["object"]["metadata"]["name"]) for event in events]

    def close(self) -> None:
        self._raw.close()


def until(condition) -> None:
    """Waits for what the server does after it has answered; fails when it does not happen."""
    ends_at = time.monotonic() + LONGEST_WAIT_S
    while not condition():
        assert time.monotonic() < ends_at, "did not happen in time"
        time.sleep(0.01)


def api_of(file: Path) -> Api:
    config = yaml.safe_load(file.read_text())
    cluster = config["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    return Api(cluster["server"], authority, config["users"][0]["user"]["token"])


class Build:
    """Plain, valid objects; a test names what matters to it."""

    def config_map(self, name: str = "settings", data: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, **metadata},
            "data": data or {"a": "1"},
        }

    def pod(self, name: str = "web", **spec: Any) -> dict[str, Any]:
        labels = {"app": name}
        containers = spec.pop("containers", [{"name": "main", "image": "ghcr.io/acme/web:1.0"}])
        body = {"containers": containers, **spec}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": body}

    def container(self, name: str = "main", **resources: dict[str, str]) -> dict[str, Any]:
        return {"name": name, "image": "ghcr.io/acme/web:1.0", "resources": resources}

    def deployment(self, name: str = "web", **spec: Any) -> dict[str, Any]:
        template = {"metadata": {"labels": {"app": name}}, "spec": self.pod(name)["spec"]}
        body = {"selector": {"matchLabels": {"app": name}}, "template": template, **spec}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": body}

    def owned_by(self, owner: dict[str, Any], *, blocks: bool = False) -> list[dict[str, Any]]:
        held = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
        return [held | {"uid": owner["metadata"]["uid"], "controller": True, "blockOwnerDeletion": blocks}]
