"""The closed sets of the ledger."""

from core.words import StatusWord, Tone


class OperationState(StatusWord):
    """QUEUED -> RUNNING -> SUCCEEDED | FAILED | CANCELLED | STALLED;  QUEUED -> CANCELLED | STALLED.

    The last four are final. STALLED: its deadline passed, or nobody could finish it or see how it ended; the
    reason is in words.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALLED = "stalled"

    @property
    def is_final(self) -> bool:
        return self not in OPEN_STATES


OPEN_STATES = (OperationState.QUEUED, OperationState.RUNNING)


class StepState(StatusWord):
    """PENDING -> RUNNING -> SUCCEEDED | FAILED | CANCELLED. A waiting step is RUNNING and says what it waits for."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AuditResult(StatusWord):
    """What became of an attempt; denials and refusals are kept too."""

    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    STALLED = "stalled"
    DENIED = "denied"
    REFUSED = "refused"

    @property
    def tone(self) -> Tone:
        return AUDIT_TONES[self]

    @property
    def icon(self) -> str:
        # What was started is a fact of the past here; the turning ring would say that it still runs.
        return "circle" if self is AuditResult.STARTED else self.tone.icon


AUDIT_TONES = {
    AuditResult.STARTED: Tone.BUSY,
    AuditResult.SUCCEEDED: Tone.OK,
    AuditResult.FAILED: Tone.BAD,
    AuditResult.CANCELLED: Tone.IDLE,
    AuditResult.STALLED: Tone.BAD,
    AuditResult.DENIED: Tone.WARN,
    AuditResult.REFUSED: Tone.WARN,
}


class Risk(StatusWord):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
