"""The command line: `meritbook serve`, or `make serve`.

Exit status 0: done. 1: it could not be done, or is not as it should be; one line says why. 2: the command line itself
is wrong.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import typer
import uvloop

import listening
import logs
import projections._build as read_models
import server
import store.migrate
from demo import importer
from demo.dataset import read
from demo.welcome import dirt_in, first_query, people_to_be
from domain._kernel import Claim, NotFound, Refused
from operations import administrators, doctor
from operations.terminal import out, progress, show
from operations.traces import tracing
from schema import sdl
from settings import BadSetting, Settings
from store import witness
from store.claims import digest
from store.command import Unavailable
from store.embedded import CannotStart
from store.migrate import NewerDatabase
from store.pool import pool
from store.recorded import Origin
from vault import BadKey, Vault


class NobodyThere(Exception):
    """No employee has this number."""


NOT_OURS = (
    BadSetting, BadKey, CannotStart, NewerDatabase, NobodyThere, importer.Occupied, Refused, Unavailable,
)  # fmt: skip
"""What only whoever started the program can mend: told in a line, without a traceback."""


cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Meritbook: the people of a sales organisation, what they work on, how they score, what they are paid.",
    epilog="Settings are environment variables: see docs/reference/settings.md.",
)
user = typer.Typer(
    no_args_is_help=True, help="Who administrates. Says in the history that it was done from the command line."
)
cli.add_typer(user, name="user")

Who = Annotated[str, typer.Argument(metavar="EMPLOYEE", help="Their number, or their id.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the history.")]


@cli.command()
def serve() -> None:
    """Serve the organisation; an empty one gets its first administrator."""
    _run(_serve)


@cli.command()
def demo() -> None:
    """Import a sales organisation's real data, where that is not done yet, and serve it."""
    _run(_demo)


@cli.command()
def verify() -> None:
    """Hash every fact again, and compare with every checkpoint that was signed. Exit status 1 if anything differs."""
    _run(_verify)


@cli.command()
def migrate() -> None:
    """Bring the database to the version of this program. A start does so by itself."""
    _run(_migrate)


@cli.command()
def rebuild() -> None:
    """Build every read model anew from the log, beside the live ones; commands and queries go on."""
    _run(_rebuild)


@cli.command(name="doctor")
def examine() -> None:
    """Look at the set-up, and say what to do. Changes nothing. Exit status 1 if something is wrong."""
    _run(_doctor)


@cli.command()
def schema() -> None:
    """Print the GraphQL schema, in SDL."""
    typer.echo(sdl(), nl=False)


@cli.command()
def token(
    employee: Who,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is good for.")] = 1,
) -> None:
    """Print a bearer token with which an employee signs in."""
    _run(lambda settings: _token(settings, employee, timedelta(days=days)))


@user.command(name="administrators")
def list_administrators() -> None:
    """List the administrators: number, name and id."""
    _run(_list_administrators)


@user.command()
def create(
    number: Annotated[str, typer.Argument(help="Their employee number: nobody else has or had it.")],
    name: Annotated[str, typer.Argument(help="Their name, as it is shown.")],
    work_email: Annotated[str, typer.Argument(help="Their e-mail address at work: nobody employed has it.")],
    title: Annotated[str, typer.Option(help="What they are.")] = "Administrator",
    reason: Reason = "",
) -> None:
    """Hire somebody as of today, as an administrator. Prints their id."""
    _run(lambda settings: _create(settings, reason, number=number, name=name, work_email=work_email, title=title))


@user.command()
def appoint(employee: Who, reason: Reason = "") -> None:
    """Make somebody who works here an administrator."""
    _run(lambda settings: _change(settings, employee, reason, administrators.make, "is an administrator"))


@user.command()
def dismiss(employee: Who, reason: Reason = "") -> None:
    """Somebody is no administrator any more. The last one can't be dismissed."""
    _run(lambda settings: _change(settings, employee, reason, administrators.unmake, "is no administrator"))


# ── What they do ──


async def _serve(settings: Settings) -> None:
    async with _serving(settings) as (it, serve_it):
        signs_in = {}
        if await server.is_new(it.log):
            await server.appoint_first_administrator(it.log)
            signs_in["the first administrator"] = server.FIRST_ADMINISTRATOR
        _welcome(it, settings, signs_in)
        await serve_it()


async def _demo(settings: Settings) -> None:
    async with _serving(settings) as (it, serve_it):
        dataset = read()
        if not await importer.is_begun(it.log) and not await server.is_new(it.log):
            raise importer.Occupied("There is an organisation already, and it is not the demo's: set another DATA.")
        if not await importer.is_finished(it.log):
            with progress("Importing the demo") as tell:
                await importer.bring_in(it.log, it.pool, dataset, tell)
            out.print("What is wrong in the files, and what was made of it:", *dirt_in(dataset), sep="\n")
        _welcome(it, settings, people_to_be(dataset), first_query())
        await serve_it()


