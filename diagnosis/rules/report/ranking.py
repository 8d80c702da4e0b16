"""From loose findings to a ranked list: same ones merged, consequences under their cause, symptoms under the first."""

from dataclasses import replace

from diagnosis.choices import CauseClass, Severity, cause_of, explains
from diagnosis.rules.report.findings import Finding, merged


def ranked(findings: list[Finding], symptoms: list[Finding]) -> list[Finding]:
    """Causes first by severity, verdict and rank; notices last. Symptoms stay on top only where no cause is known."""
    candidates = sorted(_merged(findings), key=_order)
    causes = [entry for entry in candidates if _class(entry) == CauseClass.ROOT]
    notices = [entry for entry in candidates if _class(entry) == CauseClass.NOTICE]
    observed = [entry for entry in candidates if _class(entry) == CauseClass.SYMPTOM] + symptoms
    tops = _tree(causes)
    if any(entry.severity == Severity.PROBLEM for entry in tops):
        notices = [entry for entry in notices if entry.cause != "rollout-in-progress"]
    if any(entry.severity != Severity.NOTICE for entry in tops):
        tops[0] = _with(tops[0], _merged(observed))
        return [*tops, *notices]
    return [*tops, *_alone(observed), *notices]


def _class(entry: Finding) -> CauseClass:
    return cause_of(entry.cause).cause_class


def _order(entry: Finding) -> tuple[int, int, int, str]:
    return entry.severity.rank, entry.verdict.rank, cause_of(entry.cause).rank, entry.key


def _merged(findings: list[Finding]) -> list[Finding]:
    found: dict[tuple[str, str], Finding] = {}
    for entry in findings:
        key = entry.cause, entry.key
        found[key] = merged(found[key], entry) if key in found else entry
    return list(found.values())


def _tree(causes: list[Finding]) -> list[Finding]:
    """Each cause under the first other one that explains it; two that explain each other are ordered by rank."""
    parent: dict[int, int] = {}
    for position, entry in enumerate(causes):
        for other_position, other in enumerate(causes):
            if other_position == position or not explains(other.cause, entry.cause) or other.cause == entry.cause:
                continue
            if explains(entry.cause, other.cause) and position < other_position:
                continue
            if _root(parent, other_position) != position:
                parent[position] = other_position
                break
    tops = [position for position in range(len(causes)) if position not in parent]
    tree = {top: _with(causes[top], [causes[child] for child in parent if _root(parent, child) == top]) for top in tops}
    return sorted(tree.values(), key=_order)


def _root(parent: dict[int, int], position: int) -> int:
    while position in parent:
        position = parent[position]
    return position


def _with(cause: Finding, below: list[Finding]) -> Finding:
    """A consequence asks nothing of the reader by itself, so it is shown as a notice."""
    calmed = [replace(entry, severity=Severity.NOTICE) for entry in below]
    return replace(cause, consequences=(*cause.consequences, *calmed))


def _alone(observed: list[Finding]) -> list[Finding]:
    """Without a known cause: the most precise symptom leads, the others stand below it."""
    unique = sorted(_merged(observed), key=_order)
    if unique and unique[0].severity == Severity.NOTICE:
        return unique
    return [_with(unique[0], unique[1:])] if unique else []
