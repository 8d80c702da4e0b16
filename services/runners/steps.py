"""The steps of a change to a service. Each may be run again after a worker died: it looks before it acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from core.errors import Problem
from core.resource_names import application_name, workload_name
from core.text import counted, cut, of_counted
from integrations.errors import IntegrationError, Missing, NotAllowed, OutcomeUnknown
from integrations.gitops import gitops
from integrations.kubernetes import Place, Right, cluster, kinds, label_selector
from operations.registry import Done, StepContext, StepDefinition, Wait, diagnosis_of
from services.runners.changes import subject
from services.runners.checks import refuse_limits_below_requests
from services.runners.effects import refuse_without_effect
from services.runners.hosts import claim_hosts
from services.runners.parameters import ServiceParameters
from services.runners.plan import change_of, file_change, quota_fit, rendered
from services.runners.targets import target, with_target

# A confirmed cause this long after the sync will not mend itself; a pull or a first crash may.
PATIENCE_WITH_A_CONFIRMED_CAUSE_S = 20
LONGEST_MESSAGE = 256
REVISION = "deployment.kubernetes.io/revision"
OWN_POLL = "waiting for Argo CD's own poll"
FOLLOWING = "following a deploy until it is healthy"
HURRYING = "asking Argo CD to look at a commit at once"
RIGHTS = (
    Right(kinds.APPLICATIONS, ("get",), FOLLOWING, place=Place.ARGOCD),
    Right(kinds.APPLICATIONS, ("patch",), HURRYING, place=Place.ARGOCD),
    Right(kinds.APPLICATION_SETS, ("patch",), HURRYING, place=Place.ARGOCD),
    Right(kinds.DEPLOYMENTS, ("get",), FOLLOWING),
    Right(kinds.REPLICA_SETS, ("list",), FOLLOWING),
)


class NotHealthy(Problem):
    code = "not_healthy"
    status = 409


def steps_of(parameters: ServiceParameters) -> tuple[StepDefinition, ...]:
    return (
        StepDefinition("check", "Check the request", check),
        StepDefinition("commit", "Commit to git", commit),
        StepDefinition("sync", "Argo CD syncs this commit", sync),
        StepDefinition("healthy", "Wait until healthy", healthy),
    )


def check(step: StepContext) -> Done:
    """Git, chart and quota once more, just before the commit: the world may have changed since the plan. What a
    rollback returns to is settled here, once."""
    gitops().fetch()
    aim = dict(step.plan.get("target") or target(step.parameters))
    parameters = with_target(step.parameters, aim)
    path, before, after, _ = file_change(parameters)
    claim_hosts(step, before, after)
    old, new, warnings = rendered(parameters, before, after)
    refuse_limits_below_requests(parameters, new)
    refuse_without_effect(parameters, new)
    tight = [row for row in quota_fit(step.tenant, old, new) if not row["fits"]]
    for row in tight:
        step.log(f"quota {row['resource']}: {row['peak']} needed at the peak of {row['hard']}")
    for warning in warnings:
        step.log(warning)
    value = {"target": aim}
    if tight:
        row = tight[0]
        return Done(f"the quota is tight: {row['resource']} would reach {row['peak']} of {row['hard']}", value)
    return Done(f"{path}: the chart renders {counted(len(new), 'object')}" if new else path, value)


def commit(step: StepContext) -> Done:
    """Commits with compare-and-swap. The operation's id in the commit finds it again after a crash."""
    parameters = with_target(step.parameters, step.results["check"].get("target") or {})
    path = gitops().service_path(step.tenant, step.service)
    changed = change_of(parameters)

    def change(text: str | None) -> str:
        after = changed(text)
        # Again: this text may be newer than the one that was checked.
        claim_hosts(step, text, after)
        # The push follows at once: a worker that was held up until the operation was given up may not push any more.
        step.keep_lease()
        return after

    trailers = {"Operation-Id": step.operation_id, "Requested-By": step.actor, "Requested-Via": step.door}
    result = gitops().commit_file(
        path=path,
        change=change,
        message=subject(parameters),
        trailers=trailers,
        author=step.actor,
        expected_blob=step.plan.get("blob"),
        key=step.operation_id,
    )
    value = {"sha": result.sha, "changed": result.changed, "path": path}
    if not result.changed:
        return Done("git has it already; nothing to commit", value)
    step.log(f"committed {result.sha[:7]}: {subject(parameters)}")
    before = next((one.sha for one in gitops().history(path, limit=1, before=result.sha)), "")
    return Done(f"{result.sha[:7]} {path}", {**value, "before": before})


def sync(step: StepContext) -> Done | Wait:
    """Waits until Argo CD reports a sync of our commit or of one after it."""
    with what_is_in_git_said(step):
        return look_for_the_sync(step)


@contextmanager
def what_is_in_git_said(step: StepContext) -> Iterator[None]:
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


def look_for_the_sync(step: StepContext) -> Done | Wait:
    name = application_name(step.tenant, step.service)
    sha = step.results["commit"]["sha"]
    try:
        application = cluster().get("applications", name, settings.ARGOCD_NAMESPACE)
    except Missing:
        return Wait(settings.OPERATION_POLL_S, ask_for_the_application(step))
    status = application.get("status") or {}
    state, synced = status.get("operationState") or {}, (status.get("sync") or {})
    revision = synced_revision(synced)
    if synced.get("status") == "Synced" and revision and gitops().contains(revision, sha):
        return Done(f"synced {revision[:7]}", {"revision": revision})
    if state.get("phase") in {"Failed", "Error"} and gitops().contains(operation_revision(state), sha):
        raise sync_failure(state)
    if not (revision and gitops().contains(revision, sha)):
        return Wait(settings.OPERATION_POLL_S, ask_for_a_look(step, name))
    return Wait(settings.OPERATION_POLL_S, f"Argo CD is applying it: {state.get('message') or 'syncing'}")


