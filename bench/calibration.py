"""Is this machine quiet? The same work timed again and again, and the processor time that others use meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from statistics import mean, median
from time import perf_counter

from bench.meter import Others

QUIET = 1.15
"""Up to how much slower than its best a quiet machine gets."""

ALONE = 0.1
"""Up to which share of the processors others use on it."""


@dataclass(slots=True)
class Calibration:
    """`readings` are the milliseconds of one and the same piece of work; `others` shares of the processors."""

    readings: list[float] = field(default_factory=list)
    others: list[float] = field(default_factory=list)
    _others: Others = field(default_factory=Others)

    def begin(self) -> float:
        """Before something is measured."""
        start = perf_counter()
        data = b"meritbook"
        for _ in range(20_000):
            data = sha256(data).digest()
        self.readings.append((perf_counter() - start) * 1_000)
        self._others.read()
        return self.readings[-1]

    def end(self) -> float:
        """After it: the share of the processors that others used meanwhile."""
        self.others.append(self._others.read())
        return self.others[-1]

    @property
    def noise(self) -> float:
        """The median reading as a multiple of the best: 1.0 is a machine that nobody else uses."""
        return median(self.readings) / min(self.readings) if self.readings else 1.0

    @property
    def busy(self) -> float:
        """The share of the processors that others used while something was measured."""
        return mean(self.others) if self.others else 0.0

    @property
    def is_quiet(self) -> bool:
        return self.noise <= QUIET and self.busy <= ALONE
