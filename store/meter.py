"""What a writer has done since it started, as plain numbers: counting must cost nothing, and who shows them reads them.

Nothing here knows a label, a lock or a format.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from domain._kernel import Refused
from store.command import Command, Decided, Outcome, Unavailable

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
COMMANDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0)


class Histogram:
    """How often something was at most as much as each of `bounds`, and how much it was altogether."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Watcher(Protocol):
    """Who wants to know of each command, when it is given and when it is answered, and of each commit.

    What `given` answers stays with the command; a commit is told what stayed with those that it recorded facts of.
    """

    def given(self) -> Any: ...
    def answered(self, given: Any, answer: Outcome | BaseException) -> None: ...
    def committed(self, given: Collection[Any], commands: int, seconds: float) -> None: ...


@dataclass(slots=True)
class Meter:
    """Commands are counted when they are answered, each as one of these."""

    asked: int = 0
    recorded: int = 0
    unchanged: int = 0
    """It was so already: nothing was recorded."""
    repeated: int = 0
    """Sent again with the same command id: answered as it was the first time."""
    refused: int = 0
    unavailable: int = 0
    """PostgreSQL stayed away."""
    failed: int = 0
    abandoned: int = 0
    """Who asked did not wait for the answer."""
    facts: int = 0
    taken_back: int = 0
    """Commits that were tried the fast way, and then decided again the careful way."""
    batch: Histogram = field(default_factory=lambda: Histogram(COMMANDS))
    """Commands that were recorded in one commit."""
    commit: Histogram = field(default_factory=Histogram)
    """Seconds from a batch's decision to its commit."""
    refusals: Counter[str] = field(default_factory=Counter)
    """What clients were told, by code: also by who may not, and for what names nothing, where no command was given."""
    watcher: Watcher | None = None

    @property
    def answered(self) -> int:
        took_effect = self.recorded + self.unchanged + self.repeated
        return took_effect + self.refused + self.unavailable + self.failed + self.abandoned

    def given(self, command: Command) -> None:
        self.asked += 1
        if self.watcher is not None:
            command.watched = self.watcher.given()

    def took_effect(self, command: Command, outcome: Outcome) -> None:
        if self.watcher is not None:
            self.watcher.answered(command.watched, outcome)
        if outcome.repeated:
            self.repeated += 1
        elif outcome.facts:
            self.recorded += 1
            self.facts += len(outcome.facts)
        else:
            self.unchanged += 1

    def went_wrong(self, command: Command, error: BaseException) -> None:
        if self.watcher is not None:
            self.watcher.answered(command.watched, error)
        if isinstance(error, Refused):
            self.refused += 1
        elif isinstance(error, Unavailable):
            self.unavailable += 1
        elif isinstance(error, Exception):
            self.failed += 1
        else:
            self.abandoned += 1

    def committed(self, batch: Collection[Decided], seconds: float) -> None:
        self.batch.observe(len(batch))
        self.commit.observe(seconds)
        if self.watcher is not None:
            given = [each.command.watched for each in batch if each.facts]
            self.watcher.committed(given, len(batch), seconds)
