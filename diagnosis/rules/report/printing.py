"""A diagnosis for a terminal: causes in words with their evidence, what to do, what was ruled out."""

from collections.abc import Iterator

from diagnosis.choices import Verdict, cause_of
from diagnosis.rules.report.findings import Diagnosis, Evidence, Finding

MARKS = {"problem": "x", "warning": "!", "notice": "-"}


def printed(diagnosis: Diagnosis) -> str:
    """Plain text, no escapes; evidence from outside is already shown with its control characters escaped."""
    return "\n".join(_lines(diagnosis))


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    target = diagnosis.target
    yield f"{target.kind} {target.namespace}/{target.name}, observed {diagnosis.observed_at:%Y-%m-%d %H:%M:%S} UTC"
    yield diagnosis.sentence
    for number, finding in enumerate(diagnosis.findings, 1):
        yield ""
        yield from _finding(finding, str(number))
    if diagnosis.checked:
        yield ""
        yield "Looked at:"
        for entry in diagnosis.checked:
            if entry.verdict is not Verdict.CONFIRMED:
                yield f"  {str(entry.verdict).replace('_', ' ')}: {entry.title}. {entry.reason}"
    for source in diagnosis.sources:
        if not source.ok:
            yield f"  not read: {source.name} ({source.error})"


def _finding(finding: Finding, number: str) -> Iterator[str]:
    yield (
        f"{MARKS[finding.severity]} {number}. {finding.title}  [{finding.cause}, {finding.severity}, {finding.verdict}]"
    )
    if finding.detail:
        yield f"     {finding.detail}"
    for entry in finding.evidence:
        yield f"     . {_evidence(entry)}"
    for remedy in finding.remedies:
        how = remedy.operation or remedy.tool
        params = " ".join(f"{key}={value}" for key, value in remedy.params.items())
        yield f"     > {remedy.label}{f' ({how} {params})' if how else ''}"
    if finding.consequences:
        yield f"     leads to: {'; '.join(entry.title for entry in finding.consequences)}"
    yield f"     guide: {cause_of(finding.cause).guide}"


def _evidence(entry: Evidence) -> str:
    where = f"{entry.object.kind} {entry.object.name}: " if entry.object else ""
    moment = f" at {entry.time:%H:%M:%S}" if entry.time else ""
    return f"{entry.fact}{moment} ({where}{entry.field} = {entry.value})"
