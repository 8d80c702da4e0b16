"""An HTTPS server before the emulated API that behaves as older or ailing API servers do, and keeps what it was asked.

`ways`: "refuses" answers a streaming list with the 422 of servers that do not know it; "breaks" with 200 and an ERROR
event, as one over an old etcd; "fails" answers everything with 500.
"""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import orjson

from sandbox.platform import LOOPBACK
from tests.integrations.kubernetes.servers import Emulator


def status(code: int, reason: str, message: str) -> bytes:
    return orjson.dumps({"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message})


class OldServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behind: Emulator, way: str) -> None:
        self.behind, self.way = behind, way
        self.asked: list[dict[str, str]] = []
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
            self.answer(200, b'{"type":"ERROR","object":' + error + b"}\n")
        else:
            self.pass_on()

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self) -> None:
        onward = http.client.HTTPSConnection(LOOPBACK, self.server.behind.port, context=self.server.onward)
        onward.request("GET", self.path, headers={"Authorization": self.headers["Authorization"]})
        answer = onward.getresponse()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        while piece := answer.read1(1 << 16):
            self.wfile.write(piece)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: what was asked is in `asked`."""
