"""Commits a second to the GitOps repository over http, none lost; and what reading a large world costs.

Eight writers each commit to files of their own: in one process, where pushes are grouped, and in four processes that
share a clone. `python -m bench.gitops_commits` prints one JSON object.
"""

import json
import multiprocessing
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pygit2

from core import clock
from integrations.gitops import Change, FileEdit, Gitops, Revision, Set, edit_yaml, new_service_values
from integrations.gitops.reading import Reader
from sandbox.world.seed import Files, seed, signature, write_tree

COMMITS_EACH = 15
SERVICES = 10_000
USER, PASSWORD = "mctl", "benchmark"


def write(repository: Gitops, writer: int, durations: list[float]) -> None:
    path = repository.service_path("labs", f"bench-{writer}")
    for number in range(COMMITS_EACH):
        begun = time.perf_counter()
        edit = FileEdit(path, lambda text, n=number: edit_yaml(text or "", [Set(("replicaCount",), n)]))
        repository.commit(Change((edit,), f"scale: {number}", "dev"), key=f"bench-{writer}-{number}-{begun}")
        durations.append(time.perf_counter() - begun)


def threads(url: str, folder: str, writers: list[int]) -> list[float]:
    repository = Gitops(url, cache_dir=Path(folder), username=USER, token=PASSWORD)
    repository.fetch()
    durations: list[float] = []
    running = [threading.Thread(target=write, args=(repository, writer, durations)) for writer in writers]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return durations


def one_process(url: str, folder: str) -> list[float]:
    return threads(url, folder, list(range(8)))


def four_processes(url: str, folder: str) -> list[float]:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(abs, range(8))
        begun = [(url, folder, [number * 2, number * 2 + 1]) for number in range(4)]
        return [duration for found in pool.starmap(threads, begun) for duration in found]


def measured(name: str, url: str, folder: Path, run: Callable[[str, str], list[float]]) -> dict[str, float]:
    repository = Gitops(url, cache_dir=folder / "check", username=USER, token=PASSWORD)
    before = repository.fetch().sha
    begun = time.perf_counter()
    durations = sorted(run(url, str(folder / name.replace(" ", "-"))))
    took = time.perf_counter() - begun
    repository.fetch()
    landed = [commit.sha for commit in repository.history(limit=10_000)]
    return {
        f"{name}: commits/s": round(len(durations) / took, 1),
        f"{name}: commit p50 ms": round(durations[len(durations) // 2] * 1000),
        f"{name}: commit max ms": round(durations[-1] * 1000),
        f"{name}: lost": len(durations) - landed.index(before),
    }


def large_world(folder: Path) -> dict[str, float]:
    repo = pygit2.init_repository(str(folder / "large.git"), bare=True)
    files: Files = {}
    for number in range(SERVICES):
        tenant, service = f"tenant-{number % 200}", f"service-{number}"
        text = new_service_values(tenant=tenant, service=service, image=f"ghcr.io/acme/{service}", tag="1.0.0")
        files[f"platform-gitops/services/{tenant}/{service}/values.yaml"] = text.encode()
    who = signature("ada", clock.now())
    first = repo.create_commit(None, who, who, "all\n", write_tree(repo, files), [])
    files["platform-gitops/services/tenant-7/service-7/values.yaml"] += b"# changed\n"
    second = repo.create_commit(None, who, who, "one\n", write_tree(repo, files), [first])
    reader = Reader(lambda: repo, "platform-gitops")
    figures = {}
    for name, commit in (("first read", first), ("read after one change", second)):
        begun = time.perf_counter()
        world = reader.world(Revision(str(commit), clock.now()))
        figures[f"{SERVICES} services: {name} ms"] = round((time.perf_counter() - begun) * 1000, 1)
        assert len(world.services) == SERVICES
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        for repository in ("one.git", "four.git"):
            seed(folder / "git" / repository, "http://127.0.0.1/gitops.git")
        command = [sys.executable, "-m", "sandbox.git_server", "--bare", "--dir", str(folder / "git"), "--user", USER]
        server = subprocess.Popen(
            [*command, "--password-file", str(folder / "password")], stdout=subprocess.PIPE, text=True
        )
        try:
            assert server.stdout
            host = server.stdout.readline().split()[1].rpartition("/")[0]
            figures = measured("1 process x 8 writers", f"{host}/one.git", folder, one_process)
            figures |= measured("4 processes x 2 writers", f"{host}/four.git", folder, four_processes)
        finally:
            server.terminate()
            server.wait()
        print(json.dumps(figures | large_world(folder)))


if __name__ == "__main__":
    main()
