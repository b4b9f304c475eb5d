"""Taking the log in a page at a time, whoever does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, cast

from asyncpg import InterfaceError, Pool

from projections._fold import ReadModels
from store.batch import Session, Statement
from store.commit import transaction
from store.keys import Keys
from store.log import read_after
from store.pool import Connection
from store.recorded import Recorded

PAGE = 5_000

FEW = 500
"""Facts that are folded at a time; then it is looked at what PostgreSQL says."""

Progress = Callable[[int, int], None]
"""Told the position that was reached, and that of the head."""

JOINED = "UPDATE store.head SET live = $1, recorded_at = recorded_at + interval '1 microsecond'"
"""What is read is another from then on, though no fact was recorded: so the head stands at another moment."""


class Page(NamedTuple):
    """Facts that follow a position, those apart that concern none of the read models; how far they go, and the log."""

    facts: Sequence[Recorded]
    end: int
    head: int


class Taken(NamedTuple):
    """What a page comes to; how far it goes, and the log."""

    statements: Sequence[Statement]
    end: int
    head: int


async def page_after(connection: Session | Pool, keys: Keys, position: int, without: Sequence[str]) -> Page:
    """It ends where a commit does."""
    head: int = await connection.fetchval("SELECT position FROM store.head")
    facts = await read_after(connection, keys, position, PAGE, until=head, without=without)
    if len(facts) < PAGE:
        return Page(facts, head, head)
    ends = [n for n in range(1, PAGE) if facts[n].recorded_at != facts[n - 1].recorded_at]
    facts = facts[: ends[-1] if ends else PAGE]
    return Page(facts, facts[-1].position, head)


async def advance(
    connection: Session, keys: Keys, read_models: ReadModels, names: frozenset[str], position: int
) -> int:
    """Take one page of facts in; the position that was reached."""
    page = await taken(connection, keys, read_models, names, position)
    await write(connection, page.statements)
    return page.end


async def taken(
    connection: Session | Pool, keys: Keys, read_models: ReadModels, names: frozenset[str], position: int
) -> Taken:
    """What follows a position, as statements for these read models; others are heard meanwhile. Raises Undigested."""
    page = await page_after(connection, keys, position, read_models.unconcerning(names))
    folded = read_models.beginning(names)
    for at in range(0, len(page.facts), FEW):
        read_models.take_in(page.facts[at : at + FEW], folded)
        await asyncio.sleep(0)
    statements: list[Statement] = []
    for each in folded.values():
        statements += each.statements()
        await asyncio.sleep(0)
    return Taken(statements, page.end, page.head)


async def is_far(connection: Session | Pool, reached: int, progress: Progress | None) -> bool:
    """Whether the head is more than a page away."""
    head: int = await connection.fetchval("SELECT position FROM store.head")
    if progress:
        progress(reached, head)
    return head - reached > PAGE


@asynccontextmanager
async def wholly(connection: Session) -> AsyncIterator[None]:
    """A transaction to write pages in. Whoever is cancelled while PostgreSQL writes gives up the connection with it."""
    cancelled: asyncio.CancelledError | None = None
    try:
        async with transaction(connection):
            try:
                yield
            except asyncio.CancelledError as error:
                cancelled = error
                raise
    except InterfaceError:  # there is nothing to roll back any more
        if cancelled is not None:
            raise cancelled from None
        raise


async def write(connection: Session, statements: Sequence[Statement]) -> None:
    """In one round trip, over a connection of our own making."""
    if statements:
        await cast(Connection, connection).together(statements)
