"""Whatever happens to the local clone, the next call works: the clone is made again, once, and the log says why."""

import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pygit2
import pytest
from structlog.testing import capture_logs

from core.errors import Problem
from integrations.errors import Refused, Unreachable
from integrations.gitops import Change, FileEdit, Gitops
from integrations.gitops.store import MOST_LOOSE_OBJECTS
from tests.git_host import PASSWORD, USER, GitHost
from tests.integrations.gitops.test_writing import PATH, hook, tag_change

REFERENCE = "refs/remotes/origin/main"
Damage = Callable[[Path], None]


def folder_of(repository: Gitops) -> Path:
    """The folder of the clone that is in use."""
    (link,) = repository.cache_dir.glob("*.current")
    return link.resolve()


def rewritten(file: Path, content: bytes) -> None:
    """As another file of the same name, so that who has the old one open is not hit in the middle of it."""
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_name("fresh")
    fresh.write_bytes(content)
    fresh.replace(file)


def each_pack(change: Callable[[bytes], bytes], suffix: str = ".pack") -> Damage:
    def damage(folder: Path) -> None:
        for file in (folder / "objects" / "pack").glob(f"*{suffix}"):
            rewritten(file, change(file.read_bytes()))

    return damage


def each_object(change: Callable[[bytes], bytes]) -> Damage:
    """The files of the objects that our own commits made."""

    def damage(folder: Path) -> None:
        files = list((folder / "objects").glob("??/*"))
        assert files
        for file in files:
            rewritten(file, change(file.read_bytes()))

    return damage


def written(name: str, text: str) -> Damage:
    return lambda folder: rewritten(folder / name, text.encode())


