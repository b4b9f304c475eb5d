"""Who signs in, and who administrates, said by whoever has the machine."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

import server
from cli._run import opened, run
from domain._kernel import Claim, NotFound
from domain.employee import Unknown
from operations import administrators
from operations.terminal import out
from settings import Settings
from store.claims import digest
from store.recorded import Origin

commands = typer.Typer()
user = typer.Typer(
    no_args_is_help=True, help="Who administrates. Says in the history that it was done from the command line."
)

Who = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="Their number, or their id.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]


@commands.command()
def token(
    employee: Who,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is good for.")] = 1,
) -> None:
    """Print a bearer token with which an employee signs in."""
    run(lambda settings: _token(settings, employee, timedelta(days=days)))


async def _token(settings: Settings, employee: str, lifetime: timedelta) -> None:
    async with opened(settings) as it:
        typer.echo(it.identity.token(await _employee(it, employee), lifetime=lifetime))


@user.command(name="administrators")
def list_administrators() -> None:
    """List the administrators: number, name and id."""
    run(_list_administrators)


async def _list_administrators(settings: Settings) -> None:
    async with opened(settings) as it:
        for each in await administrators.listed(it.pool):
            left = "" if each.works_here else "  (has left)"
            out.print(f"{each.number:<12} {each.name or '—'}  {each.id}{left}", markup=False)


@user.command()
def create(
    number: Annotated[str, typer.Argument(help="Their employee number: nobody else has or had it.")],
    name: Annotated[str, typer.Argument(help="Their name, as it is shown.")],
    work_email: Annotated[str, typer.Argument(help="Their e-mail address at work: nobody employed has it.")],
    title: Annotated[str, typer.Option(help="What they are.")] = "Administrator",
    reason: Reason = "",
) -> None:
    """Hire somebody as of today, as an administrator. Prints their id."""
    run(lambda settings: _create(settings, reason, number=number, name=name, work_email=work_email, title=title))


async def _create(settings: Settings, reason: str, **given: str) -> None:
    async with opened(settings) as it:
        typer.echo(await administrators.create(it.log, _origin(reason), **given))


@user.command()
def appoint(employee: Who, reason: Reason = "") -> None:
    """Make somebody who works here an administrator."""
    run(lambda settings: _change(settings, employee, reason, administrators.make, "is an administrator"))


@user.command()
def dismiss(employee: Who, reason: Reason = "") -> None:
    """Somebody is no administrator any more. The last one can't be dismissed."""
    run(lambda settings: _change(settings, employee, reason, administrators.unmake, "is no administrator"))


async def _change(
    settings: Settings, employee: str, reason: str, change: Callable[..., Coroutine[Any, Any, None]], now: str
) -> None:
    async with opened(settings) as it:
        await change(it.log, _origin(reason), await _employee(it, employee))
        out.print(f"{employee} {now}.", markup=False)


def _origin(reason: str) -> Origin:
    return Origin(actor=server.SYSTEM, reason=reason or "Said on the command line.")


async def _employee(it: server.Organisation, said: str) -> UUID:
    try:
        return UUID(said)
    except ValueError:
        pass
    claim = Claim("employee.number", said.casefold(), NotFound(""))
    held = "SELECT stream_id FROM store.claims WHERE kind = $1 AND value = $2"
    found: UUID | None = await it.pool.fetchval(held, claim.kind, digest(it.vault.claims, claim))
    if found is None:
        raise Unknown(f"Nobody has the number {said}.")
    return found
