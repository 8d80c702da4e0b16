"""Commits: one each, never lost, never twice, whoever writes at the same time and whatever breaks between."""

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import Invalid, PlanVoid, Problem
from integrations.errors import Contended, Missing, Refused, Unreachable
from integrations.gitops import Change, Commit, CommitResult, FileEdit, Gitops, Set
from tests.git_host import GitHost

Outsider = Callable[[str, str], str]
PATH = "platform-gitops/services/payments/ledger-api/values.yaml"


def tag_change(tag: str, path: str = PATH, **trailers: str) -> Change:
    edit = FileEdit.of_yaml(path, [Set(("image", "tag"), tag)])
    return Change((edit,), f"deploy: payments/ledger-api -> {tag}", "dev", trailers=trailers)


def newest(repository: Gitops) -> Commit:
    repository.fetch()
    return repository.history(limit=1)[0]


def hook(git_host: GitHost, url: str, name: str, script: str) -> None:
    file = git_host.bare(url) / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("#!/bin/sh\n" + script)
    file.chmod(0o755)


def wait_until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_change_becomes_one_commit_with_author_and_trailers(repository: Gitops) -> None:
    trailers = {"Requested-By": "dev", "Requested-Via": "web"}
    result = repository.commit(tag_change("2.8.2", **trailers), key="deploy-service-aaaaa")
    commit = newest(repository)
    assert (result.changed, result.sha) == (True, commit.sha)
    assert (commit.author, commit.subject) == ("dev", "deploy: payments/ledger-api -> 2.8.2")
    assert commit.trailers == {**trailers, "Operation-Id": "deploy-service-aaaaa"}
    assert [line for line in result.diff.splitlines() if line[:1] in "+-"][2:] == ["-  tag: 2.8.1", "+  tag: 2.8.2"]


def test_nothing_to_change_makes_no_commit(repository: Gitops) -> None:
    before = repository.fetch().sha
    assert repository.commit(tag_change("2.8.1"), key="k") == CommitResult(before, False, ())
    assert repository.fetch().sha == before


def test_the_same_operation_commits_once(repository: Gitops, connect: Callable[..., Gitops], git_url: str) -> None:
    first = repository.commit(tag_change("2.8.2"), key="deploy-service-aaaaa")
    again = connect(git_url, "after-a-crash").commit(tag_change("2.8.2"), key="deploy-service-aaaaa")
    assert (again.sha, again.changed) == (first.sha, True)
    assert len(repository.history(PATH, limit=2)) == 2
    assert newest(repository).sha == first.sha


def test_an_operation_found_again_is_not_planned_again(repository: Gitops) -> None:
    seen = repository.file_at(PATH).blob_id
    repository.commit(tag_change("2.8.2"), key="k1", expected={PATH: seen})
    repository.commit(tag_change("2.8.3"), key="k2")
    assert repository.commit(tag_change("2.8.2"), key="k1", expected={PATH: seen}).changed


def test_a_file_that_changed_since_the_plan_voids_it(repository: Gitops, outsider: Outsider) -> None:
    seen = repository.file_at(PATH).blob_id
    outsider(PATH, "image: {repository: a, tag: b}\n")
    with pytest.raises(PlanVoid) as refusal:
        repository.commit(tag_change("2.8.2"), key="k", expected={PATH: seen})
    assert refusal.value.facts["path"] == PATH


def test_nothing_to_change_is_said_of_the_remote_not_of_what_was_last_seen(
    repository: Gitops, outsider: Outsider
) -> None:
    repository.fetch()
    outsider(PATH, "image: {repository: a, tag: b}\n")
    assert repository.commit(tag_change("2.8.1"), key="k").changed
    outsider("platform-gitops/services/labs/new/values.yaml", "image: {tag: a}\n")
    assert repository.commit(tag_change("b", repository.service_path("labs", "new")), key="k2").changed


def test_a_push_by_somebody_else_in_between_is_kept(repository: Gitops, outsider: Outsider) -> None:
    seen = repository.file_at(PATH).blob_id
    theirs = outsider("platform-gitops/services/labs/playground/values.yaml", "image: {repository: a, tag: b}\n")
    ours = repository.commit(tag_change("2.8.2"), key="k", expected={PATH: seen})
    assert repository.contains(ours.sha, theirs)
    assert newest(repository).sha == ours.sha


def test_a_plan_shows_the_diff_and_writes_nothing(repository: Gitops) -> None:
    before = repository.fetch().sha
    (plan,) = repository.plan(tag_change("2.8.2").edits)
    assert (plan.base_revision, plan.changed) == (before, True)
    assert "+  tag: 2.8.2" in plan.diff
    assert repository.fetch().sha == before


