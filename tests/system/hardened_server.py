"""An HTTPS server before the emulated API that answers some requests otherwise, as a hardened or an old server does."""

import http.client
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sandbox.platform import LOOPBACK
from tests.integrations.kubernetes.old_server import status
from tests.integrations.kubernetes.servers import Emulator


class HardenedServer(ThreadingHTTPServer):
    """`codes` are answered to paths that begin so. A path that begins with one of `silent` gets no answer."""

    daemon_threads = True

    def __init__(self, behind: Emulator, codes: dict[str, int], silent: tuple[str, ...] = ()) -> None:
        self.behind, self.codes, self.silent = behind, codes, silent
        self.ended = threading.Event()
        super().__init__((LOOPBACK, 0), Handler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(behind.directory / "tls.crt", behind.directory / "tls.key")
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.onward = ssl.create_default_context(cafile=str(behind.directory / "ca.crt"))
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def kubeconfig(self) -> str:
        ours = self.behind.directory / f"kubeconfig-{self.server_port}"
        original = self.behind.product_kubeconfig.read_text()
        ours.write_text(original.replace(f":{self.behind.port}", f":{self.server_port}"))
        return str(ours)

    def shutdown(self) -> None:
        self.ended.set()
        super().shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients of these tests go away while they wait."""


class Handler(BaseHTTPRequestHandler):
    server: HardenedServer

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(self.server.silent or ("nothing",)):
            self.server.ended.wait()
        code = next((code for path, code in self.server.codes.items() if self.path.startswith(path)), None)
        if code is not None:
            self.send(code, status(code, {401: "Unauthorized", 403: "Forbidden", 404: "NotFound"}[code], "not here"))
            return
        onward = http.client.HTTPSConnection(LOOPBACK, self.server.behind.port, context=self.server.onward)
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
        onward.request(self.command, self.path, body, headers)
        given = onward.getresponse()
        self.send(given.status, given.read())

    do_GET = do_POST = do_PATCH = answer

    def send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
