"""A program that knows no read models, as one of another version does; and how read models catch up with what it did.

    [20000]            so many commands; then all read models catch up
    [20000, "scores"]  so many scores; then that read model alone does

Each is answered with the facts, the seconds, and the seconds of processor time of this process, of catching up. Nobody
else works on the database: a server would catch up by itself, while commands still go on.
"""

from __future__ import annotations

import asyncio
import os
from functools import partial
from time import perf_counter, process_time
from typing import Any

import structlog
import uvloop

from bench.day import Day
from bench.size import ORGANISATIONS
from bench.writers import obey
from projections._build import catch_up
from projections._fold import ReadModels
from server import settle
from settings import Settings
from store.keys import LocalKms
from store.log import Log
from store.pool import connect, pool
from vault import Vault

WRITERS = 256


async def main() -> None:
    settings = Settings.read(os.environ)
    size = ORGANISATIONS[os.environ["SIZE"]]
    url, vault, everything = settings.database_url or "", Vault.open(settings.keys), ReadModels()
    dice = iter(range(1_000))
    async with await pool(url) as connections:
        settle()

        async def behind(commands: int, model: str | None = None) -> tuple[Any, ...]:
            log = Log(
                connect=partial(connect, url),
                pool=connections,
                kms=LocalKms(vault.people),
                projector=ReadModels([]),
                pepper=vault.claims,
            )
            before = await log.head()
            async with log:
                day, left = Day(log, size, seed=next(dice)), iter(range(commands))

                async def some() -> None:
                    for _ in left:
                        await (day.record() if model else day.one())

                await asyncio.gather(*(some() for _ in range(WRITERS)))
                facts = await log.head() - before
                chosen = ReadModels([each for each in everything.models.values() if model in (None, each.name)])
                start, used = perf_counter(), process_time()
                await catch_up(connections, log.keys, chosen)
                found = (facts, perf_counter() - start, process_time() - used)
                await catch_up(connections, log.keys, everything)
            return found

        await obey(behind)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run(main())
