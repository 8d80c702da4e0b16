"""The step that waits until Argo CD has synced the commit of its operation."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from core.credentials import mask_and_cut
from core.errors import Problem
from integrations.errors import IntegrationError, Missing, NotAllowed, OutcomeUnknown
from integrations.gitops import gitops
from integrations.kubernetes import Place, Right, cluster, kinds
from operations.registry import Done, StepContext, Wait

LONGEST_MESSAGE = 256
OWN_POLL = "waiting for Argo CD's own poll"
FOLLOWING = "following a deploy until it is healthy"
HURRYING = "asking Argo CD to look at a commit at once"
RIGHTS = (
    Right(kinds.APPLICATIONS, ("get",), FOLLOWING, place=Place.ARGOCD),
    Right(kinds.APPLICATIONS, ("patch",), HURRYING, place=Place.ARGOCD),
    Right(kinds.APPLICATION_SETS, ("patch",), HURRYING, place=Place.ARGOCD),
)


class NotHealthy(Problem):
    code = "not_healthy"
    status = 409


def sync_commit(step: StepContext, *, application: str, application_set: str) -> Done | Wait:
    """Waits until Argo CD reports a sync of the operation's commit or of one after it.

    `application_set` is the one that makes the Application; it is hurried along while there is none.
    """
    with commit_named(step):
        return look_for_the_sync(step, application, application_set)


@contextmanager
def commit_named(step: StepContext) -> Iterator[None]:
    """The commit stands whatever cannot be read after it, so a missing right is no failure of the change."""
    try:
        yield
    except NotAllowed as problem:
        sha = str(step.results["commit"]["sha"])[:7]
        facts = {key: value for key, value in problem.facts.items() if key not in {"system", "detail"}}
        raise OutcomeUnknown(
            problem.system,
            f"{sha} is in git; whether it arrives cannot be seen: {problem.sentence}",
            remedy=problem.remedy,
            detail=str(problem.facts.get("detail", "")),
            **facts,
        ) from problem


def look_for_the_sync(step: StepContext, application: str, application_set: str) -> Done | Wait:
    sha = step.results["commit"]["sha"]
    try:
        found = cluster().get("applications", application, settings.ARGOCD_NAMESPACE)
    except Missing:
        return Wait(settings.OPERATION_POLL_S, ask_for_the_application(step, application_set))
    status = found.get("status") or {}
    state, synced = status.get("operationState") or {}, (status.get("sync") or {})
    revision = synced_revision(synced)
    if synced.get("status") == "Synced" and revision and gitops().contains(revision, sha):
        return Done(f"synced {revision[:7]}", {"revision": revision})
    if state.get("phase") in {"Failed", "Error"} and gitops().contains(operation_revision(state), sha):
        raise sync_failure(state)
    if not (revision and gitops().contains(revision, sha)):
        return Wait(settings.OPERATION_POLL_S, ask_for_a_look(step, application))
    return Wait(settings.OPERATION_POLL_S, f"Argo CD is applying it: {state.get('message') or 'syncing'}")


def ask_for_a_look(step: StepContext, application: str) -> str:
    """Hurries Argo CD along, and says what is waited for. The commit is made, so a refusal only costs time."""
    try:
        cluster().refresh_application(application)
    except IntegrationError as problem:
        return own_poll(step, problem)
    return "Argo CD has been asked to look at this commit"


def ask_for_the_application(step: StepContext, application_set: str) -> str:
    """Hurries the ApplicationSet along; without one of that name Argo CD's own polling finds the new folder."""
    try:
        cluster().refresh_application_set(application_set)
    except Missing:
        step.log(f"there is no ApplicationSet {application_set}; {OWN_POLL}")
    except IntegrationError as problem:
        return f"Argo CD has not made the Application yet; {own_poll(step, problem)}"
    return "Argo CD has not made the Application yet"


def own_poll(step: StepContext, problem: IntegrationError) -> str:
    """The line of a step that could not hurry Argo CD along: what it waits for, why, and what would spare the wait."""
    step.log(f"{problem.sentence.rstrip('.')}; {OWN_POLL}")
    return f"{OWN_POLL}, minutes later than it could be: {problem.sentence} {problem.remedy}".rstrip()


def synced_revision(sync_status: dict[str, Any]) -> str:
    """The repository's revision; with several sources the one of the values, which stands in every source of ours."""
    return sync_status.get("revision") or next(iter(sync_status.get("revisions") or []), "")


def operation_revision(state: dict[str, Any]) -> str:
    return synced_revision(state.get("syncResult") or {})


def sync_failure(state: dict[str, Any]) -> Problem:
    return NotHealthy(
        f"Argo CD could not apply the commit: {mask_and_cut(state.get('message', ''), LONGEST_MESSAGE)}",
        remedy="Read which object it refuses, correct it and deploy again, or revert the commit.",
    )