DAMAGES: dict[str, Damage] = {
    "a stale lock of the branch": written(f"{REFERENCE}.lock", ""),
    "a stale lock of the push": written(f"refs/mctl/push-{os.getpid()}.lock", ""),
    "a stale lock of the history": written("shallow.lock", ""),
    "an empty reference": written(REFERENCE, ""),
    "a garbled reference": written(REFERENCE, "garbage\n"),
    "a reference to a reference": written(REFERENCE, "ref: refs/heads/none\n"),
    "a reference to nothing": written(REFERENCE, "1234567890" * 4 + "\n"),
    "a garbled packed-refs": written("packed-refs", "garbage\n"),
    "a garbled configuration": written("config", "[[["),
    "half a pack": each_pack(lambda content: content[: len(content) // 2]),
    "an empty pack": each_pack(lambda content: b""),
    "a garbled pack": each_pack(lambda content: content[:200] + os.urandom(len(content) - 200)),
    "half an index": each_pack(lambda content: content[: len(content) // 2], ".idx"),
    "half an object": each_object(lambda content: content[: len(content) // 2]),
    "an empty object": each_object(lambda content: b""),
    "a garbled object": each_object(lambda content: b"garbage" * 9),
    "no objects": lambda folder: shutil.rmtree(folder / "objects"),
    "no folder": shutil.rmtree,
}

USES: dict[str, Callable[[Gitops], object]] = {
    "fetch": lambda repository: repository.fetch().sha,
    "read the world": lambda repository: len(repository.read_world().services),
    "read a file": lambda repository: repository.file_at(PATH).text,
    "read a folder": lambda repository: repository.tree_files("platform-gitops")[0],
    "history": lambda repository: len(repository.history(PATH, limit=1_000)),
    "the last changes": lambda repository: repository.last_changes([PATH])[PATH].subject,
    "plan": lambda repository: [plan.changed for plan in repository.plan(tag_change("9.9.9").edits)],
    "commit": lambda repository: repository.commit(tag_change("9.9.9"), key="again").changed,
}


class Prepared:
    """A clone with a pack and with objects of a commit of its own, to be copied, and what each use answers on it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.connect(folder).commit(tag_change("2.8.2"), key="made")
        whole = self.copy("whole")
        self.answers = {name: use(whole) for name, use in USES.items() if name != "commit"} | {"commit": True}

    def connect(self, folder: Path) -> Gitops:
        return Gitops(self.url, cache_dir=folder, username=USER, token=PASSWORD)

    def copy(self, name: str) -> Gitops:
        shutil.copytree(self.folder, self.folder.with_name(name), symlinks=True)
        return self.connect(self.folder.with_name(name))


@pytest.fixture
def prepared(git_url: str, tmp_path: Path) -> Prepared:
    return Prepared(tmp_path / "prepared", git_url)


def heals(prepared: Prepared, damage: str, use: str, *, is_open: bool) -> None:
    """The use answers as on a whole clone, the next one finds nothing to mend, and no old folder is left."""
    repository = prepared.copy(f"{damage}, {use}, {is_open}")
    if is_open:
        repository.file_at("platform-gitops/helm-charts/base-service/Chart.yaml")
    DAMAGES[damage](folder_of(repository))
    with capture_logs() as logs:
        assert USES[use](repository) == prepared.answers[use]
        assert USES["read the world"](repository) == prepared.answers["read the world"]
    assert [entry["event"] for entry in logs] in ([], ["gitops_clone_replaced"])
    assert len(list(repository.cache_dir.glob("*.git"))) == 1
    assert repository.fetch().sha == prepared.connect(repository.cache_dir).head().sha


# A file that shrinks below an open map ends the process; packs are only written whole and never changed.
OPEN = [name for name in DAMAGES if "pack" not in name and "index" not in name]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_process_that_starts_on_a_damaged_clone_reads_and_commits(prepared: Prepared, damage: str) -> None:
    for use in ("read the world", "commit"):
        heals(prepared, damage, use, is_open=False)


@pytest.mark.parametrize("damage", ["a stale lock of the branch", "a garbled reference", "half an object", "no folder"])
def test_a_process_that_has_the_clone_open_reads_and_commits(prepared: Prepared, damage: str) -> None:
    for use in ("read the world", "commit"):
        heals(prepared, damage, use, is_open=True)


@pytest.mark.parametrize("use", USES)
def test_each_use_of_the_clone_heals_it(prepared: Prepared, use: str) -> None:
    heals(prepared, "a garbled pack", use, is_open=False)


@pytest.mark.faults
@pytest.mark.parametrize("damage", DAMAGES)
def test_each_use_heals_each_damage(prepared: Prepared, damage: str) -> None:
    for use in USES:
        for is_open in (False, True) if damage in OPEN else (False,):
            heals(prepared, damage, use, is_open=is_open)


def test_one_object_that_is_gone_is_not_taken_for_a_file_that_nobody_has(prepared: Prepared) -> None:
    repository = prepared.copy("gone")
    held = pygit2.Repository(str(folder_of(repository)))
    tree = held.references[REFERENCE].peel(pygit2.Commit).tree[str(Path(PATH).parent)]
    (folder_of(repository) / "objects" / str(tree.id)[:2] / str(tree.id)[2:]).unlink()
    assert repository.file_at(PATH).text == prepared.answers["read a file"]


def test_the_log_names_the_reason(prepared: Prepared) -> None:
    repository = prepared.copy("logged")
    DAMAGES["an empty reference"](folder_of(repository))
    with capture_logs() as logs:
        repository.read_world()
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("gitops_clone_replaced", "warning")]
    assert "corrupted loose reference file" in logs[0]["reason"]


def test_a_damaged_clone_of_a_server_that_is_down_says_so(git_host: GitHost, prepared: Prepared) -> None:
    repository = prepared.copy("down")
    DAMAGES["an empty reference"](folder_of(repository))
    git_host.stop()
    try:
        with pytest.raises(Unreachable, match="cannot fetch from the GitOps repository"):
            repository.read_world()
    finally:
        git_host.start()
    assert len(repository.read_world().services) == prepared.answers["read the world"]


def test_a_clone_that_many_have_open_is_made_again_once(prepared: Prepared) -> None:
    first = prepared.copy("shared")
    holders = [first, *(prepared.connect(first.cache_dir) for _ in range(5))]
    for holder in holders:
        holder.file_at("platform-gitops/helm-charts/base-service/Chart.yaml")
    DAMAGES["an empty reference"](folder_of(first))
    found: list[object] = []
    with capture_logs() as logs:
        threads = [
            threading.Thread(target=lambda held=held: found.append(len(held.read_world().services))) for held in holders
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [prepared.answers["read the world"]] * 6
    assert len(logs) == 1


def _commit_and_damage(url: str, folder: str, number: int, results: "multiprocessing.Queue[str]") -> None:
    """Commits three times, and damages the clone that it shares with the others before each."""
    repository = Gitops(url, cache_dir=Path(folder), username=USER, token=PASSWORD)
    path = repository.service_path("labs", f"writer-{number}")
    for n in range(3):
        rewritten(folder_of(repository) / REFERENCE, b"garbage")
        edit = FileEdit(path, lambda text, n=n: (text or "") + f"k{n}: 1\n")
        results.put(repository.commit(Change((edit,), "w", "dev"), key=f"k-{number}-{n}").sha)


def test_processes_that_share_a_clone_lose_no_commit_when_it_is_damaged(prepared: Prepared) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    folder = prepared.copy("shared").cache_dir
    arguments = [(prepared.url, str(folder), number, results) for number in range(2)]
    writers = [context.Process(target=_commit_and_damage, args=each) for each in arguments]
    for writer in writers:
        writer.start()
    shas = {results.get(timeout=60) for _ in range(6)}
    for writer in writers:
        writer.join(timeout=60)
    repository = prepared.connect(folder)
    repository.fetch()
    assert len(shas) == 6
    for number in range(2):
        assert repository.file_at(repository.service_path("labs", f"writer-{number}")).text.count("\n") == 3


def test_many_small_objects_become_one_pack(prepared: Prepared) -> None:
    repository = prepared.copy("packed")
    for number in range(MOST_LOOSE_OBJECTS // 5):
        repository.commit(tag_change(f"3.0.{number}"), key=f"k{number}")
    assert len(list((folder_of(repository) / "objects").glob("??/*"))) <= MOST_LOOSE_OBJECTS
    assert [commit.subject for commit in prepared.connect(repository.cache_dir).history(PATH, limit=2)] == [
        "deploy: payments/ledger-api -> 3.0.19",
        "deploy: payments/ledger-api -> 3.0.18",
    ]


def test_a_stale_lock_on_the_server_is_reported_as_that(git_host: GitHost, prepared: Prepared) -> None:
    repository = prepared.copy("locked")
    lock = git_host.bare(prepared.url) / "refs" / "heads" / "main.lock"
    lock.touch()
    with pytest.raises(Refused, match=r"holds a stale lock, refs/heads/main\.lock") as refusal:
        repository.commit(tag_change("2.8.3"), key="k")
    assert "delete that file" in refusal.value.remedy
    lock.unlink()
    assert repository.commit(tag_change("2.8.3"), key="k").changed


def test_a_lock_of_somebody_who_writes_on_the_server_is_waited_for(git_host: GitHost, prepared: Prepared) -> None:
    """The lock stands in the way of the first push and is gone before the second."""
    bare = git_host.bare(prepared.url)
    lock, seen = bare / "refs" / "heads" / "main.lock", bare / "seen"
    hook(git_host, prepared.url, "pre-receive", f"[ -e {seen} ] && rm -f {lock} || touch {seen} {lock}\n")
    assert prepared.copy("waits").commit(tag_change("2.8.3"), key="k").changed


def test_an_error_of_the_remote_does_not_cost_the_clone(git_host: GitHost, prepared: Prepared) -> None:
    repository = prepared.copy("kept")
    before = folder_of(repository)
    git_host.stop()
    try:
        with pytest.raises(Problem):
            repository.commit(tag_change("2.8.3"), key="k")
    finally:
        git_host.start()
    assert folder_of(repository) == before
