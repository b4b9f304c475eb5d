"""The import: every step once, however often it is begun and wherever it was cut off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterator
from uuid import UUID

from asyncpg import Pool, Record

from demo.dataset import Dataset
from demo.organisation import organisation
from demo.people import ADMIN
from demo.step import Calculation, Chapter, Step
from demo.year import QUARTERS, calculation, customers, promises, year
from store.log import Log

IN_FLIGHT = 1_024
"""Steps begun at a time. Half of them wait for the one before them on their stream: so this is two full batches."""

Progress = Callable[[int, int], None]
"""Told how many steps are done, and how many there are."""


class Occupied(Exception):
    """There is an organisation already, and it is not the demo's."""


def history(dataset: Dataset) -> Iterator[Chapter]:
    """All that happened, in its order."""
    yield from organisation(dataset)
    yield from promises(dataset)
    yield customers(dataset)
    yield from year(dataset)


LAST = calculation(QUARTERS[-1])
"""With this step an import is finished."""


async def is_finished(log: Log) -> bool:
    return LAST.command_id in {fact.origin.command_id for fact in await log.stream(LAST.id)}


async def is_begun(log: Log) -> bool:
    """Whether there is an organisation, and it is the demo's."""
    return bool(await log.stream(ADMIN.id))


async def bring_in(log: Log, pool: Pool[Record], dataset: Dataset, progress: Progress) -> None:
    """Take every step that was not taken yet. Those that were are known by the ids of their commands."""
    taken = {fact.origin.command_id async for fact in log.everything()}
    chapters = list(history(dataset))
    it = Import(log, pool, taken, progress, of=sum(map(len, chapters)))
    for chapter in chapters:
        await it.write(chapter)


class Import:
    """Takes the steps of a chapter, many at a time, those of one stream in their order."""

    def __init__(self, log: Log, pool: Pool[Record], taken: Container[UUID], progress: Progress, *, of: int) -> None:
        self._log = log
        self._pool = pool
        self._taken = taken
        self._done, self._of = 0, of
        self._tell = progress
        self._room = asyncio.Semaphore(IN_FLIGHT)

    async def write(self, chapter: Chapter) -> None:
        latest: dict[UUID, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            for step in chapter:
                if step.command_id in self._taken:
                    self._count()
                else:
                    await self._room.acquire()
                    latest[step.id] = group.create_task(self._take(step, after=latest.get(step.id)))

    async def _take(self, step: Step | Calculation, *, after: asyncio.Task[None] | None) -> None:
        try:
            if after:
                await after
            await step.take(self._log, self._pool)
        finally:
            self._room.release()
        self._count()

    def _count(self) -> None:
        self._done += 1
        self._tell(self._done, self._of)
