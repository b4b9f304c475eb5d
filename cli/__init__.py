"""The command line: `meritbook serve`, or `make serve`.

Exit status 0: done. 1: it could not be done, or is not as it should be; one line says why. 2: the command line itself
is wrong.
"""

from __future__ import annotations

import typer

from cli import people, serving, upkeep

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Meritbook: the people of a sales organisation, what they work on, how they score, what they are paid.",
    epilog="Settings are environment variables: see docs/reference/settings.md.",
)
cli.add_typer(serving.commands)
cli.add_typer(upkeep.commands)
cli.add_typer(people.commands)
cli.add_typer(people.user, name="user")
