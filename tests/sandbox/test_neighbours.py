"""Which controllers run beside what a cluster already has: those that would be rivals of a real one do not."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox.controllers.client import Client, connect
from sandbox.controllers.clock import Clock, micro_stamp
from sandbox.controllers.kinds import CONFIG_MAP, LEASE, NODE, Kind
from sandbox.controllers.neighbours import AUTO, GROUPS, choose_groups, read_groups
from sandbox.platform import Platform
from tests.processes import ROOT, wait_until

ALL = frozenset(GROUPS)
ROOT_CERTIFICATE = "kube-root-ca.crt"
Have = Callable[[Kind, dict], Awaitable[None]]


@pytest.fixture(scope="module")
def bare_kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An API server beside which nothing runs."""
    folder = tmp_path_factory.mktemp("bare")
    argv = [sys.executable, "-m", "sandbox.kubeapi", "--dir", str(folder)]
    process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        yield folder / "kubeconfig"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
async def client(bare_kubeconfig: Path) -> AsyncIterator[Client]:
    connected = connect(bare_kubeconfig)
    yield connected
    await connected.close()


@pytest.fixture
async def have(client: Client) -> AsyncIterator[Have]:
    """Creates an object that is deleted again after the test."""
    made: list[tuple[Kind, str, str]] = []

    async def create(kind: Kind, thing: dict) -> None:
        await client.create(kind, thing)
        made.append((kind, thing["metadata"].get("namespace", ""), thing["metadata"]["name"]))

    yield create
    for kind, namespace, name in made:
        await client.delete(kind, namespace, name)


def lease(name: str, *, holder: str = "control-plane-0", age_s: float = 0) -> dict:
    renewed = micro_stamp(datetime.now(UTC) - timedelta(seconds=age_s))
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 15, "renewTime": renewed}
    return {"metadata": {"name": name, "namespace": "kube-system"}, "spec": spec}


async def test_alone_all_groups_run(client: Client) -> None:
    assert await choose_groups(client, Clock()) == ALL


async def test_the_nodes_of_an_earlier_start_are_no_strangers(client: Client, have: Have) -> None:
    await have(NODE, {"metadata": {"name": "worker-1", "labels": {"sandbox.mctl/emulated": "true"}}})
    assert await choose_groups(client, Clock()) == ALL


async def test_a_controller_manager_that_holds_its_lease_keeps_the_workloads(
    client: Client, have: Have, capsys: pytest.CaptureFixture[str]
) -> None:
    await have(LEASE, lease("kube-controller-manager"))
    assert await choose_groups(client, Clock()) == ALL - {"workloads"}
    said = capsys.readouterr().out
    assert "workloads: left to the cluster, because control-plane-0 holds the Lease kube-system/kube-contr" in said


@pytest.mark.parametrize("left", [{"age_s": 3600}, {"holder": ""}], ids=["not renewed for an hour", "given back"])
async def test_a_lease_that_nobody_holds_any_more_keeps_nothing(client: Client, have: Have, left: dict) -> None:
    await have(LEASE, lease("kube-controller-manager", **left))
    assert await choose_groups(client, Clock()) == ALL


async def test_a_controller_manager_without_leader_election_is_known_by_what_it_writes(
    client: Client, have: Have
) -> None:
    await client.delete(CONFIG_MAP, "default", ROOT_CERTIFICATE)
    written = {"metadata": {"name": ROOT_CERTIFICATE, "namespace": "default"}, "data": {"ca.crt": "a certificate"}}
    await have(CONFIG_MAP, written)
    assert await choose_groups(client, Clock()) == ALL - {"workloads"}


async def test_a_node_with_a_kubelet_of_its_own_keeps_kubelet_and_scheduler(client: Client, have: Have) -> None:
    await have(NODE, {"metadata": {"name": "metal-1"}})
    assert await choose_groups(client, Clock()) == ALL - {"kubelet"}


async def test_a_scheduler_that_holds_its_lease_keeps_kubelet_and_scheduler(client: Client, have: Have) -> None:
    await have(LEASE, lease("kube-scheduler"))
    assert await choose_groups(client, Clock()) == ALL - {"kubelet"}


def test_groups_are_read_from_words_between_commas() -> None:
    assert read_groups("argocd, kubelet,addons") == {"argocd", "kubelet", "addons"}
    assert read_groups(AUTO) == {AUTO}


@pytest.mark.parametrize("text", ["kubelets", "argocd,auto"])
def test_an_unknown_group_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ValueError, match=r"There is no group of controllers .*: argocd, kubelet, workloads, addons"):
        read_groups(text)


def controllers_of(platform: Platform) -> list[str]:
    return next(part.argv for part in platform.parts() if part.name == "controllers")


def test_the_platform_passes_on_which_controllers_run(tmp_path: Path) -> None:
    assert "--only" not in controllers_of(Platform(tmp_path, 1, 2))
    told = controllers_of(Platform(tmp_path, 1, 2, controllers="argocd,addons"))
    assert told[told.index("--only") + 1] == "argocd,addons"


def run_command(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Without a single setting, as on a machine where nobody has set any."""
    argv = [sys.executable, "manage.py", *arguments]
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return subprocess.run(argv, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("command", "says"), [("sandbox", "--controllers"), ("fault", "add")])
def test_help_works_without_settings(tmp_path: Path, command: str, says: str) -> None:
    done = run_command(tmp_path, command, "--help")
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


def test_a_fault_takes_its_own_settings_and_asks_for_none_of_djangos(tmp_path: Path) -> None:
    done = run_command(tmp_path, "fault", "add", "oom", "payments/statement-renderer", "needs_mib=1000")
    assert done.returncode == 1
    assert "There is no cluster to break" in done.stderr


def test_a_wrong_word_after_controllers_is_refused_before_anything_starts(tmp_path: Path) -> None:
    done = run_command(tmp_path, "sandbox", "--controllers", "kubelets")
    assert done.returncode == 1
    assert "There is no group of controllers kubelets" in done.stderr


def test_the_platform_alone_starts_without_settings_and_writes_those_of_the_product(tmp_path: Path) -> None:
    argv = [sys.executable, "manage.py", "sandbox", "--speed", "20"]
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MCTL_VAR_DIR": str(tmp_path / "var")}
    with (tmp_path / "out").open("wb") as out:
        run = subprocess.Popen(argv, cwd=ROOT, env=bare, stdout=out, stderr=out, start_new_session=True)
    try:
        wait_until(lambda: "runs addons, argocd, kubelet, workloads" in (tmp_path / "out").read_text(), "all run")
        written = (tmp_path / "var" / "platform" / "environment").read_text()
    finally:
        os.killpg(run.pid, signal.SIGTERM)
        run.wait(timeout=60)
    for line in ("MCTL_DEBUG=true", "MCTL_SANDBOX=true", f"MCTL_VAR_DIR={tmp_path / 'var'}", "MCTL_KUBECONFIG="):
        assert line in written
