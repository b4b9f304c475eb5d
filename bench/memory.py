"""A day of commands, as fast as they can be given: what the process holds in memory grows until its caches are full.

The process is a server without its front door. `slope` is that of the straight line through the last half.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import linear_regression

from bench.calibration import Calibration
from bench.meter import resident
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Tell

COPY = "bench_memory"
WRITERS = 128
CHUNK = 2.0
"""Seconds between two looks."""

PER_SECOND = 12
"""Commands of a busy organisation, to say how long a day this is."""

MOST = 2.0
"""By how many per cent what is held may grow in the last half: what is measured with takes some, too."""

TOLD = 8
"""How many of the looks stand in the result."""


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("memory", place.size, calibration)
    looks: list[tuple[int, float]] = []
    async with place.copy(COPY) as database, place.program("bench.ours", database) as program:
        process = program.watched()
        looks.append((0, resident(process)))
        calibration.begin()
        while (done := looks[-1][0]) < place.size.day:
            tell(f"a day: {done:,} of {place.size.day:,} commands, {looks[-1][1]:,.0f} MB")
            taken, *_ = await program.ask("plain", WRITERS, CHUNK)
            looks.append((done + taken, resident(process)))
        calibration.end()
        held = await program.ask("held")
    result.facts["commands"] = looks[-1][0]
    result.facts[f"a day at so many a second, every hour of it: {PER_SECOND}; days"] = looks[-1][0] / (
        PER_SECOND * 86_400
    )
    for done, megabytes in _some(looks):
        result.facts[f"after {done:,} commands, MB"] = megabytes
    for what, (there, most) in held.items():
        result.facts[f"{what} held, of at most {most:,}"] = there
    slope = slope_of(looks)
    result.facts["slope of the last half, bytes per 1,000 commands"] = slope
    there, most = held["streams"]
    result.facts["the cache of streams"] = "was full" if there >= most else "was not full yet: memory had to grow"
    result.bars.append(
        Bar(
            what="memory, growth over the last half of the day",
            wanted=MOST,
            found=max(0.0, 100 * slope * looks[-1][0] / 2_000 / (looks[-1][1] * 1e6)),
            unit=" %",
            at_most=True,
        )
    )
    return result


def slope_of(looks: Sequence[tuple[int, float]]) -> float:
    """Bytes per 1,000 commands, of the straight line through the last half of (commands, megabytes)."""
    half = looks[-1][0] / 2
    last = [each for each in looks if each[0] >= half]
    if len(last) < 2:  # noqa: PLR2004
        return 0.0
    return linear_regression([done for done, _ in last], [held * 1e6 for _, held in last]).slope * 1_000


def _some(looks: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Evenly, the first and the last among them."""
    last = len(looks) - 1
    return [looks[n] for n in sorted({round(last * part / TOLD) for part in range(TOLD + 1)})]
