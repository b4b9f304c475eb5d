"""Follows the log for all who follow it: one reads what is new, and tells the others how far it goes.

Woken by what this process records, and looking twice a second for what others have. Nobody depends on it to be told of
each fact: it says where the head is, and who follows reads up to there from a place of their own. The newest facts are
kept at hand, opened once for all.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

from schema._mutation import Log
from store.follower import follow
from store.recorded import Recorded

PAGE = 500
KEPT = 1_000
"""Facts at hand."""

LOOK_EVERY = 0.5
"""Seconds between looks at what other processes have recorded; what this one records wakes it."""

PAUSE = 0.01
"""Seconds between two looks at least: under load one look is for many commits."""


class Live:
    """The head of the log, as long as anybody follows it."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._head = 0
        self._head_known = False
        self._news = asyncio.Event()
        self._followers = 0
        self._following: asyncio.Task[None] | None = None
        self._facts: OrderedDict[int, Recorded] = OrderedDict()

    @asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Follow the log in the meantime; all who do so share one task."""
        self._followers += 1
        if self._following is None:
            self._head_known = False
            following = follow("live", self._log.news, self._catch_up, look_every=LOOK_EVERY, pause=PAUSE)
            self._following = asyncio.create_task(following, name="live")
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._following.cancel()
                self._following = None
                self._facts.clear()

    async def beyond(self, position: int) -> int:
        """Where the head is, as soon as it is beyond this position."""
        while self._head <= position:
            await self._news.wait()
        return self._head

    def at_hand(self, after: int, to: int) -> list[Recorded] | None:
        """All facts after a position and up to another, if they are at hand."""
        if to - after > len(self._facts):
            return None
        found = self.at_hand_of(range(after + 1, to + 1))
        return found if len(found) == to - after else None

    def at_hand_of(self, positions: Iterable[int]) -> list[Recorded]:
        """Those of the facts at these positions that are at hand."""
        return [self._facts[each] for each in positions if each in self._facts]

    async def _catch_up(self) -> None:
        """What happened while nobody followed is passed over; from there on, page by page."""
        if not self._head_known:
            self._tell(await self._log.head(), [])
            self._head_known = True
        while page := await self._log.after(self._head, limit=PAGE):
            self._tell(page[-1].position, page)

    def _tell(self, head: int, facts: Iterable[Recorded]) -> None:
        for each in facts:
            self._facts[each.position] = each
            if len(self._facts) > KEPT:
                self._facts.popitem(last=False)
        self._head = max(self._head, head)
        self._news.set()
        self._news = asyncio.Event()


def people(facts: Iterable[Recorded], about: Callable[[Recorded], UUID | None]) -> frozenset[UUID]:
    """Whom these facts are about."""
    return frozenset(person for each in facts if (person := about(each)) is not None)
