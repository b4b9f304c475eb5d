"""How much of the processors was used: by the server, by PostgreSQL, and by those who have no part in this."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

import psutil


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of processor time."""

    server: float
    database: float

    def __sub__(self, other: Used) -> Used:
        return Used(self.server - other.server, self.database - other.database)


@dataclass(frozen=True, slots=True)
class Meter:
    """Reads what a server and a PostgreSQL have used so far; with their children, the dead ones included.

    The server must not be who started PostgreSQL, or its work would count twice.
    """

    server: psutil.Process | None
    postmaster: psutil.Process

    def read(self) -> Used:
        return Used(_seconds(self.server) if self.server else 0.0, _seconds(self.postmaster))


@dataclass(slots=True)
class Others:
    """Which share of the processors somebody else used since this was last asked: 1.0 is all of them.

    Whoever is not this process nor one that it started; of a virtual machine, its neighbours too.
    """

    _ours: psutil.Process = field(default_factory=psutil.Process)
    _busy: float = 0.0
    _used: float = 0.0
    _at: float = 0.0

    def read(self) -> float:
        busy, used, at = _busy(), _seconds(self._ours), perf_counter()
        theirs = (busy - self._busy) - (used - self._used)
        share = theirs / ((at - self._at) * (psutil.cpu_count() or 1))
        self._busy, self._used, self._at = busy, used, at
        return min(1.0, max(0.0, share))


def _busy() -> float:
    times = psutil.cpu_times()
    return sum(getattr(times, name, 0.0) for name in ("user", "nice", "system", "steal"))


def _seconds(process: psutil.Process) -> float:
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(each.cpu_times()[:4])  # its own, and of the children that it has buried
    return total


def resident(process: psutil.Process) -> float:
    """Megabytes that a process and its children hold in memory."""
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6
