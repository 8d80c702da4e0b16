"""Argo CD: what keeps git from arriving in the cluster, and what only looks like it."""

from collections.abc import Iterator

from diagnosis.rules.checks.admission import Refusal, refused
from diagnosis.rules.facts.container_logs import last_lines, log_of
from diagnosis.rules.facts.containers import containers_of
from diagnosis.rules.facts.objects import Obj, dig, name, text_at, when
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.sync_state import FAILING, Sync, failed_here, failure_words, resource_words, sync_of
from diagnosis.rules.patterns.admission_messages import admission_cause
from diagnosis.rules.patterns.argocd_messages import comparison_cause, sync_cause
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, Remedy, field_fact, finding, ref
from diagnosis.rules.report.log_evidence import log_fact
from diagnosis.rules.wording import listed, shown


def _said(app: Obj, path: str, message: str, fact: str, time: object = None) -> Evidence:
    return Evidence("object", fact, ref(app), path, shown(message, 900), when(time), True)


def check_comparison(scope: Scope) -> Iterator[Finding]:
    """Argo CD cannot tell what git wants."""
    sync = sync_of(scope)
    told = sync.conditions("ComparisonError", "InvalidSpecError", "UnknownError") if sync else []
    if sync is None or not told:
        return
    message = text_at(told[0], "message")
    if told[0].get("type") == "InvalidSpecError":
        cause = "argocd-namespace-missing" if _missing_namespace(scope, sync) else "argocd-sync-failed"
        title = f"The application {name(sync.app)} is not valid: {shown(message, 220)}"
        yield _uncompared(scope, sync, told[0], cause, title, [remedies.ask_platform("correct the Application")])
        return
    cause, words = comparison_cause(message)
    if cause == "argocd-namespace-missing":
        yield _namespace_missing(scope, sync, words.get("name", ""), message)
        return
    head, options = _comparison_words(scope, sync, cause)
    yield _uncompared(scope, sync, told[0], cause or "argocd-sync-failed", f"{head}: {_core(message)}", options)


def _comparison_words(scope: Scope, sync: Sync, cause: str) -> tuple[str, list[Remedy]]:
    if cause == "argocd-repo-unreachable":
        todo = "check the repository's address and credentials in Argo CD"
        return f"Argo CD cannot read the repository {sync.repository}", [remedies.ask_platform(todo)]
    if cause == "argocd-render-error":
        back = remedies.roll_back(scope, "Take back the last change of the values")
        mend = remedies.say("Correct the chart or values and commit")
        return f"Argo CD cannot generate the manifests of {name(sync.app)}", [back, mend]
    todo = "look at Argo CD's connection to the cluster"
    return f"Argo CD cannot compare {name(sync.app)} with the cluster", [remedies.ask_platform(todo)]


def _uncompared(scope: Scope, sync: Sync, told: Obj, cause: str, title: str, options: list[Remedy]) -> Finding:
    path, since = f"status.conditions[{told.get('type')}].message", told.get("lastTransitionTime")
    evidence = [
        _said(sync.app, path, text_at(told, "message"), "what Argo CD says", since),
        field_fact(sync.app, "spec.source.repoURL", sync.repository, "the repository"),
        field_fact(sync.app, "status.sync.status", sync.status, "sync status"),
    ]
    detail = f"What runs goes on, but no change of {scope.service} arrives."
    return finding(cause, title, detail, evidence, options, key=name(sync.app))


def _core(message: str) -> str:
    """The part of a wrapped Go error that says something: after the last "desc = " or "Error: "."""
    core = message
    for marker in ("desc = ", "Error: ", "reason: "):
        core = core.rpartition(marker)[2] or core
    return shown(core, 260)


def _missing_namespace(scope: Scope, sync: Sync) -> str:
    """The destination namespace, when it does not exist and the sync does not create it."""
    wanted = text_at(sync.app, "spec", "destination", "namespace")
    creates = "CreateNamespace=true" in (dig(sync.app, "spec", "syncPolicy", "syncOptions") or [])
    if not wanted or creates or not scope.snapshot.readable("Namespace") or scope.snapshot.get("Namespace", "", wanted):
        return ""
    return wanted if scope.snapshot.all("Namespace") else ""


def _namespace_missing(scope: Scope, sync: Sync, missing: str, message: str) -> Finding:
    wanted = text_at(sync.app, "spec", "destination", "namespace")
    who = f"the application {name(sync.app)}" if missing in {"", wanted} else f"a resource of {name(sync.app)}"
    title = f"The namespace {missing or wanted} that {who} is addressed to does not exist"
    near = [
        name(obj)
        for obj in scope.snapshot.all("Namespace")
        if (missing or wanted) in name(obj) or name(obj) in (missing or wanted)
    ]
    evidence = [field_fact(sync.app, "spec.destination.namespace", wanted, "where it is addressed to")]
    if message:
        evidence.append(_said(sync.app, "status.operationState.message", message, "what Argo CD says"))
    detail = f"Nothing can be created there.{f' There is {listed(near)}.' if near else ''}"
    options = [remedies.say(f"Correct the namespace, or create {missing or wanted} (create-tenant for a tenant)")]
    return finding("argocd-namespace-missing", title, detail, evidence, options, key=missing or wanted)


