"""The sandbox's git host: bare repositories served by the real `git http-backend` on loopback, with basic auth.

`python -m sandbox.git_server --dir DIR --port N --user U --password-file F` makes `DIR/gitops.git` where it is absent
(see sandbox.world.seed), prints `ready http://127.0.0.1:N/gitops.git` and serves until SIGTERM. Port 0 takes a free
one. A password file that does not exist is written with a new password.
"""

import argparse
import base64
import hmac
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from sandbox.world.seed import seed

PIECE = 64 * 1024


class GitServer(ThreadingHTTPServer):
    daemon_threads = True
    # Many clients connect at once when writers compete.
    request_queue_size = 64

    def __init__(self, root: Path, port: int, user: str, password: str) -> None:
        self.root = root
        self.credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__(("127.0.0.1", port), GitHandler)

    def address(self, repository: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{repository}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is not worth a traceback."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class GitHandler(BaseHTTPRequestHandler):
    """One request to one `git http-backend`, streamed both ways."""

    server: GitServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = PIECE
    timeout = 75

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the supervisor's log is for what matters."""

    def answer(self) -> None:
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given, f"Basic {self.server.credentials}"):
            self.refuse()
            return
        command = [shutil.which("git") or "git", "http-backend"]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.cgi_environment()
        ) as backend:
            assert backend.stdin
            assert backend.stdout
            feeder = threading.Thread(target=self.feed, args=(backend.stdin,), daemon=True)
            feeder.start()
            self.relay(backend.stdout)
            feeder.join()

    def refuse(self) -> None:
        for _ in self.body():
            pass
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="gitops"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def cgi_environment(self) -> dict[str, str]:
        parts = urlsplit(self.path)
        environment = {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "HOME": str(self.server.root),
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "REMOTE_USER": "git",
            "REMOTE_ADDR": "127.0.0.1",
        }
        for header, variable in {"Content-Encoding": "HTTP_CONTENT_ENCODING", "Git-Protocol": "GIT_PROTOCOL"}.items():
            if value := self.headers.get(header):
                environment[variable] = value
        if length := self.headers.get("Content-Length"):
            environment["CONTENT_LENGTH"] = length
        return environment

    def body(self) -> Iterator[bytes]:
        """The request's body in pieces, chunked or by length."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left and (piece := self.rfile.read(min(left, PIECE))):
            left -= len(piece)
            yield piece

    def feed(self, backend: IO[bytes]) -> None:
        try:
            for piece in self.body():
                backend.write(piece)
            backend.close()
        except (BrokenPipeError, ConnectionError, ValueError):
            # The backend has answered without reading all of it; the rest must still be taken off the connection.
            self.close_connection = True

    def relay(self, backend: IO[bytes]) -> None:
        """CGI headers become a response; its length is unknown, so the content is chunked."""
        status, headers = 200, []
        while line := backend.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value.strip()))
        self.send_response(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := backend.read1(PIECE):  # type: ignore[attr-defined]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def password_in(file: Path) -> str:
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(24), encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dir", type=Path, required=True, help="folder of the bare repositories")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="mctl")
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--bare", action="store_true", help="seed nothing")
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    server = GitServer(options.dir.resolve(), options.port, options.user, password_in(options.password_file))
    if not options.bare and not (options.dir / "gitops.git").exists():
        # Made beside and renamed, so that a start that was cut short leaves nothing half made.
        fresh = options.dir / f"seeding-{secrets.token_hex(4)}"
        seed(fresh, server.address("gitops.git"))
        fresh.rename(options.dir / "gitops.git")
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
    print(f"ready {server.address('gitops.git')}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
