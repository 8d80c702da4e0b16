"""Why a cause of the guide is ruled out, in one line from a field; or what was missing to tell."""

from dataclasses import dataclass

from diagnosis.rules.checks.admission import refusals
from diagnosis.rules.checks.domains import certificates
from diagnosis.rules.checks.storage import claims_of
from diagnosis.rules.facts.container_logs import log_of
from diagnosis.rules.facts.containers import Trouble, pod_node
from diagnosis.rules.facts.listeners import listeners
from diagnosis.rules.facts.objects import dig, is_true, name, text_at
from diagnosis.rules.facts.postgres import clusters, databases, is_down
from diagnosis.rules.facts.probe_failures import failures
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.sync_state import FAILING, sync_of
from diagnosis.rules.wording import count_of, listed

# One line of reason needs no look at every pod.
SAMPLE = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """`is_clear`: the cause is ruled out by what `reason` says. Else `reason` says what was missing."""

    is_clear: bool
    reason: str


def _unless_unread(scope: Scope, reason: str, *kinds: str) -> Answer:
    if scope.snapshot.readable(*kinds):
        return Answer(True, reason)
    return Answer(False, f"{listed(list(kinds))} could not be read.")


def _no_pods(scope: Scope) -> Answer | None:
    if not scope.snapshot.readable("Pod"):
        return Answer(False, "The pods could not be read.")
    return None if scope.pods else Answer(False, "There is no pod to look at.")


def images_pulled(scope: Scope) -> Answer:
    missing = _no_pods(scope)
    if missing:
        return missing
    pulled = [entry for entry in scope.containers if entry.status.get("imageID")]
    if len(pulled) == len(scope.containers) and pulled:
        return Answer(True, f"All {count_of(len(pulled), 'container')} have their image.")
    return Answer(True, "No container waits for an image.")


def pods_created(scope: Scope) -> Answer:
    if refusals(scope):
        return Answer(False, "The API server refuses pods for a reason that is not known.")
    return _unless_unread(
        scope,
        f"{len(scope.new_pods)} of {count_of(scope.desired, 'pod')} exist and nothing refuses more.",
        "Pod",
        "ReplicaSet",
        "Event",
    )


def pods_scheduled(scope: Scope) -> Answer:
    placed = [pod for pod in scope.pods if pod_node(pod)]
    return _no_pods(scope) or Answer(
        len(placed) == len(scope.pods), f"{len(placed)} of {count_of(len(scope.pods), 'pod')} have a node."
    )


def ports_free(scope: Scope) -> Answer:
    return _no_pods(scope) or Answer(True, "No event and no log line speaks of a port in use.")


def volumes_bound(scope: Scope) -> Answer:
    claims = claims_of(scope)
    if not claims:
        return _no_pods(scope) or Answer(True, "The pods mount no volume claim.")
    return _unless_unread(scope, f"{listed(list(claims))}: bound.", "PersistentVolumeClaim")


def nothing_crashes(scope: Scope) -> Answer:
    crashing = scope.in_trouble(Trouble.CRASHING)
    if crashing:
        return Answer(
            True, f"The last exit ({crashing[0].exit_reason or crashing[0].exit_code}) was not the program's own doing."
        )
    return _no_pods(scope) or Answer(
        True, f"{count_of(sum(entry.restarts for entry in scope.containers), 'restart')}, none of them now."
    )


def no_oom(scope: Scope) -> Answer:
    ended = [f"{entry.name}: {entry.exit_reason or 'none'}" for entry in scope.containers if entry.last_exit]
    return _no_pods(scope) or Answer(True, f"No container was OOMKilled of late ({listed(ended) or 'none has ended'}).")


def probes_pass(scope: Scope) -> Answer:
    missing = _no_pods(scope)
    if missing:
        return missing
    failing = [failure for entry in scope.containers[:SAMPLE] for failure in failures(scope, entry)]
    if failing:
        return Answer(
            True, f"The last failure of the {failing[0].probe} probe has passed, or the container was down then."
        )
    if not any(entry.running_since for entry in scope.containers):
        return Answer(False, "No container runs long enough to be probed.")
    return _unless_unread(scope, "No probe has failed.", "Event")


