"""OutOfSync without a failure: expected after a commit, waiting for a person, or changed by hand."""

from collections.abc import Iterator
from datetime import timedelta

from diagnosis.choices import Severity, Verdict
from diagnosis.rules.facts.objects import Obj, age, created, dig, name, stamp, when
from diagnosis.rules.facts.scope import Scope
from diagnosis.rules.facts.sync_state import Sync, concerns, failure_words, resource_words, sync_of
from diagnosis.rules.report import remedies
from diagnosis.rules.report.findings import Evidence, Finding, field_fact, finding
from diagnosis.rules.wording import listed, shown

EXPECTED = timedelta(minutes=5)
LONG_SYNC = timedelta(minutes=15)


def check_out_of_sync(scope: Scope) -> Iterator[Finding]:
    """OutOfSync without a failure: expected after a commit, waiting for a person, or changed by hand."""
    sync = sync_of(scope)
    if sync is None or sync.status != "OutOfSync" or sync.conditions("ComparisonError", "SyncError"):
        return
    different = [entry for entry in sync.out_of_sync if concerns(scope, entry)]
    if (sync.out_of_sync and not different) or failure_words(scope, sync):
        return
    what = listed([resource_words(entry) for entry in different]) or name(sync.app)
    if sync.phase == "Running":
        yield _running(scope, sync, what)
    elif sync.wanted and sync.synced and sync.wanted != sync.synced:
        yield _not_synced_yet(scope, sync, what)
    elif not sync.synced:
        yield _never_synced(scope, sync, what)
    else:
        yield from _drift(scope, sync, different, what)


def _running(scope: Scope, sync: Sync, what: str) -> Finding:
    lasts, since = age(scope.now, sync.started_at), stamp(sync.started_at)
    evidence = [field_fact(sync.app, "status.operationState.phase", "Running", sync.message, sync.started_at)]
    if lasts is not None and lasts > LONG_SYNC:
        title = f"A sync of {name(sync.app)} has been running since {since}: {shown(sync.message, 200)}"
        return finding(
            "argocd-out-of-sync",
            title,
            "It waits for something that does not come.",
            evidence,
            [remedies.say("Look at what it waits for; end the sync if it hangs")],
            severity=Severity.WARNING,
        )
    title = f"A sync of {name(sync.app)} has been running since {since}; {what} will be in sync when it ends"
    return finding(
        "argocd-expected-out-of-sync",
        title,
        "Nothing needs doing.",
        evidence,
        [remedies.say("Wait; it ends by itself")],
    )


def _never_synced(scope: Scope, sync: Sync, what: str) -> Finding:
    young = (age(scope.now, created(sync.app)) or EXPECTED) < EXPECTED
    if sync.is_automatic and young:
        return _expected(scope, sync, what)
    return _not_synced_yet(scope, sync, what)


def _not_synced_yet(scope: Scope, sync: Sync, what: str) -> Finding:
    seen = age(scope.now, sync.compared_at)
    if sync.is_automatic and (seen is None or seen <= EXPECTED):
        return _expected(scope, sync, what)
    evidence = [
        field_fact(sync.app, "status.sync.revision", sync.wanted[:12], "git is at"),
        field_fact(
            sync.app, "status.history[-1].revision", sync.synced[:12] or "nothing", "last synced", sync.synced_at
        ),
        field_fact(
            sync.app,
            "spec.syncPolicy.automated",
            dig(sync.app, "spec", "syncPolicy", "automated") or "not set",
            "automatic sync",
        ),
    ]
    if not sync.is_automatic:
        title = f"Git has a change of {what} that does not arrive: automatic sync of {name(sync.app)} is off"
        detail = (
            f"Git is at {sync.wanted[:7]}, the cluster at {sync.synced[:7] or 'nothing'}; somebody has to sync by hand."
        )
        options = [remedies.say(f"Sync {name(sync.app)} in Argo CD, or turn automatic sync on again")]
        return finding("argocd-sync-pending-manual", title, detail, evidence, options)
    title = f"{what} has been out of sync since {stamp(sync.compared_at)} although automatic sync is on"
    detail = "Argo CD has not started a sync; a sync window or the controller may hold it."
    return finding(
        "argocd-out-of-sync",
        title,
        detail,
        evidence,
        [remedies.ask_platform("look at sync windows and the application controller")],
        severity=Severity.WARNING,
    )


def _expected(scope: Scope, sync: Sync, what: str) -> Finding:
    title = f"{what} does not have the newest commit yet; the automatic sync follows within minutes"
    evidence = [field_fact(sync.app, "status.sync.revision", sync.wanted[:12], "git is at", sync.compared_at)]
    return finding(
        "argocd-expected-out-of-sync", title, "Nothing needs doing.", evidence, [remedies.say("Wait up to 3 minutes")]
    )


