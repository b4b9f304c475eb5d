"""What the command line looks like: progress on long work, and a table of findings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from operations.doctor import Finding, Verdict
from projections._build import Progress as Tell

out = Console(highlight=False, soft_wrap=True)

_MARKS = {Verdict.WELL: "[green]✓[/]", Verdict.MIND: "[yellow]![/]", Verdict.WRONG: "[red]✗[/]"}


@contextmanager
def progress(what: str) -> Iterator[Tell]:
    """A bar on the terminal, or else a line now and then; from the first time that there is anything to tell."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    bar = Progress(*columns, console=err)
    task = bar.add_task(what)
    said = 0

    def tell(done: int, of: int) -> None:
        nonlocal said
        if err.is_terminal:
            bar.start()
            bar.update(task, completed=done, total=of)
        elif of and (tenth := done * 10 // of) > said:
            said = tenth
            err.print(f"{what}: {done} of {of}")

    try:
        yield tell
    finally:
        if bar.live.is_started:
            bar.stop()


def show(finding: Finding) -> None:
    out.print(f"{_MARKS[finding.verdict]} {finding.what:<12}", end="")
    out.print(finding.found, markup=False)
    if finding.advice:
        out.print(f"{'':15}→ {finding.advice}", markup=False)
