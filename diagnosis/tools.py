"""Tools for agents: what is wrong with a service, why, and what to do."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import close_old_connections
from pydantic import Field

from core.actor import Actor
from core.errors import Unavailable
from core.tool import Answer, Asked, Next, tool
from diagnosis.queries import diagnose_service
from services.queries import access_service

# A slow cluster must leave time to answer with what the observer saw last.
LONGEST_READ_S = 15.0
READERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="diagnose-tool")


class OneService(Asked):
    team: str = Field(max_length=63, description="tenant")
    service: str = Field(max_length=63)


@tool(
    "mctl_diagnose", "Diagnose a service", OneService,
    {"target": "object", "healthy": "boolean", "sentence": "string", "findings": "array", "sources": "array",
     "live": "boolean", "note": "string"},
)  # fmt: skip
def diagnose(actor: Actor, asked: OneService) -> Answer:
    """What is wrong with a service, why, on which evidence, and what to do. The first finding is the root cause; a
    healthy service has none."""
    row = access_service(actor, tenant=asked.team, name=asked.service)
    found, note = live(asked.team, asked.service)
    if not found:
        found = dict(row.diagnosis)
    findings = found.get("findings", [])
    value = {
        "target": found.get("target", {"kind": "Deployment", "namespace": asked.team, "name": asked.service}),
        "healthy": bool(found.get("healthy", False)),
        "sentence": found.get("sentence", "Nothing is known of this service yet."),
        "findings": findings,
        "sources": found.get("sources", []),
        "live": not note,
        "note": note,
    }
    return Answer(
        value, " ".join(filter(None, [note, value["sentence"]])), hints(findings, asked), listed="findings",
        untrusted=f"evidence about {asked.team}/{asked.service}",
    )  # fmt: skip


def live(team: str, service: str) -> tuple[dict[str, Any], str]:
    """The diagnosis now, or nothing and the reason why."""
    reading = READERS.submit(_diagnosed, team, service)
    try:
        return reading.result(timeout=LONGEST_READ_S), ""
    except TimeoutError:
        reading.cancel()
        return {}, f"Partial: the cluster has not answered in {LONGEST_READ_S:g} s; this is what was seen last."
    except Unavailable as problem:
        return {}, f"Partial: {problem.sentence} This is what was seen last."


def _diagnosed(team: str, service: str) -> dict[str, Any]:
    try:
        return diagnose_service(team, service)
    finally:
        close_old_connections()


def hints(findings: list[dict[str, Any]], asked: OneService) -> list[Next]:
    about = {"team": asked.team, "service": asked.service}
    if not findings:
        return [Next("mctl_get_service_status", about, "how it stands")]
    remedies = [remedy for finding in findings[:1] for remedy in finding.get("remedies", []) if remedy.get("operation")]
    done = [
        Next("mctl_" + one["operation"].replace("-", "_"), {**one.get("params", {}), "dry_run": True}, one["label"])
        for one in remedies[:2]
    ]
    return [*done, Next("mctl_get_service_logs", about, "what the program says")]
