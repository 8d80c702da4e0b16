"""The audit's only writer: one row per attempt and one per result, refusals and denials included.

Each row carries the hash of the one before it. Writers take turns at the lock of one row, the chain, which a
transaction holds from then on until it ends. So it is the first lock a transaction takes: one that writes other rows
as well calls `hold_chain` before them, and no two can wait for each other.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from core.actor import Actor, Door
from core.clock import now
from core.credentials import mask_credentials
from core.security_events import SecurityEvent, count_event
from core.text import visible
from integrations.errors import foreign_text
from operations.choices import AuditResult
from operations.models import AuditChain, AuditEntry, Operation, chained_digest, seal_of
from operations.queries.audit_chain import Walk

LONGEST_REASON = 1_000
LONGEST_TEXT = 100
# Longer than any column, and room for the credentials that masking takes out.
LONGEST_SCANNED = 8 * LONGEST_REASON
# What has been cut says how long it was; masking again must not cut that.
LONGEST_CUT = LONGEST_TEXT + 30
REMOVED_AT_ONCE = 2_000
log = structlog.get_logger(__name__)

REFUSALS = (AuditResult.DENIED.value, AuditResult.REFUSED.value)
REPEATED_WITHIN_S = 60
# What somebody honest may run into within a minute.
MOST_AT_ONCE = 10
KIND = ("verb", "tenant", "target", "result", "reason", "door", "client", "parameters")
MORE = "More refusals within a minute than are written one by one."
KEEPER = Actor("mctl", Door.SCHEDULE)


def hold_chain() -> AuditChain:
    """The chain, locked until the surrounding transaction ends."""
    chain, _ = AuditChain.objects.select_for_update().get_or_create(pk=1)
    return chain


def record_attempt(
    actor: Actor,
    verb: str,
    *,
    result: str,
    tenant: str = "",
    target: str = "",
    operation: str = "",
    reason: str = "",
    parameters: Mapping[str, Any] | None = None,
    plan_hash: str = "",
    at_once: bool = False,
) -> None:
    """What somebody tried and what came of it. Secret parameters were left out before; the rest is masked here.

    Refusals that repeat are counted, and a row tells of them within half a minute; not so with `at_once`.
    """
    columns = {
        "actor": _text(actor.name, 100),
        "door": actor.door.value,
        "client": _text(actor.client, 100),
        "verb": _text(verb, 80),
        "tenant": _text(tenant, 63),
        "target": _text(target, 130),
        "operation": _text(operation, 80),
        "result": AuditResult(result).value,
        "reason": _text(reason, LONGEST_REASON),
        "parameters": redacted(parameters or {}),
        "plan_hash": _text(plan_hash, 64),
    }
    if at_once or result not in REFUSALS or not _was_counted(columns):
        _append(**columns)


def _was_counted(columns: Mapping[str, Any]) -> bool:
    """A loop of one person's must not fill the audit, nor hold the chain's lock that everybody's changes wait for.

    The first refusal of a kind is written at once. Its repetitions within a minute are counted together, and so is
    whatever exceeds the number that one person can have written at once. False where the cache cannot count.
    """
    since = now() - timedelta(seconds=REPEATED_WITHIN_S)
    own = AuditEntry.objects.filter(actor=columns["actor"], result__in=REFUSALS, at__gt=since)
    recent = list(own.order_by().values_list(*KIND))
    about = {name: columns[name] for name in ("door", "client", "result")}
    if tuple(columns[name] for name in KIND) in recent:
        told = {name: columns[name] for name in ("verb", "tenant", "target", "reason")}
        sent = json.dumps(columns["parameters"], sort_keys=True)
        told["parameters"] = hashlib.sha256(sent.encode()).hexdigest()
        return count_event(SecurityEvent(name=columns["actor"], **told, **about))
    if len(recent) >= MOST_AT_ONCE:
        return count_event(SecurityEvent("refusals.more", MORE, name=columns["actor"], **about))
    return False


def record_result(operation: Operation, *, result: AuditResult, reason: str) -> None:
    """How an operation ended, in the name of the one who started it."""
    record_attempt(
        Actor(operation.actor, Door(operation.door), client=operation.client),
        operation.name,
        result=result.value,
        tenant=operation.tenant,
        target=operation.target,
        operation=operation.public_id,
        reason=reason,
        parameters=operation.parameters,
        plan_hash=str(operation.plan.get("hash", "")),
    )


def _append(**columns: Any) -> None:
    request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
    with transaction.atomic():
        chain = hold_chain()
        # Asked under the lock, so that the order of the moments is the order of the rows.
        columns |= {"at": now(), "request_id": _text(request_id, 64), "previous": chain.digest}
        digest = chained_digest(columns)
        if settings.AUDIT_KEY and chain.is_new:
            chain.begin_sealing()
        seal = seal_of("entry", digest) if chain.has_begun_sealing else ""
        if settings.AUDIT_KEY and not seal:
            log.warning("audit_entry_not_sealed", remedy="manage.py verify_audit --begin-sealing")
        AuditEntry.objects.create(**columns, digest=digest, seal=seal)
        chain.digest, chain.written = digest, chain.written + 1
        chain.save()


def begin_sealing() -> None:
    """Seals the entries from now on, of which the first says so, and vouches for those that are there.

    It never happens by itself where there are entries: somebody with the database could take all seals away, rewrite
    what is there, and wait for it.
    """
    with transaction.atomic():
        chain = hold_chain()
        chain.begin_sealing()
        chain.save()
        reason = f"Sealing begins after {chain.written:,} entries."
        actor = Actor("manage.py", Door.COMMAND)
        record_attempt(actor, "audit.seal", result=AuditResult.SUCCEEDED.value, target="audit", reason=reason)


def trim(before: datetime) -> int:
    """Removes the entries older than that, always a whole old end of the chain, and returns their number.

    The chain keeps the digest of the last one removed, so that what is left can still be verified.
    """
    first_kept = AuditEntry.objects.filter(at__gte=before).order_by("pk").values_list("pk", flat=True).first()
    old = AuditEntry.objects.all() if first_kept is None else AuditEntry.objects.filter(pk__lt=first_kept)
    newest = old.order_by("-pk").values_list("pk", flat=True).first()
    removed = 0
    while newest is not None and (number := _removed_some(newest)):
        removed += number
    if removed:
        reason = f"{removed:,} entries from before {before:%d %b %Y %H:%M} UTC were removed, as the settings say."
        record_attempt(KEEPER, "audit.trim", result=AuditResult.SUCCEEDED.value, target="audit", reason=reason)
    return removed


def _removed_some(newest: int) -> int:
    """A bounded number at a time, so that writers wait for a moment only."""
    with transaction.atomic():
        chain = hold_chain()
        walk = Walk(chain)
        oldest = AuditEntry.objects.filter(pk__lte=newest).order_by("pk")
        for entry in oldest[:REMOVED_AT_ONCE]:
            # Somebody may have made the entry older than it is, so that we remove it for them.
            if wrong := walk.step(entry):
                log.error("audit_trim_stopped", wrong=wrong)
                break
        if walk.newest is None:
            return 0
        # A number that somebody else changed must not get a seal.
        is_sealed = chain.is_removal_sealed
        chain.removed_digest, chain.removed = walk.previous, walk.position
        if is_sealed:
            chain.seal_removal()
        AuditEntry.objects.filter(pk__lte=walk.newest.pk).delete()
        chain.save()
        return walk.entries


def redacted(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters fit for the audit: credentials masked, long texts cut. Secret fields were dropped before."""
    return {_text(str(key), LONGEST_TEXT): _redacted(value) for key, value in parameters.items()}


def _redacted(value: Any) -> Any:
    if isinstance(value, str):
        shown = foreign_text(value)
        cut = shown if len(shown) <= LONGEST_CUT else f"{shown[:LONGEST_TEXT]}... ({len(value):,} characters)"
        return _text(cut, LONGEST_CUT)
    if isinstance(value, Mapping):
        return redacted(value)
    if isinstance(value, list | tuple):
        return [_redacted(item) for item in value[:LONGEST_TEXT]]
    # Databases read 1e22 back in another spelling, and the digest would no longer fit.
    return repr(value) if isinstance(value, float) else value


def _text(value: str, longest: int) -> str:
    """One line of visible characters without credentials: a line break or a terminal's escape shows as `\\n` and
    `\\x1b`, and can neither begin a record of its own nor hide one."""
    return visible(mask_credentials(value[:LONGEST_SCANNED])[:longest], stays="")[:longest]
