"""How much of the processors was used, by the server and by PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

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
    """Reads what a server and a PostgreSQL have used so far; with their children, the dead ones included."""

    server: psutil.Process | None
    postmaster: psutil.Process

    def read(self) -> Used:
        return Used(_seconds(self.server) if self.server else 0.0, _seconds(self.postmaster))


def _seconds(process: psutil.Process) -> float:
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        total += sum(process.cpu_times()[:4])  # its own, and of the children that it has buried
        for child in process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                total += sum(child.cpu_times()[:2])
    return total


def resident(process: psutil.Process) -> float:
    """Megabytes that a process and its children hold in memory."""
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6
