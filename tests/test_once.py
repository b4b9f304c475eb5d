"""A statement that is asked once: the same is found as when it is prepared, and nothing of it stays."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg.pgproto import pgproto

from schema import _once
from schema._held import ReadingPool, reading_pool
from schema._once import ReadingConnection
from store.together import Answers

SLEEPING = """SELECT count(*) FROM pg_stat_activity
    WHERE query LIKE '%is slow%' AND state = 'active' AND pid <> pg_backend_pid() AND pg_sleep(0.01) IS NOT NULL"""


@pytest.fixture
async def pool(server_url: str) -> AsyncIterator[ReadingPool]:
    async with await reading_pool(server_url, size=4) as pool:
        yield pool


ID = UUID("0193a5c0-0000-7000-8000-00000000abcd")
VALUES: list[tuple[str, list[Any]]] = [
    ("SELECT json_build_object('a', $1::uuid, 'b', 'ü\"\\') AS f0, 7::bigint AS policy", [ID]),
    ("SELECT json_build_object('a', $1::uuid) AS f0", [pgproto.UUID(str(ID))]),
    ("SELECT json_build_object('a', $1::text, 'b', $2::int, 'c', $3::text) AS f0", ["a 'b' \\ \" {ü}", -5, None]),
    ("SELECT CASE WHEN $1::bool THEN '{}'::json END AS f0", [False]),
    ("SELECT to_json($1::text[]) AS f0", [["a", None, "b,c"]]),
    ("SELECT to_json($1::date) AS f0", [date(2026, 11, 22)]),
]


@pytest.mark.parametrize(("sql", "values"), VALUES)
async def test_it_finds_what_a_prepared_statement_finds(pool: ReadingPool, sql: str, values: list[Any]) -> None:
    once, prepared = await pool.once(sql, values), await pool.fetchrow(sql, *values)
    assert once is not None
    assert [each if isinstance(each, bytes | None) else str(each).encode() for each in once] == [
        each if isinstance(each, bytes | None) else str(each).encode() for each in prepared
    ]


async def test_nothing_is_found_where_there_is_nothing(pool: ReadingPool) -> None:
    assert await pool.once("SELECT 1 WHERE $1::int = 2", [1]) is None


async def test_nothing_stays_prepared(pool: ReadingPool) -> None:
    for n in range(5):
        await pool.once(f"SELECT {n} AS once_{n}", [])
    assert await pool.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT _ AS%'") == 0


async def test_what_goes_wrong_is_told_and_the_connection_goes_on(pool: ReadingPool) -> None:
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.once("SELECT 1 / $1::int", [0])
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await pool.once("SELECT SELECT", [])
    assert await pool.once("SELECT $1::int", [3]) == [b"3"]


async def test_what_cannot_be_said_leaves_the_connection_as_it_was(pool: ReadingPool) -> None:
    with pytest.raises(UnicodeEncodeError):
        await pool.once("SELECT $1::text", ["\ud800"])
    async with asyncio.timeout(10):  # whoever has the connection next would wait for an answer that somebody else takes
        assert await pool.fetchval("SELECT 3") == 3


async def test_who_gives_up_ends_the_statement_in_postgresql_too(pool: ReadingPool) -> None:
    task = asyncio.create_task(pool.once('SELECT pg_sleep(600) AS "is slow"', []))
    async with asyncio.timeout(60):
        while not await pool.fetchval(SLEEPING):
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while await pool.fetchval(SLEEPING):
            pass
    assert await pool.once("SELECT 1", []) == [b"1"]


async def test_who_gives_up_does_not_wait_for_ever_to_tell_a_postgresql_that_is_silent(
    server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung_up = asyncio.Event()

    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        hung_up.set()
        writer.close()

    monkeypatch.setattr(_once, "ENDING", 0.05)
    async with await asyncio.start_server(be_silent, "127.0.0.1") as silent, asyncio.timeout(60):
        connection = await asyncpg.connect(server_url, connection_class=ReadingConnection)
        task = asyncio.create_task(connection.once("SELECT pg_sleep(5)", []))
        await asyncio.sleep(0)
        monkeypatch.setattr(connection, "_addr", silent.sockets[0].getsockname())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await hung_up.wait()


READY, UNASKED = b"Z\0\0\0\x05I", b"S\0\0\0\x0aname\0\0"


class Heard(asyncio.Protocol):
    """What the usual protocol of a connection is given."""

    def __init__(self) -> None:
        self.data, self.whole = b"", asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data
        if len(self.data) >= len(UNASKED):
            self.whole.set()


async def test_what_is_said_after_the_answer_is_for_the_usual_protocol_however_it_is_cut() -> None:
    for at in range(len(UNASKED)):
        here, there = socket.socketpair()
        with there:
            transport, heard = await asyncio.get_running_loop().create_connection(Heard, sock=here)
            answer = Answers.on(transport).expect()
            there.sendall(READY + UNASKED[:at])
            await answer.all
            assert answer.rows == [[]]
            there.sendall(UNASKED[at:])
            async with asyncio.timeout(60):
                await heard.whole.wait()
            assert heard.data == UNASKED
            transport.close()


async def test_a_connection_that_is_lost_is_told_and_replaced(pool: ReadingPool) -> None:
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await pool.once("SELECT pg_terminate_backend(pg_backend_pid())", [])
    assert await pool.once("SELECT 1", []) == [b"1"]


async def test_who_gives_up_when_the_connection_is_ended_is_told_of_nothing_else(server_url: str) -> None:
    pool = await reading_pool(server_url)
    async with asyncio.timeout(60):
        task = asyncio.create_task(pool.once('SELECT pg_sleep(1) AS "is ended"', []))
        while not await pool.fetchval(SLEEPING.replace("is slow", "is ended")):
            pass
    pool.terminate()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_whoever_traces_statements_is_told_of_it(server_url: str, asked: list[str]) -> None:
    async with await reading_pool(server_url) as pool:
        assert await pool.once("SELECT to_json(1), 2::bigint", []) == [b"1", b"2"]
        await asyncio.sleep(0)
    assert "SELECT to_json(1), 2::bigint" in asked
