"""A runbook goes with its service."""

from collections.abc import Sequence

from integrations.gitops import FileEdit
from operations.belongings import Belonging, Item
from operations.registry import Done, StepContext, StepDefinition, Target
from operations.runners.commit import commit_files
from tests.joining.runbooks.queries import runbook_in_git, runbook_path


def runbooks(target: Target) -> Sequence[Item]:
    if not target.service or (text := runbook_in_git(target.tenant, target.service)) is None:
        return ()
    return (Item("runbook", text.partition("\n")[0]),)


def removal(target: Target, keep: bool) -> Sequence[StepDefinition] | None:
    def remove(step: StepContext) -> Done:
        gone = FileEdit.delete(runbook_path(target.tenant, target.service))
        return commit_files(step, [gone], subject=f"Remove the runbook of {target}")

    if not target.service:
        return ()
    return None if keep else (StepDefinition("runbook-removed", "Remove the runbook", remove),)


RUNBOOK = Belonging("runbook", runbooks, removal, lambda target: not runbooks(target))
