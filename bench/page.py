"""docs/benchmarks.md: written from the results that are kept, largest organisation first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import table
from bench.result import RESULTS
from bench.size import SIZES

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
NOTES = Path(__file__).parent / "notes.md"
SECTIONS = ("commands", "reads", "projections", "start")

HEAD = """\
<!-- Written by `make bench`: change bench/notes.md, or measure again. -->
# Benchmarks

"""


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


def growth() -> str:
    """Medians of the first contender, Meritbook, by the size of the organisation; where several were measured."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text())
        employees = result["size"]["employees"]
        for title, figures in result["tables"].items():
            name = (
                f"{result['section']}: {title}" if "facts" not in title else f"{result['section']}: the whole history"
            )
            found.setdefault(name, {})[employees] = next(iter(figures.values()))
    sizes = sorted({employees for by_size in found.values() for employees in by_size})
    if len(sizes) < 2:  # noqa: PLR2004
        return ""
    lines = [
        [name, *(_grown(by_size.get(employees)) for employees in sizes)]
        for name, by_size in found.items()
        if len(by_size) > 1
    ]
    headings = ("rate /s, p50 ms", *(f"{employees:,} employees" for employees in sizes))
    return "## Growth\n\n" + table.markdown(headings, lines)


def _grown(figures: dict[str, Any] | None) -> str:
    return f"{table.number(figures['rate'])}, {table.number(figures['p50'])}" if figures else ""


def write() -> None:
    results = latest()
    machines = {
        f"{it['machine']['cores']} cores of {it['machine']['processor']}, {it['machine']['memory_gb']} GB, "
        f"{it['machine']['system']}, Python {it['machine']['python']}"
        for it in results
    }
    parts = [NOTES.read_text().strip(), f"**The machine**: {'; '.join(sorted(machines))}."]
    parts += [table.section(each) for each in results]
    PAGE.write_text(HEAD + "\n\n".join(filter(None, (*parts, growth()))) + "\n")
