"""`make bench`, or `make bench ONLY=reads SIZE=small`: everything side by side, or one section of it.

SIZE          tiny, small, medium, full, million or long: how large an organisation
ONLY          commands, reads, projections, start, memory or growth; several with commas between
BENCH_FOLDER  where everything is kept, if it is a look that is not to be published
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import structlog
import uvloop
from rich.console import Console

from bench import commands, growth, memory, page, projections, reads, start, table
from bench.calibration import Calibration
from bench.place import Place, place
from bench.result import Result
from bench.rounds import Tell
from bench.size import ORGANISATIONS, SIZES, Size

Section = Callable[[Place, Calibration, Tell], Awaitable[Result]]

MEASURES: dict[str, Section] = {
    "commands": commands.measure,
    "reads": reads.measure,
    "projections": projections.measure,
    "start": start.measure,
    "memory": memory.measure,
}
GROWTH = "growth"
NAMES = (*MEASURES, GROWTH)
STOPPED = 130
CLEAR = "\r\x1b[K"
SELDOM = 5.0
"""Seconds between two lines of progress where they are not written over each other."""

WIDE = 160
"""Columns of the tables where nobody says how many there are."""

out = Console(highlight=False)
if not out.is_terminal and "COLUMNS" not in os.environ:
    out.width = WIDE


async def bench(here: Place, sections: dict[str, Section]) -> bool:
    """One organisation, made if it is not there, and these sections of it; whether all went well.

    SIGTERM ends it as Ctrl-C does.
    """
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    begun = perf_counter()
    with _telling(here.size.name) as tell:
        rate = await here.prepare(lambda what, at, of: tell(f"{what}: {at:,} of {of:,}"))
    if rate is not None:
        seconds = perf_counter() - begun
        out.print(f"{here.size.employees:,} employees are made: {rate:,.0f} facts a second, {seconds:,.0f} s.")
    well = True
    for name, measure in sections.items():
        begun = perf_counter()
        try:
            with _telling(name) as tell:
                result = await measure(here, Calibration(), tell)
        except Exception:  # noqa: BLE001  # what one section finds wrong is no reason not to measure the others
            out.print_exception()
            out.print(f"{name} of {here.size.employees:,} employees came to nothing.\n")
            well = False
        else:
            result.write()
            show(result, perf_counter() - begun)
            page.write()
    return well


def show(result: Result, seconds: float) -> None:
    found = result.as_json()
    for title, figures in found["tables"].items():
        out.print(table.terminal(f"{result.section}: {title}", figures))
    if found["bars"]:
        out.print(table.bars(found))
    for what, it in result.facts.items():
        out.print(f"{what}: {table.said(it)}")
    out.print(f"{result.section} of {result.size.employees:,} employees: {seconds:,.0f} s; {table.quiet(found)}.\n")


@contextmanager
def _telling(name: str) -> Iterator[Tell]:
    """Says in one line what goes on. No thread keeps it moving: that would be measured, too."""
    said_at = 0.0

    def tell(said: str) -> None:
        nonlocal said_at
        if out.is_terminal:
            print(f"{CLEAR}{name} · {said}", end="", flush=True)
        elif perf_counter() - said_at > SELDOM:
            said_at = perf_counter()
            print(f"{name} · {said}", file=sys.stderr, flush=True)

    try:
        yield tell
    finally:
        if out.is_terminal:
            print(CLEAR, end="", flush=True)


def measure(size: Size, names: list[str]) -> bool:
    well = []
    sections = {name: MEASURES[name] for name in MEASURES if name in names}
    if sections:
        with place(size) as here:
            well.append(uvloop.run(bench(here, sections)))
    for each in size.grows if GROWTH in names else ():
        with place(ORGANISATIONS[each]) as here:
            well.append(uvloop.run(bench(here, {GROWTH: growth.measure})))
    return all(well)


def main() -> None:
    if sys.argv[1:]:
        sys.exit(__doc__)
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    size = SIZES.get(os.environ.get("SIZE") or "full")
    names = [name for name in (os.environ.get("ONLY") or ",".join(NAMES)).split(",") if name]
    if size is None or not set(names) <= set(NAMES):
        sys.exit(f"SIZE is one of {', '.join(SIZES)}; ONLY is of {', '.join(NAMES)}.")
    begun = perf_counter()
    try:
        well = measure(size, names)
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.print("Stopped. What was measured is kept; what was not is as it was.")
        sys.exit(STOPPED)
    out.print(f"{(perf_counter() - begun) / 60:,.1f} minutes altogether.")
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
