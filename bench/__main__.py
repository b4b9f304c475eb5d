"""`make bench`, or `make bench ONLY=reads SIZE=small`: everything side by side, or one section of it.

SIZE  tiny, small, medium or full: how large an organisation. `small` takes minutes on two cores, `full` most of an hour
ONLY  commands, reads, projections or start; several with commas between
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from time import perf_counter

import structlog
import uvloop
from rich.console import Console
from rich.status import Status

from bench import commands, page, projections, reads, start, table
from bench.calibration import QUIET, Calibration
from bench.place import Place, place
from bench.result import Result
from bench.rounds import Tell
from bench.size import SIZES

Section = Callable[[Place, Calibration, Tell], Awaitable[Result]]

MEASURES: dict[str, Section] = {
    "commands": commands.measure,
    "reads": reads.measure,
    "projections": projections.measure,
    "start": start.measure,
}

out = Console(highlight=False)


async def bench(here: Place, names: list[str]) -> None:
    with out.status("") as status:
        begun = perf_counter()
        rate = await here.prepare(lambda what, at, of: status.update(f"{what}: {at:,} of {of:,}"))
        if rate is not None:
            out.print(f"The organisation is made: {rate:,.0f} facts a second, {perf_counter() - begun:,.0f} s.")
    for name in names:
        calibration = Calibration()
        with out.status(name) as status:
            result = await MEASURES[name](here, calibration, _teller(name, status))
        result.write()
        found = result.as_json()
        for title, figures in found["tables"].items():
            out.print(table.terminal(f"{name}: {title}", figures))
        out.print(table.bars(found))
        for what, it in result.facts.items():
            out.print(f"{what}: {it}")
        if not calibration.is_quiet:
            out.print(f"[yellow]This machine is noisy: {calibration.noise:.2f}, where {QUIET} is quiet.[/]")
    page.write()


def _teller(name: str, status: Status) -> Tell:
    def tell(said: str) -> None:
        status.update(f"{name} · {said}")
        if not out.is_terminal:
            print(f"{name} · {said}", file=sys.stderr, flush=True)

    return tell


def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    size = SIZES.get(os.environ.get("SIZE") or "full")
    names = [name for name in (os.environ.get("ONLY") or ",".join(MEASURES)).split(",") if name]
    if size is None or not set(names) <= set(MEASURES):
        sys.exit(f"SIZE is one of {', '.join(SIZES)}; ONLY is of {', '.join(MEASURES)}.")
    with place(size) as here:
        uvloop.run(bench(here, names))


if __name__ == "__main__":
    main()
