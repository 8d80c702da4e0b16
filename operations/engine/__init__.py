"""The engine: takes an operation under a lease, does its steps, waits without holding a worker, ends it in words.

`run` advances one operation; `reap` wakes and ends what is overdue. The actions `admit` and `record` a new one, `end`
one, and `poke` those that wait.
"""

from operations.engine.admission import Request, admit, audit_refusals, refuse_when_read_only
from operations.engine.advance import run
from operations.engine.audit import begin_sealing, hold_chain, record_attempt, trim
from operations.engine.ending import end
from operations.engine.reaper import last_round, reap
from operations.engine.recording import record, refuse_busy
from operations.engine.wake import announce_operation, poke, send, wake

__all__ = [
    "Request",
    "admit",
    "announce_operation",
    "audit_refusals",
    "begin_sealing",
    "end",
    "hold_chain",
    "last_round",
    "poke",
    "reap",
    "record",
    "record_attempt",
    "refuse_busy",
    "refuse_when_read_only",
    "run",
    "send",
    "trim",
    "wake",
]
