"""How often somebody may ask: a bucket of tokens for each viewer and each address, refilled at a steady rate."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from schema._plan import Cache

KEPT = 20_000
"""Buckets kept at a time. Who is forgotten has a full one again."""

BURST = 5
"""Seconds' worth of requests that may come at once."""


class Rates:
    """Counts requests in this process. `rate` is how many a second; 0 for any number."""

    def __init__(self, rate: float, *, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._most = max(rate * BURST, 1.0)
        self._buckets: Cache[object, tuple[float, float]] = Cache(KEPT)

    def wait(self, who: object) -> float:
        """0 if they may ask now, and that is counted; else how many seconds they have to wait."""
        if not self._rate:
            return 0.0
        now = self._clock()
        left, since = self._buckets.find(who) or (self._most, now)
        left = min(self._most, left + (now - since) * self._rate)
        if left < 1:
            return (1 - left) / self._rate
        self._buckets.keep(who, (left - 1, now))
        return 0.0
