"""Rows as statements are told them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from store.pool import Connection, connect
from store.told import told

TYPES = ("bigint", "uuid", "text", "numeric", "date", "timestamptz", "bytea", "jsonb")
ROWS = [
    (1, UUID(int=7), 'a "quoted" {text}\\', Decimal("-0.0001"), date(2026, 3, 1), datetime.now(UTC), b"\0\xff", "{}"),
    (2, None, "", Decimal("1E+3"), date(9999, 12, 30), datetime(2026, 3, 1, tzinfo=UTC), b"", '{"a": "\\n"}'),
    (3, *[None] * 7),
]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    it = await connect(database_url)
    yield it
    await it.close()


async def test_a_single_row_arrives_as_it_does_among_others(connection: Connection) -> None:
    source, arguments = told(ROWS, TYPES)
    among = await connection.fetch(f"SELECT v::text FROM {source} v", *arguments)
    for row, expected in zip(ROWS, among, strict=True):
        alone, values = told([row], TYPES)
        asked = f"SELECT v::text FROM {alone} v"
        assert await connection.fetch(asked, *values) == [expected]
        assert await connection.together([(asked, values)]) == [[tuple(expected)]]
    assert await connection.together([(f"SELECT v::text FROM {source} v", arguments)]) == [list(map(tuple, among))]


async def test_what_finds_a_single_row_is_planned_but_once(connection: Connection) -> None:
    await connection.execute("CREATE TEMP TABLE t (id bigint PRIMARY KEY, value text)")
    await connection.execute("INSERT INTO t SELECT n FROM generate_series(1, 10000) n; ANALYZE t")
    source, _ = told([(1, "one")], ("bigint", "text"))
    patch = f"UPDATE t SET value = v.value FROM {source} v (id, value) WHERE t.id = v.id"
    for n in range(1, 21):
        await connection.together([(patch, (n, "new"))])
    (plans,) = await connection.fetch(
        "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement = $1", patch
    )
    assert tuple(plans) == (15, 5)
    assert await connection.fetchval("SELECT count(*) FROM t WHERE value = 'new'") == 20
