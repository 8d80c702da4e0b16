"""Run all checks over one snapshot and say the result: ranked findings, what was ruled out, one status sentence."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from typing import TypeVar

from core.diagnosis import Target
from diagnosis.choices import Severity, Verdict, cause_of
from diagnosis.rules.checks import CHECKS
from diagnosis.rules.checks.declared import declared_checks
from diagnosis.rules.checks.symptoms import observe
from diagnosis.rules.facts.objects import name
from diagnosis.rules.facts.rollout import state_of_pods
from diagnosis.rules.facts.scope import Scope, services_in
from diagnosis.rules.facts.snapshot import Snapshot
from diagnosis.rules.guide_walk import walk
from diagnosis.rules.report.findings import Checked, Diagnosis, Finding
from diagnosis.rules.report.ranking import ranked
from diagnosis.rules.wording import count_of, listed

log = logging.getLogger("diagnosis")
# The heading of checks that could not be made, beside the guide's symptoms.
BROKEN = "Could not be checked"


def diagnose_snapshot(snapshot: Snapshot, target: Target, now: datetime) -> Diagnosis:
    """The diagnosis of `target` as the snapshot shows it at `now`. Odd objects cost the answer of a check, no more."""
    scope = Scope(snapshot, target, now)
    broken: list[Checked] = []
    findings = [found for check in CHECKS for found in _guarded(check, scope, broken)]
    untold: list[Checked] = []
    findings += [found for check in declared_checks(target) for found in _guarded(check, scope, untold)]
    broken += untold
    top = ranked(findings, _guarded(observe, scope, broken))
    alarming = [entry for entry in top if entry.severity != Severity.NOTICE]
    # The checks of an app are all that tells how its own object is.
    healthy = not alarming and scope.target_object is not None and not scope.is_hidden and not untold
    checked = _guarded(partial(walk, top=top), scope, broken)
    unread = any(not source.ok for source in snapshot.sources)
    sentence = _sentence(scope, top, unread=unread, untold=untold)
    absent = scope.target_object is None and not unread
    return Diagnosis(target, healthy, sentence, tuple(top), (*checked, *broken), tuple(snapshot.sources), now, absent)


Answer = TypeVar("Answer", Finding, Checked)


def _guarded(check: Callable[[Scope], Iterator[Answer]], scope: Scope, broken: list[Checked]) -> list[Answer]:
    """All answers of a check; one that breaks on an odd object is recorded as "could not tell"."""
    try:
        return list(check(scope))
    except Exception as error:
        called = getattr(check, "__name__", "guide").removeprefix("check_").replace("_", " ")
        log.exception("diagnosis_check_failed", extra={"check": called, "target": str(scope.target)})
        reason = f"The check of {called} failed on these objects ({type(error).__name__})."
        broken.append(Checked(BROKEN, called, called.capitalize(), Verdict.COULD_NOT_TELL, reason))
        return []


def _sentence(scope: Scope, top: list[Finding], *, unread: bool, untold: list[Checked]) -> str:
    alarming = [entry for entry in top if entry.severity != Severity.NOTICE]
    if alarming:
        more = f" And {count_of(len(alarming) - 1, 'more cause')}." if len(alarming) > 1 else ""
        return f"{alarming[0].title}.{more}"
    if scope.target_object is None:
        what = f"{scope.target.kind} {scope.target.name} in {scope.target.namespace}"
        return f"{what} could not be read." if unread else f"There is no {what}. {_instead(scope)}".strip()
    if untold:
        return f"How {scope.target} is cannot be told. {untold[0].reason}"
    state = state_of_pods(scope)
    if scope.is_hidden:
        return f"How {scope.service} is cannot be told, since its pods could not be read: {state}."
    notices = [entry for entry in top if entry.cause != "none"]
    if notices and notices[0].cause in {"scaled-to-zero", "rollout-in-progress", "cronjob-suspended"}:
        return f"{notices[0].title}."
    said = f"Healthy: {state}." if state else "Healthy."
    return f"{said} {cause_of(notices[0].cause).title}: {notices[0].title}." if notices else said


def _instead(scope: Scope) -> str:
    """Names that were perhaps meant: of the namespace's objects, or of the namespaces where that is empty."""
    target, snapshot = scope.target, scope.snapshot
    known = (
        services_in(scope) if target.kind == "Deployment" else [*map(name, snapshot.all(target.kind, scope.namespace))]
    )
    if known:
        near = get_close_matches(target.name, known, n=3, cutoff=0.5)
        return f"Did you mean {' or '.join(near)}?" if near else f"The namespace has {listed(sorted(known), 8)}."
    near = get_close_matches(scope.namespace, [name(obj) for obj in snapshot.all("Namespace")], n=3, cutoff=0.5)
    near = [other for other in near if other != scope.namespace]
    return f"Did you mean the tenant {' or '.join(near)}?" if near else ""
