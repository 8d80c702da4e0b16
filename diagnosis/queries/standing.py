"""How the service stands while a container of it fails: does an older version serve, part of it, or nothing."""

from diagnosis.queries.containers import containers_of
from diagnosis.queries.objects import Obj, kind
from diagnosis.queries.scope import Scope
from diagnosis.queries.text import count_of, listed


def serving_old_pods(scope: Scope) -> list[Obj]:
    """Ready pods of a revision before the newest."""
    return [pod for pod in scope.old_pods if pod in scope.ready_pods]


def consequence(scope: Scope) -> str:
    """The end of a sentence: what follows for the service from containers that cannot stay up."""
    if kind(scope.workload or {}) in {"Job", "CronJob"}:
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
