"""How long to wait before the next attempt: exponential, jittered, bounded."""

import random

FIRST_S = 0.2
LONGEST_S = 15.0


class Backoff:
    """Many observers that lost the same server must not come back in step, and none may spin."""

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._failures = 0

    def next_s(self) -> float:
        """Seconds to wait after one more failure: 0.2, 0.4, ... up to 15, each give or take a third."""
        pause = min(self._longest_s, self._first_s * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return pause * random.uniform(0.67, 1.33)  # noqa: S311  no secret depends on it

    def reset(self) -> None:
        self._failures = 0
