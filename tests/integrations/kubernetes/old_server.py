"""An HTTPS server before the emulated API that behaves as older or ailing API servers do, and keeps what it was asked.

`way` may change while it runs: "refuses" answers a streaming list with the 422 of servers that do not know it; "breaks"
with 200 and an ERROR event, as one over an old etcd; "fails" answers everything with 500. "restored" accepts a watch
from a version that it has not reached, and is silent; "restored and says so" answers it with 504, as a list. "wakes"
refuses everything, as one that has not read its roles. "lists" refuses every watch, as to an account that may only
list. "shaky" ends every watch with an ERROR event.
"""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson
import yaml

from sandbox.platform import LOOPBACK
from tests.integrations.kubernetes.servers import Emulator


def status(code: int, reason: str, message: str) -> bytes:
    return orjson.dumps({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})


FORBIDDEN = (
    'configmaps is forbidden: User "system:serviceaccount:mctl:mctl" cannot list resource "configmaps" in API group "" '
    'at the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io "mctl" not found'
)
TOO_NEW = orjson.dumps(
    {
        "kind": "Status", "status": "Failure", "code": 504, "reason": "Timeout",
        "message": "Timeout: Too large resource version: 1000, current: 10",
        "details": {
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    }
)  # fmt: skip


class OldServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behind: Emulator, way: str) -> None:
        self.behind, self.way = behind, way
        self.asked: list[dict[str, str]] = []
        self.ended = threading.Event()
        self.authorization = ""
        super().__init__((LOOPBACK, 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(behind.directory / "tls.crt", behind.directory / "tls.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.onward = ssl.create_default_context(cafile=str(behind.directory / "ca.crt"))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def kubeconfig(self) -> str:
        ours = self.behind.directory / f"kubeconfig-{self.server_port}"
        ours.write_text(self.behind.kubeconfig.read_text().replace(f":{self.behind.port}", f":{self.server_port}"))
        return str(ours)

    def restore(self, backup: Emulator, way: str) -> None:
        """The state of another server from here on, one that was started earlier and has lower versions."""
        token = yaml.safe_load(backup.kubeconfig.read_text())["users"][0]["user"]["token"]
        self.onward = ssl.create_default_context(cafile=str(backup.directory / "ca.crt"))
        self.behind, self.authorization, self.way = backup, f"Bearer {token}", way

    def ask(self, path: str, authorization: str) -> http.client.HTTPResponse:
        onward = http.client.HTTPSConnection(LOOPBACK, self.behind.port, context=self.onward)
        onward.request("GET", path, headers={"Authorization": self.authorization or authorization})
        return onward.getresponse()

    def shutdown(self) -> None:
        self.ended.set()
        super().shutdown()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients of these tests go away in mid-sentence on purpose."""


class Handler(BaseHTTPRequestHandler):
    server: OldServer

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(query)
        streaming = "sendInitialEvents" in query
        if self.server.way == "fails":
            self.answer(500, status(500, "InternalError", "etcdserver: request timed out"))
        elif streaming and self.server.way == "refuses":
            self.answer(422, status(422, "Invalid", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden"))
        elif streaming and self.server.way == "breaks":
            error = status(500, "InternalError", "etcd does not support progress notification")
            self.answer_event(error)
        elif self.server.way == "wakes" or (self.server.way == "lists" and "watch" in query):
            self.answer(403, status(403, "Forbidden", FORBIDDEN))
        elif self.server.way == "shaky" and "resourceVersion" in query:
            self.answer_event(status(500, "InternalError", "etcdserver: leader changed"))
        elif self.server.way.startswith("restored") and self.is_of_the_future(query):
            self.answer_from_before()
        else:
            self.pass_on()

    def answer_event(self, error: bytes) -> None:
        self.answer(200, b'{"type":"ERROR","object":' + error + b"}\n")

    def is_of_the_future(self, query: dict[str, str]) -> bool:
        wanted = query.get("resourceVersion", "") if "watch" in query else ""
        if not wanted:
            return False
        newest = self.server.ask(f"{urlsplit(self.path).path}?limit=1", self.headers["Authorization"]).read()
        return int(wanted) > int(orjson.loads(newest)["metadata"]["resourceVersion"])

    def answer_from_before(self) -> None:
        if self.server.way == "restored":
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.server.ended.wait()
        else:
            self.answer_event(TOO_NEW)

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self) -> None:
        answer = self.server.ask(self.path, self.headers["Authorization"])
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        while piece := answer.read1(1 << 16):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what was asked is in `asked`."""
