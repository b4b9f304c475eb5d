"""How cost grows with the organisation: the same questions and commands at one size of it, and at ten times that.

Answers are computed anew. Catching up is measured with so many facts that are new, whatever came before them; a rebuild
takes in all there are.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from time import perf_counter

from bench.agreement import Server, agree
from bench.calibration import Calibration
from bench.clients import Amid, Http
from bench.meter import resident
from bench.mutations import changes
from bench.organisation import employee_id
from bench.peers._program import Told
from bench.place import Place
from bench.projections import BEHIND_ALL, REBUILD, Whole, late, rebuilt
from bench.questions import Questions
from bench.result import Bar, Result
from bench.rounds import Contender, Tell, interleaved
from bench.servers import ANEW, LETTERS, NOTHING_KEPT, Servers
from projections._fold import ReadModels
from server import settle
from store.keys import Keys, LocalKms
from store.pool import pool
from vault import Vault

COPY = "bench_growth"
WRITERS, CLIENTS = 128, 32
COMMANDS = 50
"""Commands a second that go on while a rank is asked for."""

COMMAND, RANK = "a command, 128 writers", "E: rank of one employee, 1 client"
RANK_AMID = f"{RANK}, amid {COMMANDS} commands a second"
RANKED_IN = 1.0
"""Milliseconds."""

CATCHING_UP, REBUILDING = "catching up with a fact, all read models", "rebuilding all read models, for each fact"
FACTS, START, IDLE, AFTER = "facts", "start, s", "idle, MB", "after reads, MB"
LATE = 10_000
"""Commands that are caught up with."""

ROUNDS = 2
"""How often."""


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("growth", place.size, calibration)
    async with place.copy(COPY) as database:
        ((result.facts[FACTS],),) = await place.ask("SELECT position FROM store.head", database=database)
        await _reads(place, database, result, tell)
        await _commands(place, database, result, tell)
        await _rebuilt(place, database, result, tell)
    return result


async def _reads(place: Place, database: str, result: Result, tell: Tell) -> None:
    size, questions = place.size, Questions(place.size)
    async with AsyncExitStack() as stack:
        tell("starting")
        start = perf_counter()
        process, port = await stack.enter_async_context(place.meritbook(database, **NOTHING_KEPT))
        result.facts[START] = perf_counter() - start
        result.facts[IDLE] = resident(process)
        by_hand = await Servers(place, database, questions, stack).bare()
        token = place.token(employee_id(0))

        async def measured(title: str, contender: Contender) -> None:
            result.tables[title] = await interleaved(
                [contender],
                result.calibration,
                rounds=size.rounds,
                seconds=size.seconds,
                tell=lambda said: tell(f"{title} · {said}"),
            )

        for letter in "ABCDE":
            asks = questions.ours(letter, token)
            tell(f"{letter}: comparing answers")
            await agree(letter, [Server(ANEW, process, port, {letter: asks})], by_hand, questions)
            asked = Http(ANEW, port, CLIENTS, questions.always(letter, asks), place.meter(process))
            await measured(f"{letter}: {LETTERS[letter]}, {CLIENTS} clients", asked)
        alone = replace(asked, clients=1)
        await measured(RANK, alone)
        result.facts[AFTER] = resident(process)
        await measured(RANK_AMID, Amid(ANEW, alone, changes(size, token), COMMANDS))
    p50 = result.tables[RANK_AMID][ANEW].middle("p50") or 0.0
    what = f"rank of any employee among {size.employees:,} under updates, {result.facts[FACTS]:,} facts, over HTTP, p50"
    result.bars.append(Bar(what=what, wanted=RANKED_IN, found=p50, unit=" ms", at_most=True))


async def _commands(place: Place, database: str, result: Result, tell: Tell) -> None:
    size, calibration = place.size, result.calibration
    async with place.program("bench.ours", database) as ours:
        written = Told("Meritbook", ours, ("plain", WRITERS), place.meter())
        result.tables[COMMAND] = await interleaved(
            [written], calibration, rounds=size.rounds, seconds=size.seconds, tell=tell
        )
    async with place.program("bench.late", database) as program:
        behind = Whole(BEHIND_ALL, late(program, LATE))
        result.tables[CATCHING_UP] = await interleaved(
            [behind], calibration, rounds=ROUNDS, seconds=0, tell=tell, warm_up=0
        )


async def _rebuilt(place: Place, database: str, result: Result, tell: Tell) -> None:
    async with await pool(place.url(database), patience=None) as connections:
        settle()
        keys = Keys(connections, LocalKms(Vault.open(place.keys).people))
        beside = Whole(REBUILD, partial(rebuilt, connections, keys, ReadModels()), place.meter())
        result.tables[REBUILDING] = await interleaved(
            [beside], result.calibration, rounds=1, seconds=0, tell=tell, warm_up=0
        )
