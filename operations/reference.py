"""Writes the pages of `docs/reference` that are made from the code: `python -m operations.reference`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

import cli
import settings
from operations.health import LOOK_EVERY, PATIENCE, STUCK
from operations.metrics import DECLARED, Declared

FOLDER = Path(__file__).parent.parent / "docs/reference"
MADE = "<!-- Made from the code by `make reference`. -->"


def pages() -> Mapping[Path, str]:
    """Each page, whole."""
    made = {"settings.md": settings.page(), "metrics.md": _metrics(), "cli.md": _cli()}
    return {FOLDER / name: "\n".join([MADE, *lines, ""]) for name, lines in made.items()}


def _metrics() -> Iterator[str]:
    yield inspect.cleandoc(
        f"""
        # Health and metrics

        ## `/healthz`

        200 as long as the process answers, whatever else is wrong: who finds it silent restarts it.

        ## `/readyz`

        200 with `"status": "ready"`, or 503 with `"red"`, the names of what is wrong:

        | Check | Red when |
        |---|---|
        | `database` | PostgreSQL does not answer within {PATIENCE:g} s. |
        | `writer` | Commands are not taken, or have waited for {STUCK:g} s while none was answered. |
        | `witness` | The oldest fact that it has not seen is older than `LAG_LIMIT`. |
        | `readModels` | One of them is behind by more than `LAG_LIMIT`. `behind` names all that are behind at all. |

        While the server starts, or waits for its database, the status is `starting`, and `/graphql` answers 503 with
        the code `UNAVAILABLE`. The server looks every {LOOK_EVERY:g} s by itself, and each time that it is asked.

        ## `/metrics`

        The text format of Prometheus, on the port of the API. Without `METRICS_TOKEN` only the machine itself may
        read it, and not through a proxy; with it, whoever sends `Authorization: Bearer …`:

        ```yaml
        scrape_configs:
          - job_name: meritbook
            authorization: {{ credentials_file: /etc/prometheus/meritbook.token }}
            static_configs: [{{ targets: ["meritbook.internal:8000"] }}]
        ```

        The numbers are those of one server process; they begin at 0 when it starts. Beside these, there are the usual
        `process_*` and `python_*`.
        """
    )
    yield ""
    yield "| Metric | Kind | Labels | |"
    yield "|---|---|---|---|"
    for each in DECLARED:
        labels = ", ".join(f"`{label}`" for label in each.labels)
        yield f"| `{_name(each)}` | {_kind(each)} | {labels} | {each.about} |"


def _kind(metric: Declared) -> str:
    kinds: dict[Any, str] = {CounterMetricFamily: "counter", HistogramMetricFamily: "histogram"}
    return kinds.get(metric.kind, "gauge")


def _name(metric: Declared) -> str:
    return f"{metric.name}_total" if metric.kind is CounterMetricFamily else metric.name


# ── The command line ──


def _cli() -> Iterator[str]:
    group = typer.main.get_command(cli.cli)
    yield "# The command line"
    yield ""
    yield "`make` installs it as `.venv/bin/meritbook`. Every command reads the [settings](settings.md)."
    yield ""
    yield "| Exit status | |"
    yield "|---|---|"
    yield "| 0 | Done; or stopped by Ctrl-C or SIGTERM, in good order. |"
    yield "| 1 | It could not be done, or is not as it should be. One line on standard error says why. |"
    yield "| 2 | The command line itself is wrong. |"
    yield from _commands(group, "meritbook")


def _commands(group: Any, before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{before} {name}")
            continue
        arguments = [each for each in command.params if each.param_type_name == "argument"]
        options = [each for each in command.params if each.param_type_name == "option"]
        yield ""
        yield f"## `{' '.join([before, name, *(_placeholder(each) for each in arguments)])}`"
        yield ""
        yield inspect.cleandoc(command.help or "").replace("\n", " ")
        told = [(_placeholder(each), each) for each in arguments]
        told += [(each.opts[0], each) for each in options]
        if told := [(f"`{named}`", _about(each)) for named, each in told]:
            yield ""
            yield "| | |"
            yield "|---|---|"
            yield from (f"| {named} | {about} |" for named, about in told)


def _placeholder(argument: Any) -> str:
    return str(argument.metavar or argument.name).upper()


def _about(parameter: Any) -> str:
    default = parameter.default
    otherwise = f" `{default}` if it is left out." if parameter.param_type_name == "option" and default else ""
    return f"{parameter.help or ''}{otherwise}".strip()


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path, text in pages().items():
        path.write_text(text)
        sys.stdout.write(f"{path.relative_to(Path.cwd())}\n")


if __name__ == "__main__":
    main()
