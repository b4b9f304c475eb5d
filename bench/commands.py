"""Commands: the whole path below GraphQL, read models included, beside the limit and beside the library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter

import psutil

from bench.calibration import Calibration
from bench.day import HOT_SHARE, Day
from bench.library import THREADS, library
from bench.meter import Meter
from bench.mutations import mutations
from bench.peers import group, pgbench
from bench.peers._program import Program, Threads, process_of
from bench.peers.group import GroupCommit
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Contender, Figures, Tell, Work, interleaved
from server import opened, settle

WRITERS = (1, 16, 128, 1024)
SINGLE_ROW_CLIENTS = (1, 16, 64)
COPY = "bench_commands"

WHOLE, HOT, GROUP, SINGLE, SAVE = "Meritbook", "Meritbook, 5 % hot", "group commit", "pgbench", "Application.save"


@dataclass(frozen=True, slots=True)
class Loop:
    """So many writers in this process, each beginning its next command when it has the answer of the one before."""

    name: str
    writers: int
    one: Callable[[], Awaitable[None]]
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:
        latencies: list[float] = []
        start = perf_counter()
        until = start + seconds

        async def write() -> None:
            while (begun := perf_counter()) < until:
                await self.one()
                latencies.append(perf_counter() - begun)

        await asyncio.gather(*(write() for _ in range(self.writers)))
        return Work(len(latencies), perf_counter() - start, latencies)


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("commands", place.size, calibration)
    async with place.copy(COPY) as database:
        await place.say(*group.TABLES, *pgbench.TABLES, database=database)
        async with opened(place.settings(database)) as it:
            plain, hot = Day(it.log, place.size), Day(it.log, place.size, HOT_SHARE)
            settle()
            await hot.prepare_hot()
            await Loop("", 128, plain.one).run(1.0)
            rows = [tuple(row) for row in await place.ask(_LATEST, database=database)]
            meter = place.meter(psutil.Process())
            async with GroupCommit(place.url(database), rows) as bare, library(place, database, result) as saving:
                for writers in WRITERS:
                    contenders: list[Contender] = [
                        Loop(WHOLE, writers, plain.one, meter),
                        Loop(HOT, writers, hot.one, meter),
                        Loop(GROUP, writers, bare.one, meter),
                        *_outside(place, database, saving, writers),
                    ]
                    result.tables[f"{writers:,} writers"] = await interleaved(
                        contenders,
                        calibration,
                        rounds=place.size.rounds,
                        seconds=place.size.seconds,
                        tell=lambda said, writers=writers: tell(f"{writers:,} writers · {said}"),  # type: ignore[misc]
                    )
        await mutations(place, database, result, tell)
    _bars(result)
    return result


_LATEST = "SELECT * FROM store.log ORDER BY position DESC LIMIT 5000"


def _outside(place: Place, database: str, saving: Program | None, writers: int) -> list[Contender]:
    """Those that are programs of their own, at the numbers of clients that suit them."""
    found: list[Contender] = []
    if (clients := min(writers, SINGLE_ROW_CLIENTS[-1])) in SINGLE_ROW_CLIENTS:
        found.append(pgbench.Pgbench(SINGLE, place.cluster.socket_folder, database, clients, place.meter()))
    if saving is not None:
        meter = place.meter(process_of(saving))
        found.append(Threads(SAVE, saving, min(writers, THREADS), meter))
    return found


def _bars(result: Result) -> None:
    at = result.tables["128 writers"]
    singles = [figures[SINGLE] for figures in result.tables.values() if SINGLE in figures]
    best = max(singles, key=lambda it: it.rate)
    result.bars += [
        Bar.ratio("whole path at 128 writers, of the bare group commit", 0.25, at[WHOLE], at[GROUP]),
        Bar.ratio("whole path at 128 writers, of pgbench's best", 0.8, at[WHOLE], best),
        Bar.ratio("with 5 % of commands on hot streams, of without", 0.7, at[HOT], at[WHOLE]),
    ]
    if SAVE in at:
        saves: list[Figures] = [figures[SAVE] for figures in result.tables.values() if SAVE in figures]
        result.bars.append(
            Bar.ratio(
                "whole path at 128 writers, of Application.save's best",
                15,
                at[WHOLE],
                max(saves, key=lambda it: it.rate),
            )
        )
