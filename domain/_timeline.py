"""What held when, and trees whose branches change over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Generic, TypeVar
from uuid import UUID

from domain._values import END_OF_TIME, Period

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeline(Generic[T]):
    """The values of one attribute, each from its day until the next; the last one without end."""

    changes: tuple[tuple[date, T], ...] = ()

    @property
    def latest(self) -> T | None:
        return self.changes[-1][1] if self.changes else None

    @property
    def since(self) -> date | None:
        return self.changes[-1][0] if self.changes else None

    def then(self, since: date, value: T) -> Timeline[T]:
        """From that day on it is this, whatever was foreseen for later."""
        return Timeline((*(change for change in self.changes if change[0] < since), (since, value)))

    def on(self, when: date) -> T | None:
        return next((value for since, value in reversed(self.changes) if since <= when), None)

    def during(self, period: Period) -> Iterator[tuple[T, Period]]:
        """Every value that holds within the period, with the part of it in which it does."""
        days = (*(since for since, _ in self.changes), END_OF_TIME)
        for (since, until), (_, value) in zip(pairwise(days), self.changes, strict=True):
            start, end = max(since, period.start), min(until, period.end)
            if start < end:
                yield value, Period(start, end)


NEVER: Timeline[Any] = Timeline()


def closes_a_circle(start: UUID, target: UUID, since: date, above: Callable[[UUID], Timeline[UUID | None]]) -> bool:
    """Whether on any day from `since` on the way up from `start` comes to `target`.

    Nothing is passed twice: what is `above` may be of different moments, and so go round for ever by itself.
    """
    waiting = [(start, Period(since, END_OF_TIME))]
    passed: set[tuple[UUID, Period]] = set()
    while waiting:
        here, period = waiting.pop()
        if here == target:
            return True
        passed.add((here, period))
        waiting += [(up, part) for up, part in above(here).during(period) if up and (up, part) not in passed]
    return False
