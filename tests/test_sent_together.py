"""Several statements in one round trip, beside asyncpg on the same connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.pool import LOST, Connection, connect

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))


class Size(StrEnum):
    LARGE = 'L"{,}\\'


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    it = await connect(database_url)
    yield it
    await it.close()


async def test_statements_are_carried_out_in_their_order_and_each_has_its_rows(connection: Connection) -> None:
    assert await connection.together([]) == []
    for _ in range(2):  # once prepared, they are used again
        rows = await connection.together(
            [
                ("CREATE TEMP TABLE t (a int, b text) ON COMMIT DROP", ()),
                ("INSERT INTO t SELECT * FROM unnest($1::int[], $2::text[])", ([1, 2], ["one", None])),
                ("INSERT INTO t SELECT * FROM unnest($1::int[], $2::text[])", ([3], [""])),
                ("SELECT * FROM t ORDER BY a", ()),
                ("SELECT 1 WHERE false", ()),
            ]
        )
        assert rows == [[], [], [], [("1", "one"), ("2", None), ("3", "")], []]
    assert await connection.fetchval("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'together%'") == 4


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("uuid[]", [UUID(int=7), None]),
        ("bigint[]", [-1, 2**62, None]),
        ("numeric[]", [Decimal("1E+3"), Decimal("-0.0001"), Decimal(0), None]),
        ("date[]", [date(1, 1, 2), None, date(9999, 12, 30)]),
        ("timestamptz[]", [datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC), None]),
        ("boolean[]", [True, None, False]),
        ("bytea[]", [b"\0\\\xff{", None, b""]),
        ("text[]", [Size.LARGE, "null", "NULL", "{}", " ", "", None]),
        ("text[]", []),
        ("text[]", ("a", None)),
        ("text[]", [None]),
        ("jsonb[]", ['{"a": "b\\n\\\\c\\u00e9"}', None]),
        ("text", "as it is\n\\"),
        ("bigint", 5),
        ("uuid", UUID(int=7)),
        ("bytea", b"\0\\xff{"),
        ("timestamptz", datetime(2026, 3, 1, 12, 30, tzinfo=UTC)),
        ("text", None),
    ],
)
async def test_values_arrive_as_asyncpg_sends_them(connection: Connection, type_: str, value: Any) -> None:
    asked = f"SELECT ($1::{type_})::text"
    assert await connection.together([(asked, (value,))]) == [[(await connection.fetchval(asked, value),)]]


def test_any_text_arrives_as_it_is(module_database_url: str) -> None:
    with asyncio.Runner() as runner:
        connection = runner.run(connect(module_database_url))

        @given(TEXTS)
        @settings(max_examples=200)
        def arrives(texts: list[str | None]) -> None:
            asked = "SELECT v FROM unnest($1::text[]) WITH ORDINALITY u (v, n) ORDER BY n"
            assert runner.run(connection.together([(asked, (texts,))])) == [[(each,) for each in texts]]

        arrives()
        runner.run(connection.close())


async def test_after_one_that_goes_wrong_nothing_is_carried_out(connection: Connection) -> None:
    fail, insert = ("SELECT 1 / $1::int", (0,)), ("INSERT INTO t VALUES (1)", ())
    await connection.execute("CREATE TEMP TABLE t (a int UNIQUE)")
    for wrong, error in (
        (fail, asyncpg.DivisionByZeroError),
        (("NONSENSE", ()), asyncpg.PostgresSyntaxError),
        (("SELECT $1::int", ("x",)), asyncpg.InvalidTextRepresentationError),
    ):
        with pytest.raises(error):
            await connection.together([("BEGIN", ()), insert, wrong, insert, ("COMMIT", ())])
        assert await connection.together([("ROLLBACK", ())]) == [[]]
        assert await connection.fetchval("SELECT count(*) FROM t") == 0
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await connection.together([insert, insert])
    assert caught.value.constraint_name == "t_a_key"
    assert not connection.is_in_transaction()


async def test_answers_of_any_size_are_put_together(connection: Connection) -> None:
    rows = await connection.together([("SELECT repeat('x', n) FROM generate_series(1, 1000) n", ())])
    assert rows == [[("x" * n,) for n in range(1, 1001)]]


async def test_what_is_sent_while_something_else_is_under_way_is_carried_out_after_it(connection: Connection) -> None:
    await connection.execute("CREATE TEMP TABLE t (a int)")
    count, insert = ("SELECT count(*) FROM t", ()), ("INSERT INTO t VALUES (1)", ())
    said = [
        [("SELECT pg_sleep(0.05)", ()), insert, count],
        [insert, count],
        [],
        [count],
        [("SELECT 1 / 0", ())],
        [count],
    ]
    answers = await asyncio.gather(*map(connection.together, said), return_exceptions=True)
    assert answers[:4] == [[[("",)], [], [("1",)]], [[], [("2",)]], [], [[("2",)]]]
    assert isinstance(answers[4], asyncpg.DivisionByZeroError)
    assert answers[5] == [[("2",)]]
    assert await connection.fetchval("SELECT count(*) FROM t") == 2


async def test_nothing_is_carried_out_behind_a_transaction_that_failed(connection: Connection) -> None:
    await connection.execute("CREATE TEMP TABLE t (a int)")
    begin, insert, commit = ("BEGIN", ()), ("INSERT INTO t VALUES (1)", ()), ("COMMIT", ())
    said = [[begin, insert, commit], [begin, ("SELECT 1 / 0", ()), commit], [begin, insert, commit]]
    answers = await asyncio.gather(*map(connection.together, said), return_exceptions=True)
    assert [type(each) for each in answers[1:]] == [asyncpg.DivisionByZeroError, asyncpg.InFailedSQLTransactionError]
    assert await connection.together([("ROLLBACK", ()), ("SELECT count(*) FROM t", ())]) == [[], [("1",)]]


async def test_a_connection_that_ends_loses_everything_that_was_sent(
    connection: Connection, pool: asyncpg.Pool
) -> None:
    asking = [asyncio.ensure_future(connection.together([("SELECT pg_sleep(60)", ())])) for _ in range(3)]
    await asyncio.sleep(0)
    await pool.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
    for each in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(each, LOST)
    assert connection.is_closed()


async def test_a_connection_that_ends_meanwhile_is_lost_and_closed(connection: Connection, pool: asyncpg.Pool) -> None:
    asking = asyncio.ensure_future(connection.together([("SELECT pg_sleep(60)", ())]))
    await asyncio.sleep(0.1)
    await pool.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
    with pytest.raises(LOST):
        await asking
    assert connection.is_closed()
    with pytest.raises(LOST):
        await connection.together([])


async def test_who_stops_waiting_leaves_no_half_read_connection_behind(connection: Connection) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await connection.together([("SELECT pg_sleep(60)", ())])
    assert connection.is_closed()