def test_a_new_service_is_a_new_file_and_never_an_old_one(repository: Gitops) -> None:
    path = repository.service_path("labs", "echo")
    change = Change((FileEdit.create(path, "image:\n  tag: 1.0.0\n"),), "feat: onboard labs/echo", "oscar")
    repository.commit(change, key="k1")
    assert repository.file_at(path).text == "image:\n  tag: 1.0.0\n"
    with pytest.raises(Refused, match="is in git already"):
        repository.commit(change, key="k2")


def test_a_folder_can_be_deleted_with_all_its_files(repository: Gitops, outsider: Outsider) -> None:
    outsider("platform-gitops/services/labs/playground/catalog-info.yaml", "kind: Component\n")
    repository.fetch()
    change = Change(
        (FileEdit.delete(repository.service_folder("labs", "playground")),), "delete: labs/playground", "ada"
    )
    assert len(repository.commit(change, key="k").files) == 2
    assert "labs" not in {spec.tenant for spec in repository.read_world().services}


def test_several_files_change_together(repository: Gitops) -> None:
    other = repository.service_path("storefront", "cart")
    edits = (*tag_change("2.8.2").edits, *tag_change("2.5.0", other).edits)
    result = repository.commit(Change(edits, "two at once", "ada"), key="k")
    assert {file.path for file in result.files} == {PATH, other}
    assert repository.history(other, limit=1)[0].sha == repository.history(PATH, limit=1)[0].sha == result.sha


def test_a_refused_change_leaves_nothing_behind_and_others_pass(repository: Gitops) -> None:
    before = repository.fetch().sha
    with pytest.raises(Missing):
        repository.commit(tag_change("1", repository.service_path("labs", "absent")), key="k1")
    with pytest.raises(Invalid):
        repository.commit(tag_change("a\0b"), key="k2")
    assert repository.fetch().sha == before
    assert repository.commit(tag_change("2.8.2"), key="k3").changed


def test_nobody_forges_a_trailer_or_a_path(repository: Gitops) -> None:
    edit = FileEdit.of_yaml(PATH, [Set(("image", "tag"), "2.8.2")])
    subject, author = "x\n\nRequested-By: ada", "dev\nRequested-By: ada <a@b>"
    body = "Requested-By: ada\nOperation-Id: other"
    repository.commit(Change((edit,), subject, author, body, {"Requested-By": "dev\nX: y"}), key="k")
    commit = newest(repository)
    assert commit.trailers == {"Operation-Id": "k", "Requested-By": "dev X: y"}
    assert commit.subject == "x Requested-By: ada"
    with pytest.raises(Invalid):
        repository.commit(Change((FileEdit.create("../x", "y"),), "s", "a"), key="k2")


def test_eight_writers_at_once_lose_nothing(repository: Gitops, outsider: Outsider) -> None:
    def write(number: int) -> list[str]:
        path = repository.service_path("labs", f"writer-{number}")
        edits = [FileEdit(path, lambda text, n=n: (text or "") + f"k{n}: 1\n") for n in range(4)]
        return [
            repository.commit(Change((edit,), "w", "dev"), key=f"k-{number}-{n}").sha for n, edit in enumerate(edits)
        ]

    before = len(repository.history(limit=1000))
    with ThreadPoolExecutor(9) as pool:
        theirs = pool.submit(lambda: [outsider(f"by-hand-{n}", "x") for n in range(2)])
        shas = [sha for made in pool.map(write, range(8)) for sha in made]
        outside = theirs.result()
    repository.fetch()
    known = {commit.sha for commit in repository.history(limit=1000)}
    assert len(set(shas)) == 32
    assert known >= {*shas, *outside}
    assert len(known) == before + 34
    for number in range(8):
        assert repository.file_at(repository.service_path("labs", f"writer-{number}")).text.count("\n") == 4


def _write_elsewhere(url: str, folder: str, token: str, number: int, results: "multiprocessing.Queue[str]") -> None:
    repository = Gitops(url, cache_dir=Path(folder), username="mctl", token=token)
    path = repository.service_path("labs", "shared")
    for n in range(3):
        edit = FileEdit(path, lambda text, n=n: (text or "") + f"k{number}-{n}: 1\n")
        results.put(repository.commit(Change((edit,), "w", "dev"), key=f"k-{number}-{n}").sha)


