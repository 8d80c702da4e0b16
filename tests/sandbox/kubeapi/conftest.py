"""The real server as a process of its own, and three ways to talk to it: raw HTTP, kubectl and a node's kubelet."""

import http.server
import itertools
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sandbox.kubeapi.certificates import server_context
from tests.processes import ROOT
from tests.sandbox.kubeapi.api import LONGEST_WAIT_S, Build, api_of

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def kube_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kubeapi")
    command = [sys.executable, "-m", "sandbox.kubeapi", "--dir", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline()
        assert first.startswith("ready https://127.0.0.1:"), first
        yield folder
    finally:
        process.terminate()
        process.wait(LONGEST_WAIT_S)


@pytest.fixture
def api(kube_folder):
    """The administrator, in a namespace of the test's own."""
    admin = api_of(kube_folder / "kubeconfig")
    admin.namespace = f"test-{next(_numbers)}"
    assert admin.send("POST", "/api/v1/namespaces", {"metadata": {"name": admin.namespace}}).status == 201
    return admin


@pytest.fixture
def reader(kube_folder, api):
    person = api_of(kube_folder / "kubeconfig-readonly")
    person.namespace = api.namespace
    return person


@pytest.fixture
def kubectl(kube_folder, api, tmp_path):
    """Runs kubectl in the test's namespace; answers the finished process."""

    def run(*arguments: str, stdin: str = "", ok: bool = True) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / "kubectl"
        command = [str(program), "--kubeconfig", str(kube_folder / "kubeconfig"), "-n", api.namespace, *arguments]
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, env=environment)
        assert not ok or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def kubelet(tmp_path_factory):
    """A node's log endpoint over HTTPS: answers the path and query it was asked, refuses the container "gone"."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = self.path.split("?")[0].endswith("/gone")
            body = b"container gone is not there" if refused else f"asked {self.path}\n".encode()
            self.send_response(400 if refused else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = server_context(tmp_path_factory.mktemp("kubelet")).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def node(api, kubelet):
    """A node whose kubelet listens; the name of it."""
    name = f"node-of-{api.namespace}"
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet}},
    }
    assert api.send("POST", "/api/v1/nodes", {"metadata": {"name": name}, "status": status}).status == 201
    return name


@pytest.fixture(scope="session")
def build():
    return Build()
