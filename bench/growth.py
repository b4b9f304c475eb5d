"""How cost grows with the organisation: the same questions and commands at one size of it, and at ten times that.

Answers are computed anew. Catching up is measured with so many facts that are new, whatever came before them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from time import perf_counter

from bench.agreement import Server, agree
from bench.calibration import Calibration
from bench.clients import Http
from bench.meter import resident
from bench.organisation import employee_id
from bench.peers._program import Told
from bench.place import MAIN, Place
from bench.projections import BEHIND_ALL, Whole, late
from bench.questions import Questions
from bench.result import Result
from bench.rounds import Tell, interleaved
from bench.servers import ANEW, LETTERS, NOTHING_KEPT, Servers

COPY = "bench_growth"
WRITERS, CLIENTS = 128, 32
COMMAND, RANK = "a command, 128 writers", "E: rank of one employee, 1 client"
CATCHING_UP = "catching up with a fact, all read models"
START, IDLE, AFTER = "start, s", "idle, MB", "after reads, MB"
LATE = 10_000
"""Commands that are caught up with."""

ROUNDS = 2
"""How often."""


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("growth", place.size, calibration)
    await _reads(place, result, tell)
    await _commands(place, result, tell)
    ((facts,),) = await place.ask("SELECT position FROM store.head")
    result.facts["facts"] = facts
    return result


async def _reads(place: Place, result: Result, tell: Tell) -> None:
    questions = Questions(place.size)
    async with AsyncExitStack() as stack:
        tell("starting")
        start = perf_counter()
        process, port = await stack.enter_async_context(place.meritbook(MAIN, **NOTHING_KEPT))
        result.facts[START] = perf_counter() - start
        result.facts[IDLE] = resident(process)
        by_hand = await Servers(place, MAIN, questions, stack).bare()
        token = place.token(employee_id(0))
        for letter in "ABCDE":
            asks = questions.ours(letter, token)
            tell(f"{letter}: comparing answers")
            await agree(letter, [Server(ANEW, process, port, {letter: asks})], by_hand, questions)
            for clients, title in ((CLIENTS, f"{letter}: {LETTERS[letter]}, {CLIENTS} clients"), (1, RANK)):
                if clients == 1 and letter != "E":
                    continue
                asked = Http(ANEW, port, clients, questions.always(letter, asks), place.meter(process))
                result.tables[title] = await interleaved(
                    [asked], result.calibration, rounds=place.size.rounds, seconds=place.size.seconds, tell=tell
                )
        result.facts[AFTER] = resident(process)


async def _commands(place: Place, result: Result, tell: Tell) -> None:
    size, calibration = place.size, result.calibration
    async with place.copy(COPY) as database:
        async with place.program("bench.ours", database) as ours:
            written = Told("Meritbook", ours, ("plain", WRITERS), place.meter())
            result.tables[COMMAND] = await interleaved(
                [written], calibration, rounds=size.rounds, seconds=size.seconds, tell=tell
            )
        async with place.program("bench.late", database) as ours:
            behind = Whole(BEHIND_ALL, late(ours, LATE))
            result.tables[CATCHING_UP] = await interleaved(
                [behind], calibration, rounds=ROUNDS, seconds=0, tell=tell, warm_up=0
            )