def _drift(scope: Scope, sync: Sync, different: list[Obj], what: str) -> Iterator[Finding]:
    since = age(scope.now, sync.synced_at)
    edits = [edit for entry in different for edit in _edits(scope, sync, entry)]
    fresh = [entry for entry in edits if entry.time and scope.now - entry.time <= EXPECTED]
    if (since is not None and since <= EXPECTED) or (sync.heals and fresh):
        yield _expected(scope, sync, what)
    elif different and all(entry.get("requiresPruning") for entry in different):
        title = f"{what} is no longer in git but still in the cluster, and pruning is off"
        evidence = [field_fact(sync.app, "spec.syncPolicy.automated.prune", sync.prunes, "pruning")]
        options = [remedies.say("Sync with pruning, or delete it")]
        yield finding("argocd-out-of-sync", title, "", evidence, options, severity=Severity.WARNING)
    elif different and not edits and all(_is_scaled(scope, entry) for entry in different):
        title = f"{what} differs from git in its replicas, which the autoscaler sets"
        detail = "Leave spec.replicas out of git."
        yield finding("argocd-out-of-sync", title, detail, _unchanged(sync), severity=Severity.NOTICE)
    else:
        yield _by_hand(scope, sync, edits, what)


def _unchanged(sync: Sync) -> list[Evidence]:
    automated = dig(sync.app, "spec", "syncPolicy", "automated") or "not set"
    same = "git is at the very revision that was synced"
    return [
        field_fact(sync.app, "status.sync.revision", sync.wanted[:12], same, sync.synced_at),
        field_fact(sync.app, "spec.syncPolicy.automated", automated, "automatic sync and selfHeal"),
    ]


def _by_hand(scope: Scope, sync: Sync, edits: list[Evidence], what: str) -> Finding:
    who = f", by {edits[0].value.split(' ')[0]} at {stamp(edits[0].time)}" if edits else ""
    title = f"{what} was changed by hand in the cluster{who} and differs from git"
    heal = "selfHeal is off, so it stays" if not sync.heals else "selfHeal is on, yet something keeps putting it back"
    since = stamp(sync.synced_at)
    detail = f"Git has not changed since the last sync at {since}; {heal}, until the next sync overwrites it."
    verdict = Verdict.CONFIRMED if edits else Verdict.SUSPECTED
    options = [remedies.say(f"Sync {name(sync.app)} to put git's state back, or commit the change to git")]
    return finding("argocd-manual-drift", title, detail, [*_unchanged(sync), *edits], options, verdict=verdict)


def _is_scaled(scope: Scope, entry: Obj) -> bool:
    """An autoscaler owns the replicas of the resource."""
    return any(
        dig(obj, "spec", "scaleTargetRef", "kind") == entry.get("kind")
        and dig(obj, "spec", "scaleTargetRef", "name") == entry.get("name")
        for obj in scope.snapshot.all("HorizontalPodAutoscaler", scope.namespace)
    )


def _edits(scope: Scope, sync: Sync, entry: Obj) -> list[Evidence]:
    """Writers of the live object other than controllers, after the last sync, from its managedFields."""
    obj = scope.snapshot.get(str(entry.get("kind")), str(entry.get("namespace") or ""), str(entry.get("name")))
    found = []
    for field in (dig(obj, "metadata", "managedFields") or []) if obj else []:
        manager, time = str(field.get("manager", "")), when(field.get("time"))
        by_hand = manager.startswith(
            ("kubectl", "k9s", "Lens", "lens", "helm", "node-fetch", "Mozilla", "OpenLens", "octant")
        )
        if (
            by_hand
            and field.get("subresource") != "status"
            and time
            and (sync.synced_at is None or time > sync.synced_at)
        ):
            changed = listed(leaves(field.get("fieldsV1") or {}), 6)
            found.append(
                field_fact(obj, "metadata.managedFields", f"{manager} changed {changed}", "changed by hand", time)
            )
    return found


def leaves(fields: Obj, trail: str = "") -> list[str]:
    """Names of the fields a managedFields entry owns: spec.replicas, env LOG_LEVEL."""
    found: list[str] = []
    for key, below in fields.items():
        if key == "." or not isinstance(below, dict):
            continue
        label = key.removeprefix("f:")
        if key.startswith("k:"):
            label = key[2:].strip('{}"').replace('name":"', "").strip('"')
        path = f"{trail}.{label}".strip(".")
        inner = [entry for entry in below if entry != "."]
        named = all(entry in {"f:name", "f:value", "f:valueFrom"} for entry in inner)
        found += [path] if not inner or named else leaves(below, path)
    return found