def test_processes_that_share_a_clone_lose_nothing(repository: Gitops, git_url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    arguments = [(git_url, str(tmp_path / "shared"), "correct horse", number, results) for number in range(3)]
    writers = [context.Process(target=_write_elsewhere, args=each) for each in arguments]
    for writer in writers:
        writer.start()
    shas = {results.get(timeout=30) for _ in range(9)}
    for writer in writers:
        writer.join(timeout=30)
    repository.fetch()
    assert len(shas) == 9
    assert repository.file_at(repository.service_path("labs", "shared")).text.count("\n") == 9


def _commit_elsewhere(url: str, folder: str, token: str) -> None:
    Gitops(url, cache_dir=Path(folder), username="mctl", token=token).commit(
        tag_change("2.8.2"), key="deploy-service-a"
    )


def test_a_crash_after_the_push_and_before_the_answer_commits_once(
    git_host: GitHost, connect: Callable[..., Gitops], git_url: str, tmp_path: Path
) -> None:
    pushed, go_on = tmp_path / "pushed", tmp_path / "go-on"
    hook(git_host, git_url, "post-receive", f"touch {pushed}\nwhile [ ! -e {go_on} ]; do sleep 0.02; done\n")
    arguments = (git_url, str(tmp_path / "worker"), "correct horse")
    worker = multiprocessing.get_context("spawn").Process(target=_commit_elsewhere, args=arguments)
    worker.start()
    wait_until(pushed.exists)
    worker.kill()
    worker.join()
    go_on.touch()
    for machine in ("worker", "another"):
        assert connect(git_url, machine).commit(tag_change("2.8.2"), key="deploy-service-a").changed
    subjects = [commit.subject for commit in connect(git_url, "another").history(PATH)]
    assert subjects.count("deploy: payments/ledger-api -> 2.8.2") == 1


def test_an_answer_that_breaks_after_the_push_is_looked_up(git_host: GitHost, git_url: str, repository: Gitops) -> None:
    hook(git_host, git_url, "post-receive", "kill -9 $PPID\n")
    result = repository.commit(tag_change("2.8.2"), key="k")
    assert newest(repository).sha == result.sha
    assert repository.commit(tag_change("2.8.2"), key="k").sha == result.sha


def test_those_who_always_come_second_are_told_so(git_host: GitHost, git_url: str, repository: Gitops) -> None:
    somebody_faster = (
        "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n"
        "export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@x GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@x\n"
        "git update-ref refs/heads/main $(git commit-tree -p main -m faster 'main^{tree}')\n"
    )
    hook(git_host, git_url, "pre-receive", somebody_faster)
    with pytest.raises(Contended) as refusal:
        repository.commit(tag_change("2.8.2"), key="k")
    assert refusal.value.retryable
    assert newest(repository).subject == "faster"


def test_a_server_hook_that_refuses_is_not_tried_again(git_host: GitHost, git_url: str, repository: Gitops) -> None:
    hook(git_host, git_url, "pre-receive", "exit 1\n")
    with pytest.raises(Refused, match="refused the commit"):
        repository.commit(tag_change("2.8.2"), key="k")


def test_a_server_that_is_down_is_unreachable_and_reads_go_on(git_host: GitHost, repository: Gitops) -> None:
    known = repository.fetch()
    git_host.stop()
    try:
        with pytest.raises(Unreachable):
            repository.fetch()
        with pytest.raises(Unreachable):
            repository.commit(tag_change("2.8.2"), key="k")
        assert repository.head() == known
        assert len(repository.read_world().services) == 12
    finally:
        git_host.start()
    assert repository.commit(tag_change("2.8.2"), key="k").changed


@pytest.mark.parametrize("credentials", [{"token": "wrong"}, {"token": ""}, {"username": "nobody"}])
def test_wrong_credentials_are_refused_and_never_shown(
    connect: Callable[..., Gitops], git_url: str, credentials: dict[str, str]
) -> None:
    with pytest.raises(Refused, match="credentials") as refusal:
        connect(git_url, **credentials).fetch()
    assert "correct horse" not in str(refusal.value.as_dict())


def test_a_repository_or_branch_that_is_not_there_is_missing(connect: Callable[..., Gitops], git_url: str) -> None:
    with pytest.raises(Missing):
        connect(git_url.replace("world", "nowhere")).fetch()
    with pytest.raises(Missing, match="no branch dev"):
        connect(git_url, branch="dev").fetch()


@pytest.mark.parametrize("url", ["/tmp/x.git", "file:///tmp/x.git", "ftp://x/y"])
def test_a_plain_path_is_refused_because_it_loses_commits(connect: Callable[..., Gitops], url: str) -> None:
    with pytest.raises(Refused, match=r"http\(s\) or ssh"):
        connect(url)


def test_rewritten_history_is_followed(git_host: GitHost, git_url: str, repository: Gitops) -> None:
    import pygit2

    repository.commit(tag_change("2.8.2"), key="k1")
    bare = pygit2.Repository(str(git_host.bare(git_url)))
    older = bare.references["refs/heads/main"].peel(pygit2.Commit).parents[0].id
    bare.references["refs/heads/main"].set_target(older)
    assert repository.fetch().sha == str(older)
    assert repository.commit(tag_change("2.8.2"), key="k1").sha == repository.fetch().sha


def test_waiting_for_a_fetch_is_shared(repository: Gitops) -> None:
    found: list[str | Problem] = []
    threads = [threading.Thread(target=lambda: found.append(repository.fetch().sha)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
