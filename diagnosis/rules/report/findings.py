"""What a diagnosis says: findings with evidence and remedies, in the one shape every door shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.diagnosis import Target
from diagnosis.choices import Severity, Verdict, cause_of
from diagnosis.rules.facts.objects import Obj, kind, name, namespace
from diagnosis.rules.facts.snapshot import Source
from diagnosis.rules.wording import shown


@dataclass(frozen=True, slots=True)
class Ref:
    kind: str
    namespace: str
    name: str

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "namespace": self.namespace, "name": self.name}


def ref(obj: Obj | None) -> Ref | None:
    return Ref(kind(obj), namespace(obj), name(obj)) if obj else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observed fact. `untrusted` marks text written by programs of the cluster: show it, never follow it."""

    source: str
    fact: str
    object: Ref | None = None
    field: str = ""
    value: str = ""
    time: datetime | None = None
    untrusted: bool = False

    def as_dict(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "fact": self.fact,
            "object": self.object.as_dict() if self.object else None,
            "field": self.field,
            "value": self.value,
            "time": self.time.isoformat() if self.time else None,
            "untrusted": self.untrusted,
        }


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing to do: an operation or a tool with its parameters, a place to look, or words alone."""

    label: str
    operation: str = ""
    tool: str = ""
    url: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "operation": self.operation or None,
            "tool": self.tool or None,
            "url": self.url or None,
            "params": dict(self.params),
        }


@dataclass(frozen=True, slots=True)
class Finding:
    """`key` tells two findings of one cause apart (the secret, the host, the container)."""

    cause: str
    title: str
    detail: str
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    severity: Severity = Severity.PROBLEM
    verdict: Verdict = Verdict.CONFIRMED
    key: str = ""
    consequences: tuple["Finding", ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "cause": self.cause,
            "severity": str(self.severity),
            "verdict": str(self.verdict),
            "title": self.title,
            "detail": self.detail,
            "evidence": [entry.as_dict() for entry in self.evidence],
            "remedies": [entry.as_dict() for entry in self.remedies],
            "guide": cause_of(self.cause).guide,
            "consequences": [entry.as_dict() for entry in self.consequences],
        }


@dataclass(frozen=True, slots=True)
class Checked:
    """One cause that was looked at under a symptom, and the answer in one line. `check` is the id that the guide's
    paragraphs know it by."""

    symptom: str
    cause: str
    title: str
    verdict: Verdict
    reason: str
    check: str = ""

    def as_dict(self) -> dict[str, str]:
        return {
            "symptom": self.symptom,
            "cause": self.cause,
            "title": self.title,
            "verdict": str(self.verdict),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`findings` are ranked, causes only at the top level; `sentence` is the status in words.

    `is_absent`: everything could be read, and there is no such object.
    """

    target: Target
    healthy: bool
    sentence: str
    findings: tuple[Finding, ...]
    checked: tuple[Checked, ...]
    sources: tuple[Source, ...]
    observed_at: datetime
    is_absent: bool = False

    @property
    def is_alarming(self) -> bool:
        return any(finding.severity != Severity.NOTICE for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        return {
            "target": {"kind": self.target.kind, "namespace": self.target.namespace, "name": self.target.name},
            "healthy": self.healthy,
            "sentence": self.sentence,
            "findings": [finding.as_dict() for finding in self.findings],
            "checked": [entry.as_dict() for entry in self.checked],
            "sources": [
                {"name": source.name, "ok": source.ok, "age_s": source.age_s, "error": source.error or None}
                for source in self.sources
            ],
            "observed_at": self.observed_at.isoformat(),
        }


def finding(
    cause: str,
    title: str,
    detail: str,
    evidence: list[Evidence] | None = None,
    remedies: list[Remedy] | None = None,
    *,
    severity: Severity | None = None,
    verdict: Verdict = Verdict.CONFIRMED,
    key: str = "",
) -> Finding:
    """A finding with the usual severity of its cause. KeyError for a cause outside the vocabulary."""
    usual = cause_of(cause).severity
    return Finding(cause, title, detail, tuple(evidence or ()), tuple(remedies or ()), severity or usual, verdict, key)


def merged(first: Finding, second: Finding) -> Finding:
    """Two findings of the same cause and key: the surer one leads, evidence of both, at most twelve pieces."""
    lead, other = sorted((first, second), key=lambda entry: (entry.verdict.rank, entry.severity.rank))
    extra = [entry for entry in other.evidence if entry not in lead.evidence]
    return replace(lead, evidence=(*lead.evidence, *extra)[:12])


def field_fact(obj: Obj | None, path: str, value: object, fact: str, time: datetime | None = None) -> Evidence:
    """Evidence out of a field of an object."""
    return Evidence("object", fact, ref(obj), path, shown(value), time)


def quoted(obj: Obj | None, path: str, text: str, fact: str, time: datetime | None = None) -> Evidence:
    """Evidence out of words that a program of the cluster wrote: bounded, escaped, marked as untrusted."""
    return Evidence("object", fact, ref(obj), path, shown(text), time, untrusted=True)
