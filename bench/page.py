"""docs/benchmarks.md and docs/growth.md: written from the results that are kept, largest organisation first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from math import log
from pathlib import Path
from typing import Any

from bench import table
from bench.folder import PAGES, RESULTS
from bench.growth import AFTER, CATCHING_UP, COMMAND, FACTS, IDLE, RANK, RANK_AMID, REBUILDING, START
from bench.size import SIZES

NOTES = Path(__file__).parent
SECTIONS = ("commands", "reads", "projections", "start", "memory")
GROWTH = "growth"

HEAD = "<!-- Written by `make bench`: change {notes}, or measure again. -->\n# {title}\n\n"

TOLERANCE = 1.1
"""How much more than the logarithm is still taken for it: medians of different runs differ by as much."""


def latest() -> list[dict[str, Any]]:
    """The kept result of each section, of the largest organisation that it was measured with."""
    found = []
    for section in SECTIONS:
        for size in sorted(SIZES.values(), key=lambda it: -it.employees):
            path = RESULTS / f"{section}-{size.name}.json"
            if path.exists():
                found.append(json.loads(path.read_text()))
                break
    return found


def grown() -> list[dict[str, Any]]:
    """The kept results of growth, from the smallest organisation to the largest, and from little history to much."""
    found = [json.loads(path.read_text()) for path in RESULTS.glob(f"{GROWTH}-*.json")]
    return sorted(found, key=lambda it: (it["size"]["employees"], it["facts"][FACTS]))


def pages() -> dict[str, str]:
    """What the results that are kept make, by the name of the page."""
    results, sizes = latest(), grown()
    measured = [_machines(results), *(table.section(each) for each in results)] if results else []
    grows = ["Growth has not been measured yet."]
    if sizes:
        bars = {"bars": [bar for size in sizes for bar in size["bars"]]}
        grows = [_machines(sizes), _measured(sizes), *_grows(sizes), *table.bars_on_page(bars)]
    return {
        "benchmarks.md": _page("Benchmarks", "notes.md", measured),
        "growth.md": _page("Growth", "growth.md", grows),
    }


def write() -> None:
    """The pages. By itself, without measuring again: `python -m bench.page`."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (PAGES / name).write_text(text)


def _page(title: str, notes: str, parts: Sequence[str]) -> str:
    said = (NOTES / notes).read_text().strip()
    return HEAD.format(notes=f"bench/{notes}", title=title) + "\n\n".join((said, *parts)) + "\n"


def _machines(results: Sequence[dict[str, Any]]) -> str:
    machines = {
        f"{it['machine']['cores']} cores of {it['machine']['processor']}, {it['machine']['memory_gb']} GB, "
        f"{it['machine']['system']}, Python {it['machine']['python']}"
        for it in results
    }
    return f"**The machine**: {'; '.join(sorted(machines))}."


# ── Growth ──

Cost = Callable[[dict[str, Any]], float | None]


def _processor(title: str) -> Cost:
    """Microseconds of processor time, PostgreSQL's included, for each thing done: the least of the rounds."""
    return _of(title, lambda it: min(each["server_cpu"] + each["database_cpu"] for each in it["samples"]))


def _first(result: dict[str, Any], title: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = next(iter(result["tables"].get(title, {}).values()), None)
    return found


def _of(title: str, what: Callable[[dict[str, Any]], float]) -> Cost:
    def cost(result: dict[str, Any]) -> float | None:
        figures = _first(result, title)
        return what(figures) if figures else None

    return cost


def _fact(name: str) -> Cost:
    return lambda result: result["facts"].get(name)


APART = (COMMAND, CATCHING_UP, REBUILDING, RANK, RANK_AMID)
"""What has a line of its own kind."""


def costs(results: Sequence[dict[str, Any]]) -> dict[str, Cost]:
    """What is looked at: in each case, less is better."""
    asked = [title for title in results[0]["tables"] if title not in APART]
    return {
        f"{COMMAND}: CPU µs": _processor(COMMAND),
        **{f"{title}: CPU µs": _processor(title) for title in asked},
        **{f"{title}: p50 ms": _of(title, lambda it: float(it["p50"])) for title in (RANK, RANK_AMID)},
        **{f"{title}: µs": _of(title, lambda it: 1e6 / it["rate"]) for title in (CATCHING_UP, REBUILDING)},
        START: _fact(START),
        IDLE: _fact(IDLE),
        AFTER: _fact(AFTER),
    }


def _grows(results: Sequence[dict[str, Any]]) -> Iterator[str]:
    """With more people, of whom little is known; and with more and more known of as many people."""
    as_many = {count: [it for it in results if it["size"]["employees"] == count] for count in map(_people, results)}
    yield f"## More people\n\n{growth([little[0] for little in as_many.values()], _people)}"
    for count, longer in as_many.items():
        if len(longer) > 1:
            yield f"## More facts, of {count:,} people\n\n{growth(longer, _facts)}"


def _people(result: dict[str, Any]) -> int:
    count: int = result["size"]["employees"]
    return count


def _facts(result: dict[str, Any]) -> int:
    count: int = result["facts"][FACTS]
    return count


def growth(results: Sequence[dict[str, Any]], size: Callable[[dict[str, Any]], int]) -> str:
    """What each thing costs at each size; between two sizes, how many times as much; and what the logarithm gives."""
    sizes = [size(result) for result in results]
    headings = ["", f"{sizes[0]:,}"]
    for each in sizes[1:]:
        headings += ["", f"{each:,}"]
    lines = [["**if it grew as the logarithm does**", *_with_ratios([log(each) for each in sizes], shown=False)]]
    for what, cost in costs(results).items():
        values = [cost(result) for result in results]
        lines.append([what, *_with_ratios(values, sizes)])
    return table.markdown(tuple(headings), lines)


def _with_ratios(
    values: Sequence[float | None], sizes: Sequence[int] | None = None, *, shown: bool = True
) -> list[str]:
    """Values and, between two of them, the later as a multiple of the earlier; in bold where the logarithm is less."""
    cells = [table.number(values[0]) if shown else ""]
    for n in range(1, len(values)):
        before, now = values[n - 1], values[n]
        ratio = now / before if before and now else None
        said = f"× {ratio:.2f}" if ratio else "–"
        if ratio and sizes and ratio > TOLERANCE * log(sizes[n]) / log(sizes[n - 1]):
            said = f"**{said}**"
        cells += [said, table.number(now) if shown else ""]
    return cells


def _measured(results: Sequence[dict[str, Any]]) -> str:
    lines = [
        [
            f"{_people(it):,}",
            f"{_facts(it):,}",
            it["at"],
            it["machine"]["commit"],
            table.quiet(it).removeprefix("the machine was "),
        ]
        for it in results
    ]
    return table.markdown(("employees", "facts", "measured", "commit", "the machine was"), lines)


if __name__ == "__main__":
    write()
