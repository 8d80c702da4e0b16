"""The engine: takes an operation under a lease, does its steps, waits without holding a worker, ends it in words.

`run` advances one operation; `reap` wakes and ends what is overdue; `end`, `wake` and `poke` are for the actions.
"""

from operations.engine.advance import run
from operations.engine.audit import begin_sealing, hold_chain, record_attempt, redacted, trim
from operations.engine.ending import end, promote_next
from operations.engine.reaper import last_round, reap
from operations.engine.wake import announce_operation, poke, send, wake

__all__ = [
    "announce_operation",
    "begin_sealing",
    "end",
    "hold_chain",
    "last_round",
    "poke",
    "promote_next",
    "reap",
    "record_attempt",
    "redacted",
    "run",
    "send",
    "trim",
    "wake",
]
