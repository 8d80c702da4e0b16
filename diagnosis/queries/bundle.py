"""A support bundle: the diagnosis, the objects and logs it was made from, redacted: one zip to attach to an issue."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import yaml

from core.diagnosis import Target
from diagnosis.queries.live import look_live
from diagnosis.queries.redaction import scrubbed, scrubbed_object, scrubbed_text
from diagnosis.rules.facts.objects import Obj, kind, labels, name, namespace
from diagnosis.rules.facts.routes import ingresses, services
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.snapshot import Snapshot
from diagnosis.rules.report.findings import Diagnosis
from diagnosis.rules.report.printing import printed

MOST_EVENTS = 500
AROUND = ("ResourceQuota", "LimitRange", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget",
          "ExternalSecret", "Certificate", "PersistentVolumeClaim")  # fmt: skip
README = """A diagnosis and what it was made from.

diagnosis.txt   what is wrong, in words
diagnosis.json  the same, as every door of MCTL gives it
objects.yaml    the objects looked at, as `manage.py diagnose --from` reads them
logs/           the end of the logs read

Taken out: the values of variables, Secrets, ConfigMaps and Helm parameters in objects.yaml, and whatever is shaped
like a credential everywhere. A finding may quote a setting that is wrong, and a program may write anything into its
log: look through it before you send it.
"""


def service_bundle(tenant: str, service: str) -> bytes:
    """The bundle of a service as it is now. A cluster that does not answer leaves a bundle that says so."""
    target = Target("Deployment", tenant, service)
    return bundle(*look_live(target, thorough=True))


def bundle(found: Diagnosis, snapshot: Snapshot) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, text in _files(found, snapshot):
            # The same diagnosis gives the same bytes.
            archive.writestr(zipfile.ZipInfo(path, date_time=found.observed_at.timetuple()[:6]), text)
    return out.getvalue()


def _files(found: Diagnosis, snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    answer: dict[str, Any] = scrubbed(found.as_dict())
    objects = [scrubbed_object(obj) for obj in _concerned(found, snapshot)]
    yield "README.txt", README
    yield "diagnosis.txt", scrubbed_text(printed(found)) + "\n"
    yield "diagnosis.json", json.dumps(answer, ensure_ascii=False, indent=2) + "\n"
    yield "objects.yaml", yaml.safe_dump_all(objects, sort_keys=False, allow_unicode=True)
    for (pod, container, previous), text in sorted(snapshot.logs.items()):
        yield f"logs/{pod}__{container}{'.previous' if previous else ''}.txt", scrubbed_text(text)


def _concerned(found: Diagnosis, snapshot: Snapshot) -> list[Obj]:
    """What belongs to the target and what its namespace sets around it; no other service's objects."""
    scope = Scope(snapshot, found.target, found.observed_at)
    own = [scope.target_object, scope.workload, *scope.owners[:3], *scope.all_pods, *services(scope), *ingresses(scope),
           scope.application]  # fmt: skip
    own += [obj for kind_ in AROUND for obj in snapshot.all(kind_, scope.namespace) if _is_near(scope, obj)]
    kept = {(kind(obj), namespace(obj), name(obj)): obj for obj in own if obj is not None}
    events = [obj for obj in snapshot.objects if kind(obj) == "Event" and _about(obj) in kept]
    return [*kept.values(), *events[-MOST_EVENTS:]]


def _is_near(scope: Scope, obj: Obj) -> bool:
    """Quotas, ranges and policies concern the whole namespace; the rest only by belonging to the service."""
    if kind(obj) in AROUND[:3]:
        return True
    instance = labels(scope.workload).get("app.kubernetes.io/instance", "")
    return (bool(instance) and labels(obj).get("app.kubernetes.io/instance") == instance) or scope.in_application(obj)


def _about(event: Obj) -> tuple[str, str, str]:
    about = event.get("involvedObject") or event.get("regarding") or {}
    return str(about.get("kind") or ""), str(about.get("namespace") or ""), str(about.get("name") or "")
