"""What is parsed plainly is what graphql-core makes of it; and what is wrong is told with its place all the same."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from graphql import GraphQLError, parse
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.questions import OURS
from schema import schema
from schema._documents import Documents, Invalid, check_cost
from schema._parse import plainly_parsed
from tests._operations import operations
from tests.test_plain import broken

GRAPH = schema()._schema  # noqa: SLF001


def same(text: str) -> bool:
    """Whether the text is parsed plainly. Then it is as graphql-core parses it."""
    found = plainly_parsed(text)
    if found is not None:
        assert found == parse(text, no_location=True), text
    return found is not None


@pytest.mark.parametrize(
    "text",
    [
        *OURS.values(),
        "{a}",
        " ,\n{ a , b }\t\n",
        "query A($v: [[Int!]!]! = [[1, -2], []] @x, $w: W = {a: 1.5e3, b: E, c: {}}) @y(z: true) { a @skip(if: $v) }",
        'mutation { m(a: "text", b: null, c: -0, d: 0.5, e: 1E+2, f: "") { ... on A { b } ... @x(if: false) { c } } }',
        "subscription S { s } fragment f on A @x { ...g ...h @x }",
        "{ on true null fragment query: mutation(on: on, true: [true, E, $on]) }",
        '{ f(s: " # , } {") }',
    ],
)
def test_plain_words_are_parsed_plainly(text: str) -> None:
    assert same(text)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "}", "{}", "{ }", "{ a", "{ a } }", "query", "query {", "{ a() }", "{ a { } }", "{ a: }",
        "{ : a }",
        "query ($v) { a }", "query ($v: ) { a }", "query () { a }", "query ($v: [A B]) { a }", "query ($v: []) { a }",
        "{ ...on }", "{ ... }", "{ ... on { a } }", "fragment on on A { a }", "fragment f A { a }", "{ a @ }",
        "{ a @b() }",
        "{ f(a: 01) }", "{ f(a: 1x) }", "{ f(a: 1.) }", "{ f(a: .5) }", "{ f(a: 1e) }", "{ f(a: -) }", "{ f(a: 1 b) }",
        '{ f(a: "\\u0041") }', '{ f(a: """b""") }', '{ f(a: "b) }', '{ f(a: "b\nc") }', '{ f(a: "ü") }', "{ a # b\n }",
        "{ a .. b }", "{ a; b }", "{ ä }", "\ufeff{ a }", "{ a\x00 }", "{ f(a: {b}) }", "{ f(a: [1, ) }", "{ f(a: $) }",
        "type A { a: B }", "{ " + "a { " * 80 + "a" + " }" * 81,
    ],
)  # fmt: skip
def test_everything_else_is_left_to_graphql_core(text: str) -> None:
    assert not same(text)


@settings(max_examples=300)
@given(operation=operations(), seed=st.integers(0))
def test_whatever_is_parsed_plainly_is_parsed_the_same(operation: tuple[str, dict[str, Any]], seed: int) -> None:
    dice, text = Random(seed), operation[0]
    assert same(text)
    for _ in range(10):
        text = broken(operation[0], dice)
        try:
            parse(text)
        except GraphQLError:
            assert not same(text)
        else:
            same(text)
        at = dice.randrange(len(text) + 1)
        same(text[:at] + dice.choice(['"', "\\", "#", "{", ")", "1", "é", "\n", "...", "-", "$"]) + text[at:])


@settings(max_examples=500)
@given(st.text(alphabet='{}()[]:$!@=.,"\\#-+019eEaon_ \n\tü', max_size=40))
def test_no_text_is_parsed_as_something_else(text: str) -> None:
    try:
        parse(text)
    except GraphQLError:
        assert plainly_parsed(text) is None
    else:
        same(text)


def test_what_is_wrong_with_a_plain_document_is_told_with_its_place() -> None:
    documents = Documents(GRAPH)
    operation = documents.get(
        "query ($n: Int) {\n  employees(first: $n) { nodes { reports(first: $n) { totalCount } } } }"
    )
    with pytest.raises(Invalid) as wrong:
        operation.operation(None).coerced(GRAPH, {"n": "many"})
    with pytest.raises(Invalid) as dear:
        check_cost(operation.operation(None), {"n": 200}, 1_000)
    (bad,) = documents.get("{\n  viewer { shoeSize }\n}").errors
    places = [error.locations for error in (wrong.value.errors[0], dear.value.errors[0], bad)]
    assert [[(each.line, each.column) for each in place or ()] for place in places] == [[(1, 8)], [(1, 1)], [(2, 12)]]
