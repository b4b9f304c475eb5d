"""The results as people read them: in the terminal, and as a page."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.table import Table

HEADINGS = (
    *("rate /s", "spread", "p50 ms", "p99 ms", "CPU itself µs", "CPU PostgreSQL µs"),
    *("of the first", "others’ CPU"),
)


def rows(figures: dict[str, Any]) -> list[list[str]]:
    """One table of a result: a line for each contender. Rates are compared with the first one's."""
    first = next(iter(figures.values()))["rate"] or 1.0
    return [
        [
            who,
            number(it["rate"]),
            f"{number(it['spread'][0])}–{number(it['spread'][1])}",
            number(it["p50"]),
            number(it["p99"]),
            number(it["server_cpu"]),
            number(it["database_cpu"]),
            f"{it['rate'] / first:.2f} ×",
            percent(it.get("others")),
        ]
        for who, it in figures.items()
    ]


def terminal(name: str, figures: dict[str, Any]) -> Table:
    table = Table(title=name, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for row in rows(figures):
        table.add_row(*row)
    return table


def bars(result: dict[str, Any]) -> Table:
    table = Table(title=f"Bars: {result['section']}", title_justify="left", box=box.SIMPLE_HEAD)
    for heading, justify in (("", "left"), ("wanted", "right"), ("found", "right"), ("spread", "right"), ("", "left")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for bar in result["bars"]:
        table.add_row(*bar_row(bar, met="[green]met[/]", missed="[red]missed[/]"))
    return table


def bar_row(bar: dict[str, Any], *, met: str, missed: str) -> list[str]:
    unit = bar["unit"]
    spread = f"{number(bar['low'])}–{number(bar['high'])}" if bar["low"] is not None else ""
    return [
        bar["what"],
        f"{'≤' if bar['at_most'] else '≥'} {number(bar['wanted'])}{unit}",
        f"{number(bar['found'])}{unit}",
        spread,
        met if bar["met"] else missed,
    ]


def number(value: float | None) -> str:
    """Three digits that mean something, and thousands kept apart."""
    if value is None:
        return "–"
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.3g}"


def percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def said(value: Any) -> str:
    return number(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def quiet(result: dict[str, Any]) -> str:
    """Whether others had their hands in it."""
    others = f", others used {percent(result['others'])} of the processors" if "others" in result else ""
    return f"the machine was {'quiet' if result['quiet'] else 'NOISY'} (noise {result['noise']:.2f}{others})"


# ── The page ──


def markdown(headings: tuple[str, ...], lines: list[list[str]]) -> str:
    """A table, its first column left and the others right."""
    rule = ["---", *("---:" for _ in headings[1:])]
    return "\n".join("| " + " | ".join(line) + " |" for line in ([*headings], rule, *lines))


def bars_on_page(result: dict[str, Any]) -> list[str]:
    """A table of them, if there are any."""
    lines = [bar_row(bar, met="met", missed="**missed**") for bar in result["bars"]]
    return [markdown(("", "wanted", "found", "spread", ""), lines)] if lines else []


def section(result: dict[str, Any]) -> str:
    """A section of the page: the bars, then each table."""
    machine, size = result["machine"], result["size"]
    parts = [
        f"## {result['section'].capitalize()}",
        ", ".join(
            (
                result["at"],
                f"commit {machine['commit']}",
                f"{size['employees']:,} employees",
                f"{size['rounds']} rounds of {size['seconds']:g} s",
                f"{quiet(result)}.",
            )
        ).replace("NOISY", "**noisy**"),
    ]
    parts += bars_on_page(result)
    for name, figures in result["tables"].items():
        parts.append(f"### {name}")
        parts.append(markdown(("", *HEADINGS), rows(figures)))
    if result["facts"]:
        parts.append(markdown(("", "found"), [[name, said(it)] for name, it in result["facts"].items()]))
    return "\n\n".join(parts)
