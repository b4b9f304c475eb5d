"""The command line: `python -m cli serve`, or `make serve`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from socket import socket
from typing import Annotated, Any
from uuid import UUID

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import logs
import projections._build as read_models
import server
import store.migrate
from demo import importer
from demo.dataset import read
from demo.welcome import dirt_in, first_query, people_to_be
from domain._kernel import Claim, NotFound
from settings import BadSetting, Settings
from store import witness
from store.claims import digest
from store.embedded import CannotStart
from store.migrate import NewerDatabase
from store.pool import pool
from vault import BadKey, Vault


class NobodyThere(Exception):
    """No employee has this number."""


NOT_OURS = (BadSetting, BadKey, CannotStart, NewerDatabase, NobodyThere, importer.Occupied)
"""What only whoever started the program can mend: told in a line, without a traceback."""


cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Meritbook: the people of a sales organisation.",
)
out = Console(highlight=False, soft_wrap=True)


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


@cli.command()
def token(
    employee: Annotated[str, typer.Argument(help="Their number, or their id.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="How long it is good for.")] = 1,
) -> None:
    """Print a bearer token with which an employee signs in."""
    _run(lambda settings: _token(settings, employee, timedelta(days=days)))


# ── What they do ──


async def _serve(settings: Settings) -> None:
    with server.listen(settings) as listening:
        async with _opened(settings) as it:
            signs_in = {}
            if await server.is_new(it.log):
                await server.appoint_first_administrator(it.log)
                signs_in["the first administrator"] = server.FIRST_ADMINISTRATOR
            await _serving(it, settings, listening, signs_in)


async def _demo(settings: Settings) -> None:
    with server.listen(settings) as listening:
        async with _opened(settings) as it:
            dataset = read()
            if not await importer.is_begun(it.log) and not await server.is_new(it.log):
                raise importer.Occupied("There is an organisation already, and it is not the demo's: set another DATA.")
            if not await importer.is_finished(it.log):
                with _progress("Importing the demo") as progress:
                    await importer.bring_in(it.log, it.pool, dataset, progress)
                out.print("What is wrong in the files, and what was made of it:", *dirt_in(dataset), sep="\n")
            await _serving(it, settings, listening, people_to_be(dataset), first_query())


async def _serving(
    it: server.Organisation, settings: Settings, listening: socket, signs_in: Mapping[str, UUID], query: str = ""
) -> None:
    url = f"http://{settings.host}:{settings.port}/graphql"
    out.print(f"GraphQL at {url}")
    for who, id in signs_in.items():
        out.print(f"\nAs {who}, for a day, with the header\nAuthorization: Bearer {it.identity.token(id)}")
    if query:
        who, id = next(iter(signs_in.items()))
        headers = f"-H 'Content-Type: application/json' -H 'Authorization: Bearer {it.identity.token(id)}'"
        body = json.dumps({"query": query})
        out.print(f"\nA first query, as {who}:\ncurl -s {url} {headers} -d '{body}'", markup=False)
    out.print("\nA token for anybody: .venv/bin/python -m cli token NUMBER")
    await server.serve(it, listening)


async def _verify(settings: Settings) -> None:
    key = Vault.open(settings.keys).checkpoints
    async with server.database(settings) as url, await pool(url) as connections:
        with _progress("Hashing every fact again") as progress:
            verdict = await witness.verify(connections, key, progress=progress)
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
        with _progress("Building read models anew") as progress:
            await read_models.rebuild(it.pool, it.log.keys, it.read_models, progress)
        out.print(f"{len(it.read_models.tables)} read models are built anew.")


async def _token(settings: Settings, employee: str, lifetime: timedelta) -> None:
    async with _opened(settings) as it:
        typer.echo(it.identity.token(await _employee(it, employee), lifetime=lifetime))


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


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[server.Organisation]:
    async with AsyncExitStack() as stack:
        with _progress("Bringing read models up to date") as progress:
            it = await stack.enter_async_context(server.opened(settings, progress))
        yield it


@contextmanager
def _progress(what: str) -> Iterator[read_models.Progress]:
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


def _run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Do it; Ctrl-C and SIGTERM end it in good order, and what only the caller can mend is told in a line."""
    logs.configure()

    async def until_stopped() -> None:
        task = asyncio.current_task()
        assert task is not None
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        await work(Settings.read(os.environ))

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(until_stopped())
    except NOT_OURS as error:
        sys.exit(f"meritbook: {error}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        out.print("Stopped.")


if __name__ == "__main__":
    cli()
