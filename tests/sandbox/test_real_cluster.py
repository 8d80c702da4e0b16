"""How the tests start a real control plane: the programs' arguments, and what is said when one does not start.

An outside program is a small script here where the real one is not at hand.
"""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.processes import ROOT, wait_until
from tests.real_cluster import (
    TOKEN,
    RealCluster,
    StartError,
    apiserver_argv,
    controller_manager_argv,
    etcd_argv,
    find_programs,
    needs_assets,
    run_cluster,
    start,
    wait_for,
    write_credentials,
)

STARTER = """
import sys, time
from contextlib import ExitStack
from pathlib import Path
from tests.real_cluster import start

folder = Path(sys.argv[1])
with ExitStack() as running:
    print(start(running, folder, folder, ["etcd"]).pid, flush=True)
    time.sleep(600)
"""


def program(folder: Path, name: str, script: str) -> Path:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return folder


def value(argv: list[str], flag: str) -> str:
    return next(one.partition("=")[2] for one in argv if one.startswith(f"--{flag}="))


def test_every_program_listens_on_loopback_alone(tmp_path: Path) -> None:
    etcd = etcd_argv(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:2")
    for flag in ("listen-client-urls", "listen-peer-urls", "advertise-client-urls"):
        assert value(etcd, flag).startswith("http://127.0.0.1:")
    assert (
        value(apiserver_argv(tmp_path, "http://127.0.0.1:1", 3, has_controllers=False), "bind-address") == "127.0.0.1"
    )
    assert value(controller_manager_argv(tmp_path), "bind-address") == "127.0.0.1"


def test_the_api_server_checks_tokens_with_the_public_half_of_the_key_that_signs_them(tmp_path: Path) -> None:
    write_credentials(RealCluster(tmp_path, "https://127.0.0.1:3", "http://127.0.0.1:1"))
    argv = apiserver_argv(tmp_path, "http://127.0.0.1:1", 3, has_controllers=True)
    public = serialization.load_pem_public_key(Path(value(argv, "service-account-key-file")).read_bytes())
    signing = Path(value(argv, "service-account-signing-key-file"))
    private = serialization.load_pem_private_key(signing.read_bytes(), None)
    assert private.public_key() == public
    assert signing.stat().st_mode & 0o077 == 0
    manager = controller_manager_argv(tmp_path)
    assert value(manager, "service-account-private-key-file") == str(signing)


def test_service_accounts_are_asked_for_where_a_controller_makes_them(tmp_path: Path) -> None:
    off = "--disable-admission-plugins=ServiceAccount"
    assert off in apiserver_argv(tmp_path, "http://127.0.0.1:1", 3, has_controllers=False)
    assert off not in apiserver_argv(tmp_path, "http://127.0.0.1:1", 3, has_controllers=True)


def test_a_folder_without_the_programs_is_named_with_what_is_missing(tmp_path: Path) -> None:
    program(tmp_path, "etcd", "exit 0")
    with pytest.raises(StartError, match=f"KUBEBUILDER_ASSETS={tmp_path} has no program kube-apiserver"):
        find_programs(tmp_path, has_controllers=False)
    program(tmp_path, "kube-apiserver", "exit 0")
    find_programs(tmp_path, has_controllers=False)
    with pytest.raises(StartError, match="has no program kube-controller-manager"):
        find_programs(tmp_path, has_controllers=True)


def test_a_program_that_ends_early_is_quoted(tmp_path: Path) -> None:
    program(tmp_path, "etcd", "exec sleep 600")
    program(tmp_path, "kube-apiserver", "echo 'Error: unknown flag: --wrong' >&2; exit 3")
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(StartError) as raised, run_cluster(tmp_path, data):
        pytest.fail("the cluster started")
    assert "kube-apiserver ended with exit code 3" in str(raised.value)
    assert "Error: unknown flag: --wrong" in str(raised.value)


def test_a_program_that_never_becomes_ready_is_quoted_and_ended(tmp_path: Path) -> None:
    program(tmp_path, "etcd", "echo waiting for a quorum; exec sleep 600")
    with ExitStack() as running:
        process = start(running, tmp_path, tmp_path, ["etcd"])
        wait_until(lambda: "quorum" in (tmp_path / "etcd.log").read_text(), "the program has written")
        with pytest.raises(StartError, match=r"(?s)etcd is not ready after 0 s.*waiting for a quorum"):
            wait_for(process, tmp_path / "etcd.log", lambda: False, within_s=0)
        assert process.poll() is None
    assert process.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux: only there a parent's death reaches its children")
def test_the_programs_end_when_the_test_run_is_killed(tmp_path: Path) -> None:
    program(tmp_path, "etcd", "exec sleep 600")
    run = subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    started = int(run.stdout.readline())
    run.kill()
    run.wait()
    wait_until(lambda: not is_running(started), "the program has ended")


def is_running(pid: int) -> bool:
    """A process that ended and that nobody has asked about yet counts as ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.real_cluster
@needs_assets
def test_a_real_server_knows_its_administrator_and_signs_tokens_it_believes(real_cluster: RealCluster) -> None:
    assert real_cluster.get("/readyz").status == 200
    assert real_cluster.kubeconfig.read_text().count(TOKEN) == 1
    kubectl = [str(Path(sys.executable).parent / "kubectl"), "--kubeconfig", str(real_cluster.kubeconfig)]

    def run(*arguments: str) -> str:
        done = subprocess.run([*kubectl, *arguments], capture_output=True, text=True, check=False, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    run("create", "serviceaccount", "visitor")
    token = run("create", "token", "visitor")
    assert "system:serviceaccount:default:visitor" in run("auth", "whoami", f"--token={token}", "--user=", "-o", "json")
