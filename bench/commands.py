"""Commands: the whole path below GraphQL, read models included, beside the limit and beside the library."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bench.calibration import Calibration
from bench.library import THREADS, library
from bench.mutations import mutations
from bench.peers import group, pgbench
from bench.peers._program import Program, Told, program
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Contender, Figures, Tell, interleaved

WRITERS = (1, 16, 128, 1024)
SINGLE_ROW_CLIENTS = (1, 16, 64)
COPY = "bench_commands"

WHOLE, HOT, GROUP, SINGLE, SAVE = "Meritbook", "Meritbook, 5 % hot", "group commit", "pgbench", "Application.save"


class DifferentRows(Exception):
    """Those who are compared did not write the same: then it makes no sense to compare how quickly."""


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("commands", place.size, calibration)
    async with place.copy(COPY) as database:
        async with AsyncExitStack() as stack:
            contenders = await _everybody(place, database, result, stack)
            for writers in WRITERS:
                title = _title(writers)
                result.tables[title] = await interleaved(
                    contenders.at(writers),
                    calibration,
                    rounds=place.size.rounds,
                    seconds=place.size.seconds,
                    tell=lambda said, title=title: tell(f"{title} · {said}"),  # type: ignore[misc]
                )
        await _check(place, database, result)
        await mutations(place, database, result, tell)
    _bars(result)
    return result


def _title(writers: int) -> str:
    return f"{writers:,} {'writer' if writers == 1 else 'writers'}"


@dataclass(frozen=True, slots=True)
class Everybody:
    """Each a program of its own; `library` only where it can be installed."""

    place: Place
    database: str
    ours: Program
    group: Program
    library: Program | None

    def at(self, writers: int) -> list[Contender]:
        """Who is measured with so many writers. Those to whom another number suits better have that."""
        meter = self.place.meter()
        found: list[Contender] = [
            Told(WHOLE, self.ours, ("plain", writers), meter),
            Told(HOT, self.ours, ("hot", writers), meter),
            Told(GROUP, self.group, (writers,), meter),
        ]
        if (clients := min(writers, SINGLE_ROW_CLIENTS[-1])) in SINGLE_ROW_CLIENTS:
            sockets = self.place.cluster.socket_folder
            found.append(pgbench.Pgbench(SINGLE, sockets, self.database, clients, meter))
        if self.library is not None:
            found.append(Told(SAVE, self.library, (min(writers, THREADS),), meter))
        return found


async def _everybody(place: Place, database: str, result: Result, stack: AsyncExitStack) -> Everybody:
    ours = await stack.enter_async_context(place.program("bench.ours", database))
    await ours.ask("plain", 128, 1.0)  # so that there is a day to take a sample of
    await place.say(*group.SAMPLE, *pgbench.TABLES, database=database)
    url = {**os.environ, "DATABASE_URL": place.url(database)}
    bare = await stack.enter_async_context(program("bench.peers.group", url))
    saving = await stack.enter_async_context(library(place, database, result))
    return Everybody(place, database, ours, bare, saving)


WRITTEN = {
    (WHOLE, HOT): "SELECT count(*) FROM store.commands",
    (GROUP,): "SELECT count(*) FROM bench.log",
    (SINGLE,): "SELECT count(*) FROM bench_single.log",
    (SAVE,): "SELECT count(*) FROM public.scores_events",
}


async def _check(place: Place, database: str, result: Result) -> None:
    """All of what was told to be written is there; rows that were only inserted are such as we had recorded."""
    for names, query in WRITTEN.items():
        figures = [found[name] for found in result.tables.values() for name in names if name in found]
        samples = [sample for each in figures for sample in each.samples]
        told = sum(each.done for each in samples)
        ((there,),) = await place.ask(query, database=database) if samples else ((0,),)
        if there < told:
            raise DifferentRows(f"{' and '.join(names)}: {told:,} were told to be written, and {there:,} are there.")
    for inserted in ("bench.log", "bench_single.log"):
        strangers = await place.ask(
            f"SELECT {group.COLUMNS} FROM {inserted} EXCEPT SELECT {group.COLUMNS} FROM bench.sample", database=database
        )
        if strangers:
            raise DifferentRows(f"{len(strangers)} rows of {inserted} are none that was recorded.")
    ((facts, last, head),) = await place.ask(
        "SELECT count(*), max(l.position), (SELECT position FROM store.head) FROM store.log l", database=database
    )
    if not facts == last == head:
        raise DifferentRows(f"There are {facts} facts up to position {last}, and the head stands at {head}.")


def _bars(result: Result) -> None:
    at = result.tables[_title(128)]
    best = _best(result, SINGLE)
    assert best is not None
    result.bars += [
        Bar.ratio("whole path at 128 writers, of the bare group commit", 0.25, at[WHOLE], at[GROUP]),
        Bar.ratio("whole path at 128 writers, of pgbench's best", 0.8, at[WHOLE], best),
        Bar.ratio("with 5 % of commands on hot streams, of without", 0.7, at[HOT], at[WHOLE]),
    ]
    if (saves := _best(result, SAVE)) is not None:
        result.bars.append(
            Bar.ratio("whole path at 128 writers, of Application.save's best", 15, at[WHOLE], saves),
        )


def _best(result: Result, who: str) -> Figures | None:
    """At the number of writers that suits them best."""
    found = [figures[who] for figures in result.tables.values() if who in figures]
    return max(found, key=lambda it: it.rate, default=None)