def ports_agree(scope: Scope) -> Answer:
    heard = sorted(
        {
            str(entry.port)
            for container in scope.containers[:SAMPLE]
            for entry in listeners(log_of(scope, container).lines)
        }
    )
    declared = sorted({str(entry.get("containerPort")) for container in scope.containers for entry in container.ports})
    if heard:
        said = f"The log says it listens on {listed(heard)}; configured is {listed(declared) or 'nothing'}."
        return Answer(not declared or bool(set(heard) & set(declared)), said)
    return Answer(
        False, f"The log does not say on which port the program listens; configured is {listed(declared) or 'nothing'}."
    )


def settings_there(scope: Scope) -> Answer:
    return _no_pods(scope) or Answer(
        True, "Every container got its Secrets and ConfigMaps, and no log names a missing variable."
    )


def nodes_well(scope: Scope) -> Answer:
    used = {pod_node(pod) for pod in scope.pods} - {""}
    nodes = [node for node in scope.snapshot.all("Node") if name(node) in used]
    if not nodes:
        return Answer(False, "The nodes were not read.")
    return Answer(all(is_true(node, "Ready") for node in nodes), f"{listed([name(node) for node in nodes])}: ready.")


def _no_application(scope: Scope) -> Answer:
    return Answer(False, "No Argo CD Application was found for it.")


def not_just_committed(scope: Scope) -> Answer:
    sync = sync_of(scope)
    if sync is None:
        return _no_application(scope)
    return Answer(
        True,
        f"Git is at {sync.wanted[:7]} and {sync.synced[:7] or 'nothing'} was synced; "
        f"the last operation is {sync.phase or 'none'}.",
    )


def sync_succeeded(scope: Scope) -> Answer:
    sync = sync_of(scope)
    if sync is None:
        return _no_application(scope)
    return Answer(sync.phase not in FAILING, f"The last sync: {sync.phase or 'none yet'}.")


def git_readable(scope: Scope) -> Answer:
    sync = sync_of(scope)
    if sync is None:
        return _no_application(scope)
    return Answer(
        not sync.conditions("ComparisonError"),
        f"Argo CD compared it with {text_at(sync.app, 'spec', 'source', 'repoURL') or 'git'} and reports no error.",
    )


def no_drift(scope: Scope) -> Answer:
    sync = sync_of(scope)
    if sync is None:
        return _no_application(scope)
    return Answer(True, "Nothing differs from the revision that was synced last, or the difference is a new commit.")


def database_applied(scope: Scope) -> Answer:
    found = databases(scope)
    if not found:
        return Answer(False, "No Database object was found for the service.")
    return Answer(
        all(dig(obj, "status", "applied") for obj in found), f"{listed([name(obj) for obj in found])}: applied."
    )


def cluster_up(scope: Scope) -> Answer:
    found = clusters(scope)
    if not found:
        return Answer(False, "It is not known which cluster the service uses.")
    return Answer(
        not any(is_down(scope, obj) for obj in found), f"{listed([name(obj) for obj in found])}: a primary answers."
    )


def no_database_errors(scope: Scope) -> Answer:
    logs = [log_of(scope, entry) for entry in scope.containers[:SAMPLE]]
    if not any(log.lines for log in logs):
        return Answer(False, "There is no log to look at.")
    return Answer(True, "The log names no database error.")


def challenges_pass(scope: Scope) -> Answer:
    return certificates_ready(scope)


def not_limited(scope: Scope) -> Answer:
    return (
        _unless_unread(scope, "No order speaks of a rate limit.", "Order")
        if certificates(scope)
        else Answer(True, "No certificate is asked for.")
    )


def certificates_ready(scope: Scope) -> Answer:
    found = certificates(scope)
    waiting = [name(obj) for obj in found if not is_true(obj, "Ready")]
    if waiting:
        return Answer(False, f"{listed(waiting)}: not ready, for a reason that is not known.")
    return Answer(True, f"{listed([name(obj) for obj in found])}: ready." if found else "No certificate is asked for.")
