"""An operation of any app may write, create and delete several files in one commit, planned and found again."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import PlanVoid
from integrations.errors import Missing
from integrations.gitops import FileEdit, Gitops
from operations.engine.lease import LeaseLost
from operations.registry import Done
from operations.runners.commit import commit_files
from operations.runners.planning import blobs_seen, hash_of, plan_of
from operations.runners.rendering import Rendering

NOBODY = ("-c", "user.name=ada", "-c", "user.email=ada@example.dev")
SUBJECT = "feat: three files at once"


class Step:
    """The part of a step's context that a commit uses."""

    operation_id, actor, door = "paint-service-x7k2p", "dev", "web"

    def __init__(self, name: str = "commit", *, is_lost: bool = False) -> None:
        self.name = name
        self.lines: list[str] = []
        self.is_lost = is_lost

    def keep_lease(self) -> None:
        if self.is_lost:
            raise LeaseLost("us")

    def log(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def edits(repository: Gitops) -> list[FileEdit]:
    changed = repository.service_path("payments", "webhook-relay")
    return [
        FileEdit(changed, lambda text: f"{text}# painted\n"),
        FileEdit.create("platform-gitops/paint/red.yaml", "colour: red\n"),
        FileEdit(repository.service_folder("payments", "ledger-api"), lambda text: None),
    ]


def commit(edits: list[FileEdit], step: Any = None, **options: Any) -> Done:
    return commit_files(step or Step(), edits, subject=SUBJECT, **options)


def test_one_commit_writes_creates_and_deletes(repository: Gitops, edits: list[FileEdit]) -> None:
    before = repository.head().sha
    done = commit(edits)
    assert repository.history(limit=1)[0].subject == SUBJECT
    assert done.says == f"{done.value['sha'][:7]} 3 files"
    assert done.value["before"] == before
    assert repository.file_at("platform-gitops/paint/red.yaml").text == "colour: red\n"
    assert repository.file_at(repository.service_path("payments", "webhook-relay")).text.endswith("# painted\n")
    with pytest.raises(Missing):
        repository.file_at(repository.service_path("payments", "ledger-api"))


def test_a_step_that_runs_again_finds_its_commit(repository: Gitops, edits: list[FileEdit]) -> None:
    assert commit(edits).value == commit(edits).value
    assert [one.subject for one in repository.history(limit=2)].count(SUBJECT) == 1


def test_each_step_of_one_operation_has_its_commit_and_finds_it_again(repository: Gitops) -> None:
    steps = ["commit", "balloon-removed", "kite-removed"]
    files = {name: [FileEdit(f"platform-gitops/paint/{name}.yaml", lambda text: "colour: red\n")] for name in steps}

    made = [commit(files[name], Step(name)).value["sha"] for name in steps]
    again = [commit(files[name], Step(name)).value["sha"] for name in reversed(steps)]

    assert again == [*reversed(made)]
    commits = repository.history(limit=3)
    assert [one.sha for one in commits] == again
    assert {one.operation for one in commits} == {Step.operation_id}
    assert [one.trailers.get("Operation-Step") for one in commits] == ["kite-removed", "balloon-removed", None]


def test_a_file_that_changed_since_the_plan_voids_it(repository: Gitops, edits: list[FileEdit]) -> None:
    before = repository.head().sha
    with pytest.raises(PlanVoid):
        commit(edits, expected={edits[0].path: "0" * 40})
    assert repository.fetch().sha == before


def test_a_file_that_was_added_to_a_deleted_folder_since_the_plan_voids_it(repository: Gitops) -> None:
    folder = repository.service_folder("payments", "ledger-api")
    deletion = FileEdit.delete(folder)
    seen = {file.path: file.blob_id for file in repository.plan([deletion])}
    commit([FileEdit.create(f"{folder}kept-by-hand.yaml", "colour: red\n")], Step("paint"))
    with pytest.raises(PlanVoid) as refusal:
        commit([deletion], expected=seen)
    assert refusal.value.facts["path"] == f"{folder}kept-by-hand.yaml"
    assert commit([deletion]).value["changed"]


def test_a_file_that_went_from_a_deleted_folder_since_the_plan_voids_it(repository: Gitops) -> None:
    folder = repository.service_folder("payments", "ledger-api")
    extra = f"{folder}notes.yaml"
    commit([FileEdit.create(extra, "a: 1\n")], Step("paint"))
    seen = {file.path: file.blob_id for file in repository.plan([FileEdit.delete(folder)])}
    commit([FileEdit.delete(extra)], Step("tidy"))
    with pytest.raises(PlanVoid) as refusal:
        commit([FileEdit.delete(folder)], expected=seen)
    assert refusal.value.facts["path"] == extra


def test_a_plan_that_leaves_no_file_to_change_says_so(repository: Gitops) -> None:
    files = repository.plan([FileEdit.delete("platform-gitops/services/payments/gone/")])
    plan = plan_of("retire-service", files, summary="Retire gone")
    assert (files, plan["changed"], plan["path"], plan["diff"]) == ([], False, "", "")


def test_a_folder_goes_whole_with_what_is_no_text_and_the_plan_says_so(
    repository: Gitops, outsider: Callable[..., str], tmp_path: Path
) -> None:
    folder = repository.service_folder("payments", "ledger-api")
    outsider(f"{folder}logo.png", b"\x89PNG\xff\x00")
    outsider(f"{folder}table.csv", b"x" * 3_000_000)
    work = tmp_path / "outsider"
    (work / folder / "link.yaml").symlink_to("values.yaml")
    for arguments in (["add", "-A"], ["commit", "-q", "-m", "A link by hand"], ["push", "-q"]):
        subprocess.run(["git", "-C", str(work), *NOBODY, *arguments], check=True)
    repository.fetch()
    deletion = FileEdit.delete(folder)

    plan = plan_of("retire-service", repository.plan([deletion]), summary="Retire")

    assert {file["path"].removeprefix(folder) for file in plan["files"]} == {
        "values.yaml",
        "logo.png",
        "table.csv",
        "link.yaml",
    }
    assert "-(not shown: It is not UTF-8 text.)" in plan["diff"]
    assert "-(not shown: It has 3,000,000 bytes" in plan["diff"]
    assert commit([deletion], expected=blobs_seen(plan)).value["changed"]
    with pytest.raises(Missing):
        repository.tree_files(folder.rstrip("/"))


def test_a_worker_that_lost_the_operation_pushes_nothing(repository: Gitops, edits: list[FileEdit]) -> None:
    before = repository.head().sha
    with pytest.raises(LeaseLost):
        commit(edits, Step(is_lost=True))
    assert repository.fetch().sha == before


def test_the_plan_holds_each_file_and_what_the_commit_expects(repository: Gitops, edits: list[FileEdit]) -> None:
    files = repository.plan(edits)
    plan = plan_of(
        "paint-service",
        files,
        Rendering([], [], []),
        plan_hash=hash_of("paint-service", files),
        summary="Paint",
        subject=SUBJECT,
    )
    assert [file["path"] for file in plan["files"]] == [file.path for file in files]
    assert (plan["changed"], plan["restarts"]) == (True, "Nothing restarts.")
    assert "# painted" in plan["diff"]
    assert "colour: red" in plan["diff"]
    assert commit(edits, expected=blobs_seen(plan)).value["changed"]


def test_another_text_of_any_file_is_another_plan(repository: Gitops, edits: list[FileEdit]) -> None:
    others = [edits[0], FileEdit.create("platform-gitops/paint/red.yaml", "colour: blue\n"), edits[2]]
    assert hash_of("paint-service", repository.plan(edits)) != hash_of("paint-service", repository.plan(others))