@asynccontextmanager
async def _serving(settings: Settings) -> AsyncIterator[tuple[server.Organisation, Callable[[], Awaitable[None]]]]:
    """The organisation, and what serves it: it has the port from the beginning, and answers that nothing is ready."""
    with listening.listen(settings) as taken, tracing(settings.traces_url) as tracer:
        async with listening.listening_on(taken) as front, _opened(settings, server.patiently_opened) as it:
            yield it, partial(server.serve, it, settings, front, tracer)


def _welcome(it: server.Organisation, settings: Settings, signs_in: Mapping[str, UUID], query: str = "") -> None:
    url = f"http://{settings.host}:{settings.port}/graphql"
    out.print(f"GraphQL at {url}")
    for who, id in signs_in.items():
        out.print(f"\nAs {who}, for a day, with the header\nAuthorization: Bearer {it.identity.token(id)}")
    if query:
        who, id = next(iter(signs_in.items()))
        headers = f"-H 'Content-Type: application/json' -H 'Authorization: Bearer {it.identity.token(id)}'"
        body = json.dumps({"query": query})
        out.print(f"\nA first query, as {who}:\ncurl -s {url} {headers} -d '{body}'", markup=False)
    out.print("\nA token for anybody: .venv/bin/meritbook token NUMBER")


async def _verify(settings: Settings) -> None:
    key = Vault.open(settings.keys).checkpoints
    async with server.database(settings) as url, await pool(url) as connections:
        with progress("Hashing every fact again") as tell:
            verdict = await witness.verify(connections, key, progress=tell)
    if verdict.broken is not None:
        sys.exit(f"meritbook: fact {verdict.broken}: {verdict.because}")
    out.print(f"{verdict.size} facts are as they were recorded; {verdict.checkpoints} signed checkpoints agree.")
    out.print(f"Root: {verdict.root.hex()}")


async def _migrate(settings: Settings) -> None:
    async with server.database(settings) as url:
        await store.migrate.migrate(url)
    out.print("The database is at the version of this program.")


async def _rebuild(settings: Settings) -> None:
    async with _opened(settings) as it:
        with progress("Building read models anew") as tell:
            await read_models.rebuild(it.pool, it.log.keys, it.read_models, tell)
        out.print(f"{len(it.read_models.tables)} read models are built anew.")


async def _token(settings: Settings, employee: str, lifetime: timedelta) -> None:
    async with _opened(settings) as it:
        typer.echo(it.identity.token(await _employee(it, employee), lifetime=lifetime))


async def _doctor(settings: Settings) -> None:
    verdicts = []
    async for finding in doctor.examine(settings, server.database):
        show(finding)
        verdicts.append(finding.verdict)
    if doctor.Verdict.WRONG in verdicts:
        sys.exit("meritbook: something is wrong; what to do is said above.")
    out.print("All is well." if doctor.Verdict.MIND not in verdicts else "Nothing is wrong.")


async def _list_administrators(settings: Settings) -> None:
    async with _opened(settings) as it:
        for each in await administrators.listed(it.pool):
            left = "" if each.works_here else "  (has left)"
            out.print(f"{each.number:<12} {each.name or '—'}  {each.id}{left}", markup=False)


async def _create(settings: Settings, reason: str, **given: str) -> None:
    async with _opened(settings) as it:
        typer.echo(await administrators.create(it.log, _origin(reason), **given))


async def _change(
    settings: Settings, employee: str, reason: str, change: Callable[..., Coroutine[Any, Any, None]], now: str
) -> None:
    async with _opened(settings) as it:
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
        raise NobodyThere(f"Nobody has the number {said}.")
    return found


Opening = Callable[[Settings, read_models.Progress], AbstractAsyncContextManager[server.Organisation]]


@asynccontextmanager
async def _opened(settings: Settings, opening: Opening = server.opened) -> AsyncIterator[server.Organisation]:
    async with AsyncExitStack() as stack:
        with progress("Bringing read models up to date") as tell:
            it = await stack.enter_async_context(opening(settings, tell))
        yield it


def _run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Do it; Ctrl-C and SIGTERM end it in good order, and what only the caller can mend is told in a line."""
    logs.configure()

    async def until_stopped() -> None:
        task = asyncio.current_task()
        assert task is not None
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        loop.set_exception_handler(logs.unhandled)
        settings = Settings.read(os.environ)
        logs.configure(settings.log_level)
        await work(settings)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_stopped())
    except NOT_OURS as error:
        sys.exit(f"meritbook: {error}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.print("Stopped.")


if __name__ == "__main__":
    cli()
