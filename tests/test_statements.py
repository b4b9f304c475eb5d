"""Statements of reads, as text: closed where it has to be, with parameters where clients write."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Integer, Text, Uuid, case, func, literal_column, or_

from domain.role import PERMISSIONS
from schema import schema
from schema._arguments import Call, Params
from schema._plan import Plan
from schema._reader import Reader, Viewer
from schema._select import expression, select, written

NOBODY: Any = None
READER = Reader(schema()._schema, NOBODY, NOBODY, b"")  # noqa: SLF001
ME = Viewer(UUID(int=1), frozenset(PERMISSIONS))


def plan(document: str, **variables: Any) -> Plan:
    operation = READER.documents.get(document).operation(None)
    return READER.plan(operation, READER.coerced(operation, variables), ME, 1, mixed=False)


def test_what_a_declaration_says_is_closed() -> None:
    a, b = literal_column("a", Integer()), literal_column("b", Integer())
    assert written(a) == "a"
    assert written(or_(a == b, b.is_(None))) == "(a = b OR b IS NULL)"
    assert written(a + b) == "(a + b)"
    assert written(func.abs(a)) == "abs(a)"
    assert written(case((a == b, a))) == "CASE WHEN (a = b) THEN a END"


def test_what_is_written_stands_in_an_expression_as_it_is() -> None:
    assert written(func.lower(expression("t$1.name", Text()))) == "lower(t$1.name)"


def test_a_select_says_what_it_reads() -> None:
    assert select("1") == "(SELECT 1)"
    assert select({"a": "t.b"}, ["s AS t"], ["t.b > 0", "t.c"], ["t.b"], "5", offset=0) == (
        '(SELECT t.b AS "a" FROM s AS t WHERE t.b > 0 AND t.c ORDER BY t.b LIMIT 5 OFFSET 0)'
    )


def test_parameters_are_numbered_as_they_come_in_the_statement() -> None:
    params = Params()
    one, two = params.bind(lambda _: 1, Integer()), params.bind(lambda _: 2, Uuid())
    sql, getters = params.numbered(f"SELECT {two}, {one}, {two}")
    assert sql == "SELECT $1::UUID, $2::INTEGER, $1::UUID"
    assert [get(Call(ME.id, {})) for _, get in getters] == [2, 1]


def test_what_stands_nowhere_in_the_statement_is_not_bound() -> None:
    document = "query ($period: String!) { leaderboard(metric: WON_AMOUNT, period: $period) { metric } }"
    assert plan(document, period="2017").getters == ()


@pytest.mark.parametrize("document", [
    '{ employees(where: { name: { eq: "Bobby\\u0027; --" } }) { totalCount } }',
    '{ employees(where: { name: { in: ["Bobby"] }, title: { startsWith: "Bobby" } }) { nodes { name } } }',
    '{ employees(after: "Bobby") { pageInfo { endCursor } } }',
    '{ standing(employeeId: "Bobby", metric: WON_AMOUNT, period: "Bobby") { rank } }',
    '{ node(id: "Bobby") { id } }',
])  # fmt: skip
def test_nothing_that_a_client_writes_stands_in_a_statement(document: str) -> None:
    found = plan(document)
    assert "$1" in found.sql
    assert "Bobby" not in found.sql


def test_two_documents_that_ask_for_the_same_have_the_same_statement() -> None:
    assert plan("{ viewer { id } }").sql == plan("query Me { viewer { ... on Viewer { id } } }").sql
