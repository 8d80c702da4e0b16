"""Tools for agents: what is wrong with a service, why, and what to do."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.db import close_old_connections
from pydantic import Field, create_model

from core.actor import Actor
from core.errors import Unavailable
from core.tool import Answer, Next, ToolArguments, tool
from diagnosis.queries import diagnose_service
from diagnosis.queries.asked import diagnose_asked, subject_of
from diagnosis.registry import targets
from services.queries import access_service

# A slow cluster must leave time to answer with what the observer saw last.
LONGEST_READ_S = 15.0
READERS = ThreadPoolExecutor(max_workers=8, thread_name_prefix="diagnose-tool")


ARGUMENTS: dict[str, Any] = {
    "team": (str, Field("", max_length=63, description="alone: all that is wrong in it now")),
    "service": (str, ""),
    **{one.name: (str, Field("", description=one.description)) for one in targets().values()},
    "operation_id": (str, ""),
}
AskedAbout = create_model("AskedAbout", __base__=ToolArguments, **ARGUMENTS)


@tool(
    "mctl_diagnose", "Diagnose a service", AskedAbout,
    {"target": "object", "healthy": "boolean", "sentence": "string", "findings": "array", "sources": "array",
     "live": "boolean", "note": "string"},
)  # fmt: skip
def diagnose(actor: Actor, asked: ToolArguments) -> Answer:
    """What is wrong with a tenant, or with the one thing that an argument names, why, and what to do.
    The first finding is the root cause; what is healthy has none."""
    team, about = subjects_in(asked)
    service = about["service"]
    found, note = live(actor, team, about)
    is_live = not note
    if not found:
        # Only of a service is there something seen last; of anything else the refusal is the answer.
        found = dict(access_service(actor, tenant=team, name=service).diagnosis)
    findings, note = found.get("findings", []), note or found.get("note", "")
    value = {
        "target": found.get("target", {"kind": "Deployment", "namespace": team, "name": service}),
        "healthy": bool(found.get("healthy", False)),
        "sentence": found.get("sentence", "Nothing is known of this service yet."),
        "findings": findings,
        "sources": found.get("sources", []),
        "live": is_live,
        "note": note,
    }
    return Answer(
        value, value["sentence"], hints(findings, team, service), listed="findings",
        untrusted=f"evidence about {words_of(team, about)}", note=note,
    )  # fmt: skip


def subjects_in(asked: ToolArguments) -> tuple[str, dict[str, str]]:
    """The tenant, and every subject that can be named with what was."""
    about = asked.model_dump()
    team, operation = about.pop("team"), about.pop("operation_id")
    return team, {**about, "operation": operation}


def words_of(team: str, about: Mapping[str, str]) -> str:
    return "/".join(filter(None, [team, next(filter(None, about.values()), "")])) or "all tenants"


def live(actor: Actor, team: str, about: Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """The diagnosis now; of a service that cannot be read now, nothing and the reason why."""
    kind, value = subject_of(about)
    if kind in {"", "operation"}:
        return diagnose_asked(actor, team=team, **about), ""
    if kind == "service":
        access_service(actor, tenant=team, name=value)
        reading = READERS.submit(_closing, partial(diagnose_service, team, value))
    else:
        reading = READERS.submit(_closing, partial(diagnose_asked, actor, team=team, **about))
    try:
        return reading.result(timeout=LONGEST_READ_S), ""
    except TimeoutError:
        reading.cancel()
        problem = Unavailable(f"The cluster has not answered in {LONGEST_READ_S:g} s.")
    except Unavailable as refused:
        problem = refused
    if kind != "service":
        raise problem
    return {}, f"Partial: {problem.sentence} This is what was seen last."


def _closing(read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return read()
    finally:
        close_old_connections()


def hints(findings: list[dict[str, Any]], team: str, service: str) -> list[Next]:
    about = {"team": team, "service": service}
    if not service:
        hit = [one for finding in findings[:3] for one in finding.get("services", [])[:1]]
        return [Next("mctl_diagnose", {"team": one["tenant"], "service": one["service"]}, "why") for one in hit]
    if not findings:
        return [Next("mctl_get_service_status", about, "how it stands")]
    remedies = [remedy for finding in findings[:1] for remedy in finding.get("remedies", []) if remedy.get("operation")]
    done = [
        Next("mctl_" + one["operation"].replace("-", "_"), {**one.get("params", {}), "dry_run": True}, one["label"])
        for one in remedies[:2]
    ]
    return [*done, Next("mctl_get_service_logs", about, "what the program says")]
