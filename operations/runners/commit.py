"""The step that commits: any number of files in one commit, written with compare-and-swap."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from core.text import counted
from integrations.gitops import Change, CommitResult, FileEdit, gitops
from operations.registry import COMMIT_STEP, Done, StepContext


def commit_files(
    step: StepContext, edits: Sequence[FileEdit], *, subject: str, expected: Mapping[str, str] | None = None
) -> Done:
    """One commit of all edits, or none where git has them already. A step commits once.

    `expected` maps every path of the plan to the blob id that people saw ("" for an absent file). A file that differs,
    or that was added since to a folder that is deleted, raises PlanVoid. The operation's id and the step's name in the
    commit find it again after a crash.
    """
    trailers = {"Operation-Id": step.operation_id, "Requested-By": step.actor, "Requested-Via": step.door}
    if step.name != COMMIT_STEP:
        trailers["Operation-Step"] = step.name
    held = tuple(replace(edit, change=_held(step, edit)) for edit in edits)
    change = Change(held, subject, step.actor, trailers=trailers)
    result = gitops().commit(change, key=step.operation_id, expected=expected)
    paths = [edit.path for edit in edits]
    value = {"sha": result.sha, "changed": result.changed, "path": paths[0]}
    if len(paths) > 1:
        value["paths"] = paths
    if not result.changed:
        return Done("git has it already; nothing to commit", value)
    step.log(f"committed {result.sha[:7]}: {subject}")
    return Done(f"{result.sha[:7]} {_files_of(paths)}", {**value, "before": _commit_before(result, paths)})


def _held(step: StepContext, edit: FileEdit) -> Callable[[str | None], str | None]:
    def change(text: str | None) -> str | None:
        after = edit.change(text)
        # The push follows at once: a worker that lost the operation meanwhile must not push.
        step.keep_lease()
        return after

    return change


def _files_of(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else counted(len(paths), "file")


def _commit_before(result: CommitResult, paths: Sequence[str]) -> str:
    """The commit to return to; empty where there is none."""
    path = paths[0] if len(paths) == 1 else ""
    return next((one.sha for one in gitops().history(path, limit=1, before=result.sha)), "")
