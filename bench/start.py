"""Starts and memory: the demo's first and second start, and what the server holds idle and busy."""

from __future__ import annotations

import shutil
import sys
from time import perf_counter

from bench.calibration import Calibration
from bench.clients import Http
from bench.meter import resident
from bench.mutations import endlessly, scores
from bench.organisation import employee_id
from bench.place import Place
from bench.questions import Questions
from bench.result import Bar, Result
from bench.rounds import Tell

SECOND_START = 5.0
COPY = "bench_start"
BUSY = 4.0
"""Seconds of each kind of load."""


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("start", place.size, calibration)
    calibration.begin()
    await _demo(place, result, tell)
    await _memory(place, result, tell)
    calibration.end()
    return result


async def _demo(place: Place, result: Result, tell: Tell) -> None:
    """`make demo`, on a fresh folder, with its own PostgreSQL."""
    folder = place.folder / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    for which in ("first", "second"):
        tell(f"{which} start of the demo")
        port = place.port()
        said = {"DATA": str(folder), "KEYS": "", "DATABASE_URL": "", "PORT": str(port)}
        start = perf_counter()
        async with place.running("demo", [sys.executable, "-m", "cli", "demo"], port=port, environment=said) as process:
            result.facts[f"{which} start of the demo, s"] = perf_counter() - start
            result.facts["server with the demo and its PostgreSQL, MB"] = resident(process)
    second = result.facts["second start of the demo, s"]
    result.bars.append(Bar(what="second start of the demo", wanted=SECOND_START, found=second, unit=" s", at_most=True))
    shutil.rmtree(folder, ignore_errors=True)


async def _memory(place: Place, result: Result, tell: Tell) -> None:
    """One server, first idle, then asked much, then told much."""
    async with place.copy(COPY) as database:
        start = perf_counter()
        async with place.meritbook(database) as (process, port):
            result.facts["start with the generated organisation, s"] = perf_counter() - start
            result.facts["idle, MB"] = resident(process)
            questions, token = Questions(place.size), place.token(employee_id(0))
            for letter in "ABCD":
                tell(f"memory while {letter} is asked")
                asked = questions.always(letter, questions.ours(letter, token))
                await Http("", port, 32, asked).run(BUSY)
            result.facts["after reads, MB"] = resident(process)
            tell("memory while commands go on")
            work = await Http("", port, 128, endlessly(scores(place.size, token))).run(BUSY)
            result.facts[f"after {work.done:,} commands, too, MB"] = resident(process)