def ask_for_a_look(step: StepContext, application: str) -> str:
    """Hurries Argo CD along, and says what is waited for. The commit is made, so a refusal only costs time."""
    try:
        cluster().refresh_application(application)
    except IntegrationError as problem:
        return own_poll(step, problem)
    return "Argo CD has been asked to look at this commit"


def ask_for_the_application(step: StepContext) -> str:
    """Hurries the ApplicationSet along; without one of that name Argo CD's own polling finds the new folder."""
    try:
        cluster().refresh_application_set(settings.ARGOCD_APPLICATION_SET)
    except Missing:
        step.log(f"there is no ApplicationSet {settings.ARGOCD_APPLICATION_SET}; {OWN_POLL}")
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
        f"Argo CD could not apply the commit: {cut(state.get('message', ''), LONGEST_MESSAGE)}",
        remedy="Read which object it refuses, correct it and deploy again, or revert the commit.",
    )


def healthy(step: StepContext) -> Done | Wait:
    """Waits until the workload runs what was committed. Ends early, with the diagnosis, when a cause is certain."""
    with what_is_in_git_said(step):
        return look_for_the_rollout(step)


def look_for_the_rollout(step: StepContext) -> Done | Wait:
    name = workload_name(step.tenant, step.service)
    try:
        deployment = cluster().get("deployments", name, step.tenant)
    except Missing:
        return Wait(settings.OPERATION_POLL_S, "the Deployment does not exist yet")
    wanted = deployment["spec"].get("replicas", 1)
    if not is_current(deployment):
        return Wait(settings.OPERATION_POLL_S, "the rollout has not begun yet")
    if is_rolled_out(deployment, wanted):
        ready = (deployment.get("status") or {}).get("availableReplicas", 0)
        return Done(f"{of_counted(ready, wanted, 'pod')} ready" if wanted else "scaled to 0", {"replicas": wanted})
    selector = label_selector(deployment["spec"]["selector"].get("matchLabels") or {})
    newest = newest_replica_set(
        deployment, cluster().list("replicasets", namespace=step.tenant, label_selector=selector)
    )
    said = f"{of_counted(ready_pods(newest), wanted, 'pod')} ready in this version"
    cause = cause_in_the_way(step, newest["metadata"]["name"] if newest else "")
    if cause and step.waited_s >= PATIENCE_WITH_A_CONFIRMED_CAUSE_S:
        raise NotHealthy(
            f"{cause['title']}: {cause['detail']}" if cause.get("detail") else str(cause["title"]),
            remedy="See the finding below for what to do; git keeps this commit until another one replaces it.",
            cause=cause["cause"],
        )
    return Wait(settings.OPERATION_POLL_S, f"{said}; {cause['title']}" if cause else said)


def is_current(deployment: dict[str, Any]) -> bool:
    """Whether its controller has seen the newest spec: until then the newest ReplicaSet is the one before."""
    seen = (deployment.get("status") or {}).get("observedGeneration", 0)
    return bool(seen >= deployment["metadata"].get("generation", 0))


def is_rolled_out(deployment: dict[str, Any], wanted: int) -> bool:
    """All pods are of this version and answer, and none of another is left."""
    status = deployment.get("status") or {}
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    return bool(updated >= wanted and available >= wanted and status.get("replicas", 0) == wanted)


def newest_replica_set(deployment: dict[str, Any], replica_sets: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The ReplicaSet that runs what the Deployment asks for now; None before there is one."""
    uid = deployment["metadata"].get("uid")
    owned = [
        item
        for item in replica_sets
        if any(owner.get("uid") == uid for owner in item["metadata"].get("ownerReferences") or [])
    ]
    return max(owned, key=revision_of, default=None)


def ready_pods(replica_set: dict[str, Any] | None) -> int:
    """Of this ReplicaSet alone: those of the version before answer too while it is replaced."""
    return int(((replica_set or {}).get("status") or {}).get("readyReplicas", 0))


def revision_of(replica_set: dict[str, Any]) -> int:
    return int((replica_set["metadata"].get("annotations") or {}).get(REVISION, 0))


def cause_in_the_way(step: StepContext, replica_set: str) -> dict[str, Any] | None:
    """A confirmed cause that keeps the new pods from running. What ails the old ones, or only the Ingress, does not
    end a deploy that is about to mend it."""
    try:
        findings = diagnosis_of(step.tenant, step.service).get("findings", [])
    except Problem as problem:
        step.log(f"no diagnosis now: {problem.sentence}")
        return None
    confirmed = [item for item in findings if item["verdict"] == "confirmed" and item["severity"] == "problem"]
    return next((item for item in confirmed if replica_set and is_about(item, replica_set)), None)


def is_about(finding: dict[str, Any], replica_set: str) -> bool:
    objects = [evidence.get("object") or {} for evidence in finding.get("evidence", [])]
    return any(
        (item.get("kind") == "ReplicaSet" and item.get("name") == replica_set)
        or (item.get("kind") == "Pod" and str(item.get("name")).startswith(f"{replica_set}-"))
        for item in objects
    )
