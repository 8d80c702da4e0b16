"""The checks that apps declare for their own targets, as checks like all others."""

from collections.abc import Callable, Iterator

from core.diagnosis import Check as DeclaredCheck
from core.diagnosis import Fact, Target, Trouble
from diagnosis.registry import checks_of
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding, quoted


def declared_checks(target: Target) -> list[Callable[[Scope], Iterator[Finding]]]:
    return [_as_check(check) for check in checks_of(target)]


def _as_check(check: DeclaredCheck) -> Callable[[Scope], Iterator[Finding]]:
    def run(scope: Scope) -> Iterator[Finding]:
        for trouble in check(scope.snapshot, scope.target, scope.now):
            yield _finding(trouble)

    # The line about a check that breaks names the app's own function.
    run.__name__ = getattr(check, "__name__", type(check).__name__)
    return run


def _finding(trouble: Trouble) -> Finding:
    evidence = [_evidence(fact) for fact in trouble.facts]
    offers = [remedies.offer(one.label, one.operation, one.parameters) for one in trouble.advice]
    return finding(trouble.cause, trouble.title, trouble.detail, evidence, offers, key=trouble.key)


def _evidence(fact: Fact) -> Evidence:
    if fact.is_foreign:
        return quoted(fact.about, fact.field, str(fact.value), fact.says)
    return field_fact(fact.about, fact.field, fact.value, fact.says)