def check_sync_failure(scope: Scope) -> Iterator[Finding]:
    """The last sync failed, or one is running and failing again and again."""
    sync = sync_of(scope)
    if sync is None or sync.is_overtaken or (sync.status == "Synced" and sync.phase not in FAILING):
        return
    message = failure_words(scope, sync)
    if not message:
        missing = _missing_namespace(scope, sync)
        if missing and sync.status != "Synced":
            yield _namespace_missing(scope, sync, missing, sync.message)
        return
    if sync.failed_hooks and not failed_here(scope, sync):
        yield _hook_failed(scope, sync, sync.failed_hooks[0], message)
        return
    yield _classified(scope, sync, message)


def _classified(scope: Scope, sync: Sync, message: str) -> Finding:
    cause, words = admission_cause(message)
    if cause:
        refusal = Refusal(sync.app, message, "status.operationState.message", sync.finished_at)
        return refused(scope, refusal, cause, words)
    cause, words = sync_cause(message)
    if cause == "argocd-namespace-missing":
        return _namespace_missing(scope, sync, words.get("name", ""), message)
    if cause == "argocd-hook-failed":
        return _hook_failed(scope, sync, (sync.failed_hooks or [{}])[0], message)
    failed = listed([resource_words(entry) for entry in sync.failed_results]) or name(sync.app)
    heads = {
        "argocd-immutable-field": f"The sync of {failed} fails because it changes an immutable field",
        "argocd-manifest-invalid": f"The API server rejects the manifest of {failed}",
    }
    title = f"{heads.get(cause, f'The sync of {name(sync.app)} failed')}: {_core(message)}"
    detail = (
        "The change does not arrive and waiting does not help; the version before "
        f"{'still runs' if scope.ready_pods else 'is not running either'}."
    )
    options = [remedies.roll_back(scope, "Take back the change"), remedies.say("Correct the manifest in git")]
    if cause == "argocd-immutable-field":
        options = [
            remedies.say(
                f"Delete {failed} so that the sync makes it anew (it is down meanwhile), or take back the change"
            ),
            *options[:1],
        ]
    return finding(cause or "argocd-sync-failed", title, detail, _evidence(sync, message), options, key=name(sync.app))


def _evidence(sync: Sync, message: str) -> list[Evidence]:
    found = [
        field_fact(sync.app, "status.operationState.phase", sync.phase, "how the last sync ended", sync.finished_at),
        _said(sync.app, "status.operationState.message", message, "what Argo CD says", sync.finished_at),
        field_fact(
            sync.app,
            "status.sync.status",
            sync.status,
            f"git is at {sync.wanted[:10]}, synced is {sync.synced[:10] or 'nothing'}",
        ),
    ]
    found += [
        _said(
            sync.app,
            f"status.operationState.syncResult.resources[{resource_words(entry)}].message",
            text_at(entry, "message"),
            "the resource that failed",
        )
        for entry in sync.failed_results[:3]
    ]
    return found


def _hook_failed(scope: Scope, sync: Sync, hook: Obj, message: str) -> Finding:
    job = scope.snapshot.get(
        str(hook.get("kind") or "Job"), str(hook.get("namespace") or scope.namespace), str(hook.get("name") or "")
    )
    which = f"{hook.get('hookType', 'sync')} hook {resource_words(hook)}" if hook else "sync hook"
    evidence = _evidence(sync, message)
    said = shown(text_at(hook, "message") or message, 200)
    pods = scope.snapshot.children(job, "Pod") if job is not None else []
    for pod in pods[-1:]:
        for container in containers_of(pod):
            log = log_of(scope, container)
            if log.lines:
                evidence.append(log_fact(container, last_lines(log), "the end of the hook's log"))
                said = shown(log.telling[-1] if log.telling else log.lines[-1], 200)
    title = f"The {which} failed, and with it the sync: {said}"
    detail = f"Argo CD applies nothing further until the hook succeeds. {shown(message, 240)}"
    options = [
        remedies.read_logs(scope),
        remedies.roll_back(scope, "Take back the change"),
        remedies.say("Mend the hook's job and sync again"),
    ]
    return finding("argocd-hook-failed", title, detail, evidence, options, key=str(hook.get("name") or ""))
