"""How far a rollout is: what runs, what is still starting, and which version serves meanwhile."""

from datetime import timedelta

from diagnosis.rules.facts.containers import containers_of
from diagnosis.rules.facts.objects import Obj, age, condition, created, dig, is_true, items, kind, number_at, text_at
from diagnosis.rules.facts.scope import JOBS, Scope
from diagnosis.rules.wording import count_of, listed

# A pod younger than this is still starting.
SLOW_START = timedelta(minutes=5)


def serving_old_pods(scope: Scope) -> list[Obj]:
    """Ready pods of a revision before the newest."""
    return [pod for pod in scope.old_pods if pod in scope.ready_pods]


def consequence(scope: Scope) -> str:
    """The end of a sentence: what follows for the service from containers that cannot stay up."""
    if scope.workload_kind in JOBS:
        return "so the job does not finish"
    old = serving_old_pods(scope)
    if old:
        return f"so the new version cannot start; {_old_version(scope, old)}"
    if scope.ready_pods:
        return f"so only {len(scope.ready_pods)} of {count_of(scope.desired, 'pod')} can serve"
    return "so the service cannot stay up"


def still_serving(scope: Scope) -> str:
    """A sentence of its own: what serves meanwhile. "" while pods of the newest version do."""
    old = serving_old_pods(scope)
    if old:
        said = _old_version(scope, old)
        return f"{said[0].upper()}{said[1:]}."
    return "" if scope.ready_pods else "Nothing of the service runs."


def _old_version(scope: Scope, old: list[Obj]) -> str:
    images = sorted({entry.image for pod in old for entry in containers_of(pod) if not entry.is_init})
    return f"the previous version ({listed(images)}) still serves with {count_of(len(old), 'ready pod')}"


def is_moving(scope: Scope) -> bool:
    """A rollout or scaling is under way: the workload says so, or its newest pods are young."""
    workload = scope.workload
    if workload is None or scope.is_complete or scope.is_stopped:
        return False
    if scope.workload_kind in JOBS:
        return False
    if number_at(workload, "metadata", "generation") > number_at(workload, "status", "observedGeneration") > 0:
        return True
    young = [pod for pod in scope.new_pods if (age(scope.now, created(pod)) or SLOW_START) < SLOW_START]
    return bool(young) or (
        text_at(condition(workload, "Progressing"), "reason") in {"ReplicaSetUpdated", "NewReplicaSetCreated"}
        and is_true(workload, "Progressing")
    )


def state_of_pods(scope: Scope) -> str:
    """ "2 of 2 pods ready on ghcr.io/acme/api:1.9.0"."""
    images = sorted({entry.image for pod in scope.new_pods for entry in containers_of(pod) if not entry.is_init})
    if scope.workload is not None and not scope.snapshot.readable("Pod"):
        counted = number_at(scope.workload, "status", "readyReplicas")
        return f"{counted} of {count_of(scope.desired, 'pod')} ready by the {kind(scope.workload)}'s own count"
    images = images or [text_at(entry, "image") for entry in items(scope.template, "spec", "containers")]
    ready = len(scope.ready_pods) if scope.all_pods else number_at(scope.workload, "status", "readyReplicas")
    return (
        f"{ready} of {count_of(scope.desired, 'pod')} ready on {listed(images)}"
        if dig(scope.workload, "metadata")
        else ""
    )
