"""Child operations: a step starts them, waits for their end, and they run under the hold of their parent.

A child's target is its parent's or lies within it, so strangers are kept out by the parent. A child whose parent has
ended holds its target by itself until its own end.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F

from core.actor import Actor, Door
from core.clock import now
from core.errors import Problem, Unavailable
from core.text import counted
from integrations.errors import Contended, Unreachable
from operations.choices import OPEN_STATES, OperationState
from operations.engine.admission import Request, audit_refusals, judge, parse_request
from operations.engine.lease import lease_is_free, write_held
from operations.engine.queue import time_allowed
from operations.engine.recording import busy, status_url, under_lock, write_operation
from operations.engine.wake import announce_operation, send, wake
from operations.models import Operation, OperationQuerySet
from operations.registry import Done, Target, Wait, actor_for

# A child's end wakes its parent. This bounds the harm where the clocks of two hosts differ too much for that.
LOOK_AGAIN_S = 60.0


def start_child(parent: Operation, step: str, owner: str, name: str, parameters: Mapping[str, Any]) -> Operation:
    """The child that this step started before, or a new one, admitted like any start, with the roles of now.

    Raises LeaseLost, what `parse_request` and `judge` raise, and Busy where a relative that is not an ancestor is at
    work on the target.
    """
    actor = actor_for(parent.actor, door=Door(parent.door), client=parent.client)
    try:
        with audit_refusals(actor, name, retried=(Unavailable, Unreachable, Contended)) as attempt:
            request = parse_request(name, parameters, attempt)
            if started := find_started(parent, step, request):
                return started
            if not Target(parent.tenant, parent.service).contains(request.target):
                raise ValueError(f"{name} on {request.target} is not within {parent.target}, the target of its parent.")
            judge(actor, request, writes=True)
            return under_lock(lambda: write_child(actor, request, parent, step, owner))
    except Unavailable as problem:
        # A step that cannot be judged now is tried again; a start at a door is refused.
        raise Unreachable("mctl", problem.sentence, remedy=problem.remedy) from problem


def find_started(parent: Operation, step: str, request: Request) -> Operation | None:
    return parent.children.filter(parent_step=step, name=request.definition.name, target=str(request.target)).first()


def write_child(actor: Actor, request: Request, parent: Operation, step: str, owner: str) -> Operation:
    """The caller holds the chain, so a worker that has lost the lease of the parent finds out here."""
    write_held(parent.pk, owner, heartbeat_at=now())
    if started := find_started(parent, step, request):
        return started
    if relative := first_relative(parent, request.target):
        raise busy(relative)
    child = write_operation(actor, request, plan={}, parent=parent, parent_step=step)
    move_deadlines(child)
    announce_operation(parent)
    return child


def first_relative(parent: Operation, target: Target) -> Operation | None:
    """What holds the target beside the ancestors: a sibling, or a child of one. Those that queue wait for us."""
    family = [parent.pk, *(ancestor.pk for ancestor in ancestors(parent))]
    found = Operation.objects.holding().overlapping(target.tenant, target.service)
    return found.exclude(pk__in=family).order_by("pk").first()


def ancestors(operation: Operation) -> Iterator[Operation]:
    while operation.parent is not None:
        operation = operation.parent
        yield operation


def move_deadlines(child: Operation) -> None:
    """Each ancestor has, after the latest end of the one below it, the time that any operation has.

    What queues in the tenant waits longer by as much.
    """
    latest, moved = child.deadline_at, timedelta()
    for ancestor in ancestors(child):
        latest += time_allowed()
        # The one in memory may be older than its row, which changes only under the chain.
        ancestor.refresh_from_db(fields=["deadline_at"])
        if ancestor.deadline_at < latest:
            moved = max(moved, latest - ancestor.deadline_at)
            ancestor.deadline_at = latest
            ancestor.save(update_fields=["deadline_at"])
    queue = Operation.objects.open().filter(tenant=child.tenant, queued_behind__isnull=False)
    queue.update(deadline_at=F("deadline_at") + moved)


def outcome_of(children: OperationQuerySet) -> Done | Wait:
    """Done once all of them have succeeded. Raises the problem of the first that ended otherwise, after the last end.

    The value is `{"children": {id: its state}}`.
    """
    states = dict(children.order_by("pk").values_list("public_id", "state"))
    number = counted(len(states), "operation")
    still_open = [public_id for public_id, state in states.items() if state in OPEN_STATES]
    if still_open:
        done = len(states) - len(still_open)
        return Wait(LOOK_AGAIN_S, f"{done} of {number} done, waiting for {still_open[0]}")
    if ended_badly := children.exclude(state=OperationState.SUCCEEDED).order_by("pk").first():
        raise problem_of(ended_badly)
    return Done(f"{number} done", {"children": states})


def problem_of(child: Operation) -> Problem:
    """The child's own problem, with its id. Its remedies are offered on its own page, for its own target."""
    told = child.problem or {"sentence": child.reason}
    facts = {name: fact for name, fact in told.get("facts", {}).items() if name != "remedies"}
    return Problem(
        f"{child.public_id} {child.state}: {told['sentence']}",
        remedy=told.get("remedy", ""),
        code=told.get("code", ""),
        **{**facts, "operation": child.public_id, "status_url": status_url(child)},
    )


def cancel_children(parent: Operation) -> list[Operation]:
    """Asks the open children to end, each once, and returns them."""
    still_open = list(parent.children.open().order_by("pk"))
    for child in still_open:
        unasked = Operation.objects.open().filter(pk=child.pk, cancel_requested_at__isnull=True)
        if unasked.update(cancel_requested_at=now(), cancel_requested_by=parent.public_id):
            announce_operation(child)
            transaction.on_commit(partial(wake, child.pk))
    return still_open


def tell_parent(parent_id: int) -> None:
    """Has the parent look again, in the transaction of the child's end: a lost message only delays it.

    A run of the parent that is under way may have looked just before, so it is marked as a poke marks it.
    """
    moment = now()
    parent = Operation.objects.filter(pk=parent_id, state=OperationState.RUNNING)
    if not parent.update(poked_at=moment):
        return
    if parent.filter(lease_is_free(moment), wake_at__gt=moment).update(wake_at=moment):
        transaction.on_commit(partial(send, parent_id))
