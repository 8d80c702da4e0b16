"""Fetches the GitOps repository and hands its newest world to the inbox, slimmed to rows."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

import structlog
from django.conf import settings

from core.text import counted
from integrations.errors import IntegrationError
from integrations.gitops import gitops
from integrations.gitops.model import Commit, ServiceSpec, TenantSpec, UnreadableFile, World
from integrations.kubernetes.instances import ServiceKey
from observer.changes import GitRead, Inbox
from observer.git_rows import SOURCE, GitService, GitTenant, GitWorld
from observer.sources import Contact

log = structlog.get_logger(__name__)

LABEL = "GitOps repository"
LEAST_INTERVAL_S = 0.2
MOST_NAMED = 5
KIND_WORDS = {
    "deploy": "deploy", "feat": "added", "config": "configuration", "rollback": "rollback", "scale": "scale",
    "delete": "removed",
}  # fmt: skip


class GitReader:
    """`nudge()` asks for a fetch before the interval is over: somebody saw a commit that we have not."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._contact = Contact(SOURCE, LABEL, None, "")
        self._revision = ""
        self._thread = threading.Thread(target=self._run, name="git-reader", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._hurry.set()
        if self._thread.is_alive():
            self._thread.join(0.3)

    def nudge(self) -> None:
        self._hurry.set()

    def contact(self) -> Contact:
        return self._contact

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = monotonic()
            self._hurry.clear()
            try:
                self._read()
            except IntegrationError as error:
                self._fail(error.sentence)
            except Exception:
                # Whatever is in the repository, the next commit may mend it: the reader must live to see it.
                log.exception("git_reader_failed")
                self._fail("The GitOps repository could not be read; see the log of the observer.")
            spent = monotonic() - began
            self._hurry.wait(max(LEAST_INTERVAL_S, settings.GITOPS_FETCH_INTERVAL_S - spent))
            # Many services may nudge at once: they get one fetch, and the next not right behind it.
            self._stopping.wait(LEAST_INTERVAL_S)

    def _fail(self, sentence: str) -> None:
        before = self._contact
        if not before.error:
            log.warning("source_unreadable", source=SOURCE, sentence=sentence)
        self._contact = Contact(SOURCE, LABEL, before.last_contact_at, sentence, before.revision, before.notice)

    def _read(self) -> None:
        revision = gitops().fetch()
        notice = self._contact.notice
        if revision.sha != self._revision:
            world = gitops().read_world(revision)
            paths = [service.path for service in world.services] + [file.path for file in world.unreadable]
            slim = slim_world(world, gitops().last_changes(paths, revision))
            notice = notice_of(world.unreadable)
            self._inbox.put(GitRead(slim))
            self._revision = revision.sha
        # Use the time of the request: later commits may be missing.
        self._contact = Contact(SOURCE, LABEL, revision.as_of, "", revision.sha, notice)


def slim_world(world: World, last: Mapping[str, Commit]) -> GitWorld:
    """`last` maps a values file's path to its newest commit."""
    services: dict[ServiceKey, GitService] = {
        (spec.tenant, spec.name): service_row(spec, last.get(spec.path)) for spec in world.services
    }
    tenants = {spec.name: tenant_row(spec) for spec in world.tenants}
    for file in world.unreadable:
        said = str(file)
        if file.service:
            commit = last.get(file.path)
            at = in_utc(commit.when) if commit else None
            services[file.tenant, file.service] = GitService(None, 0, at, said)
        elif file.path.endswith(f"/tenants/{file.tenant}/values.yaml"):
            tenants[file.tenant] = GitTenant(None, (), said)
    for file in world.unreadable:
        if not file.service and (tenant := tenants.get(file.tenant)) and str(file) not in tenant.problem:
            tenants[file.tenant] = replace(tenant, problem=f"{tenant.problem} {file}".strip())
    return GitWorld(str(world.revision), world.revision.as_of, services, tenants)


def service_row(spec: ServiceSpec, commit: Commit | None) -> GitService:
    scaling = spec.autoscaling
    autoscaling = (
        {"min": scaling.min_replicas, "max": scaling.max_replicas, "cpu_percent": scaling.cpu_percent}
        if scaling.enabled
        else {}
    )
    changed_at = in_utc(commit.when) if commit else None
    values = (
        spec.component_type[:40],
        spec.image[:300],
        spec.tag[:128],
        spec.host[:253],
        spec.port if 0 <= spec.port < 2**31 else None,
        autoscaling,
        spec.has_database,
        spec.path[:300],
        spec.blob_id[:64],
        commit.sha[:64] if commit else "",
        change_kind(commit.subject) if commit else "",
        commit.requested_by[:100] if commit else "",
        changed_at,
    )
    replicas = scaling.min_replicas if scaling.enabled else spec.replicas
    return GitService(values, min(max(0, replicas), 2**31 - 1), changed_at, routes=spec.routes)


def tenant_row(spec: TenantSpec) -> GitTenant:
    values = (
        spec.display_name[:200],
        spec.description,
        spec.github_team[:100],
        dict(spec.team_roles),
        spec.contact_email[:200],
        dict(spec.quotas),
    )
    # GitHub's logins know no case; people in values files do.
    members = {member.login.lower()[:100]: member.role for member in spec.members}
    return GitTenant(values, tuple(sorted(members.items())))


def change_kind(subject: str) -> str:
    """What our own messages begin with (`deploy: payments/ledger-api -> 1.4.2`), in a word; "change" for others."""
    return KIND_WORDS.get(subject.partition(":")[0].partition("(")[0].strip(), "change")


def notice_of(unreadable: tuple[UnreadableFile, ...]) -> str:
    if not unreadable:
        return ""
    named = "; ".join(str(file).rstrip(".") for file in unreadable[:MOST_NAMED])
    more = f"; and {len(unreadable) - MOST_NAMED} more" if len(unreadable) > MOST_NAMED else ""
    return f"{counted(len(unreadable), 'values file')} cannot be read: {named}{more}"


def in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
