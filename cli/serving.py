"""Serving the organisation, and telling whoever started it how to ask."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

import typer

import listening
import server
from cli._run import opened, run
from demo import importer
from demo.dataset import read
from demo.welcome import dirt_in, first_query, people_to_be
from operations.terminal import out, progress
from operations.traces import tracing
from settings import Settings

commands = typer.Typer()


@commands.command()
def serve() -> None:
    """Serve the organisation; an empty one gets its first administrator."""
    run(_serve)


async def _serve(settings: Settings) -> None:
    async with _serving(settings) as (it, serve_it):
        signs_in = {}
        if await server.is_new(it.log):
            await server.appoint_first_administrator(it.log)
            signs_in["the first administrator"] = server.FIRST_ADMINISTRATOR
        _welcome(it, settings, signs_in)
        await serve_it()


@commands.command()
def demo() -> None:
    """Import a sales organisation's real data, where that is not done yet, and serve it."""
    run(_demo)


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
        async with listening.listening_on(taken) as front, opened(settings, server.patiently_opened) as it:
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
