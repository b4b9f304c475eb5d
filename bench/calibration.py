"""Is this machine quiet? The same work, timed again and again: what differs is what others do to it."""

from __future__ import annotations

from hashlib import sha256
from statistics import median
from time import perf_counter

QUIET = 1.15
"""Up to how much slower than its best a quiet machine gets."""


class Calibration:
    """Every reading is the milliseconds of one and the same piece of work."""

    def __init__(self) -> None:
        self.readings: list[float] = []

    def read(self) -> float:
        start = perf_counter()
        data = b"meritbook"
        for _ in range(20_000):
            data = sha256(data).digest()
        self.readings.append((perf_counter() - start) * 1_000)
        return self.readings[-1]

    @property
    def noise(self) -> float:
        """The median reading as a multiple of the best: 1.0 is a machine that nobody else uses."""
        return median(self.readings) / min(self.readings) if self.readings else 1.0

    @property
    def is_quiet(self) -> bool:
        return self.noise <= QUIET
