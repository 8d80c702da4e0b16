"""Servers around the emulated API: one that tests may kill, and a relay before it that breaks as networks do."""

import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from integrations.errors import Unreachable
from integrations.kubernetes import Cluster
from sandbox.platform import LOOPBACK, free_port
from tests.processes import ROOT, wait_until

PIECE = 1 << 16


class Emulator:
    """`python -m sandbox.kubeapi` on a port that stays the same over restarts."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.port = directory, free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def kubeconfig(self) -> Path:
        return self.directory / "kubeconfig"

    @property
    def product_kubeconfig(self) -> Path:
        """Of the service account with the rights of deploy/rbac/mctl.yaml."""
        return self.directory / "kubeconfig-mctl"

    def start(self) -> "Emulator":
        self.directory.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "sandbox.kubeapi", "--dir", str(self.directory), "--port", str(self.port)]
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(argv, cwd=ROOT, stdout=log, stderr=log)
        wait_until(self._answers, "the emulated API answers")
        return self

    def _answers(self) -> bool:
        # The kubeconfig may be there and half written.
        try:
            self.cluster(read_timeout_s=1.0).ping()
        except Unreachable:
            return False
        return True

    def stop(self, with_signal: int = signal.SIGKILL) -> None:
        if self.process is not None:
            self.process.send_signal(with_signal)
            self.process.wait(10)
            self.process = None

    def cluster(self, read_timeout_s: float = 5.0) -> Cluster:
        return Cluster(str(self.kubeconfig), read_timeout_s=read_timeout_s)


class Relay:
    """A TCP relay to a port. `cut()` ends what is connected; `strand()` lets it hang for ever, as when a machine
    between is switched off; while not `open`, new connections wait; while not `passing`, nothing passes."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.passing, self.open = threading.Event(), threading.Event()
        self._ended = threading.Event()
        self.passing.set()
        self.open.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._stranded: list[tuple[socket.socket, socket.socket]] = []
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def kubeconfig(self, original: Path) -> Path:
        """The kubeconfig with our address in the server's place."""
        text = original.read_text().replace(f":{self.target_port}", f":{self.port}")
        ours = original.with_name(f"kubeconfig-{self.port}")
        ours.write_text(text)
        return ours

    def cut(self) -> None:
        for pair in self._pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def strand(self) -> None:
        self._stranded += self._pairs

    def close(self) -> None:
        self._listener.close()
        self._ended.set()
        self.passing.set()
        self.open.set()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.open.wait()
        try:
            server = socket.create_connection((LOOPBACK, self.target_port))
        except OSError:
            client.close()
            return
        pair = (client, server)
        self._pairs.append(pair)
        with suppress(OSError, ValueError):
            while self._pass_on(pair):
                pass
        client.close()
        server.close()

    def _pass_on(self, pair: tuple[socket.socket, socket.socket]) -> bool:
        readable, _, _ = select.select(pair, [], [])
        self.passing.wait()
        if pair in self._stranded:
            self._ended.wait()
            return False
        for end in readable:
            piece = end.recv(PIECE)
            if not piece:
                return False
            pair[1 - pair.index(end)].sendall(piece)
        return True
