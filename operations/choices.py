"""The closed sets of the ledger."""

from core.words import StatusWord, Tone


class OperationState(StatusWord):
    """QUEUED -> RUNNING -> SUCCEEDED | FAILED | CANCELLED | STALLED;  QUEUED -> CANCELLED | STALLED.

    The last four are final. STALLED: its deadline passed, or nobody could finish it or see how it ended; the
    reason is in words.
    """

    QUEUED = "queued", Tone.BUSY
    RUNNING = "running", Tone.BUSY
    SUCCEEDED = "succeeded", Tone.OK
    FAILED = "failed", Tone.BAD
    CANCELLED = "cancelled", Tone.IDLE
    STALLED = "stalled", Tone.BAD

    @property
    def is_final(self) -> bool:
        return self not in OPEN_STATES


OPEN_STATES = (OperationState.QUEUED, OperationState.RUNNING)


class StepState(StatusWord):
    """PENDING -> RUNNING -> SUCCEEDED | FAILED | CANCELLED. A waiting step is RUNNING and says what it waits for."""

    PENDING = "pending", Tone.UNKNOWN
    RUNNING = "running", Tone.BUSY
    SUCCEEDED = "succeeded", Tone.OK
    FAILED = "failed", Tone.BAD
    CANCELLED = "cancelled", Tone.IDLE


class AuditResult(StatusWord):
    """What became of an attempt; denials and refusals are kept too."""

    # What was started is a fact of the past here; the turning ring would say that it still runs.
    STARTED = "started", Tone.BUSY, "circle"
    SUCCEEDED = "succeeded", Tone.OK
    FAILED = "failed", Tone.BAD
    CANCELLED = "cancelled", Tone.IDLE
    STALLED = "stalled", Tone.BAD
    DENIED = "denied", Tone.WARN
    REFUSED = "refused", Tone.WARN


class Risk(StatusWord):
    LOW = "low", Tone.OK
    MEDIUM = "medium", Tone.WARN
    HIGH = "high", Tone.BAD
