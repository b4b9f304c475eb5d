"""Whatever is found plainly valid has no error by any of graphql-core's rules; and what clients send is plain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from graphql import GraphQLError, GraphQLSchema, Node, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.corpus import WORST, worst
from bench.questions import OURS
from schema import schema
from schema._documents import RULES
from schema._limits import MOST_TOKENS, check
from schema._plain import Plain
from tests._operations import operations
from tests._reference import SCHEMA

GRAPH = schema()._schema  # noqa: SLF001
ASKED = [each.replace("RANKED", "DEALS_WON") for each in OURS.values()]
EXAMPLES = sorted(Path("graphiql/src/examples").glob("*.graphql"))


def is_plain(document: str, graph: GraphQLSchema = GRAPH) -> bool:
    return Plain(graph)(parse(document))


@pytest.mark.parametrize("document", [*ASKED, *(each.read_text() for each in EXAMPLES)])
def test_what_clients_send_is_plain(document: str) -> None:
    assert is_plain(document)


def test_what_clients_repeat_is_plain() -> None:
    assert is_plain(
        """
        query Board($id: ID!, $all: Boolean = false, $size: Int! = 5) {
            employee(id: $id) { __typename id ...Name manager @skip(if: $all) { ...Name id } }
            node(id: $id) { __typename id ... on Employee { id ...Name } ... on Department { id code } }
            employees(first: $size, where: { name: { contains: "a" }, or: [{ id: { in: [$id] } }] }) { totalCount }
        }
        fragment Name on Employee { __typename id name ...Number }
        fragment Number on Employee { number name }
        """
    )


# ── What is wrong is never plain: one broken document a rule ──

BROKEN = {
    "ExecutableDefinitionsRule": "{ viewer { id } } type Other { id: ID }",
    "SingleFieldSubscriptionsRule": "subscription { viewer { id } employees { totalCount } }",
    "UniqueOperationNamesRule": "query a { viewer { id } } query a { viewer { id } }",
    "LoneAnonymousOperationRule": "{ viewer { id } } query a { viewer { id } }",
    "KnownTypes": '{ node(id: "x") { ... on Nobody { id } } }',
    "FragmentsOnCompositeTypesRule": '{ node(id: "x") { ... on ID { id } } }',
    "VariablesAreInputTypesRule": "query ($e: Employee) { employee(id: $e) { id } }",
    "ScalarLeafsRule": "{ viewer { id { id } employee } }",
    "FieldsOnCorrectTypeRule": "{ viewer { shoeSize } }",
    "UniqueFragmentNamesRule": "{ viewer { ...f } } fragment f on Viewer { id } fragment f on Viewer { id }",
    "KnownFragmentNamesRule": "{ viewer { ...f } }",
    "NoUnusedFragmentsRule": "{ viewer { id } } fragment f on Viewer { id }",
    "PossibleFragmentSpreadsRule": "{ viewer { ... on Employee { id } } }",
    "NoFragmentCyclesRule": "{ ...f } fragment f on Query { viewer { id } ...g } fragment g on Query { ...f }",
    "UniqueVariableNamesRule": "query ($i: ID!, $i: ID!) { employee(id: $i) { id } }",
    "NoUndefinedVariablesRule": "{ ...f } fragment f on Query { employee(id: $i) { id } }",
    "NoUnusedVariablesRule": "query ($i: ID!) { viewer { id } }",
    "KnownDirectivesRule": "query @skip(if: true) { viewer { id } }",
    "UniqueDirectivesPerLocationRule": "{ viewer { id @skip(if: true) @skip(if: false) } }",
    "KnownArgumentNamesRule": "{ employees(size: 3) { totalCount } }",
    "UniqueArgumentNamesRule": "{ employees(first: 3, first: 3) { totalCount } }",
    "ValuesOfCorrectTypeRule": '{ employees(first: "three") { totalCount } }',
    "ProvidedRequiredArgumentsRule": "{ employee { id } }",
    "VariablesInAllowedPositionRule": "query ($i: ID) { employee(id: $i) { id } }",
    "UniqueInputFieldNamesRule": "{ employees(where: { not: {}, not: {} }) { totalCount } }",
    "MaxIntrospectionDepthRule": "{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }",
    "Overlaps": "{ employees(first: 3) { totalCount } employees(first: 4) { totalCount } }",
}
WITHOUT = {
    "KnownOperationTypesRule": "there are operations of every kind",
    "DeferStreamDirectiveOnRootField": "there is no @defer and no @stream",
    "DeferStreamDirectiveOnValidOperationsRule": "there is no @defer and no @stream",
    "DeferStreamDirectiveLabel": "there is no @defer and no @stream",
    "StreamDirectiveOnListField": "there is no @defer and no @stream",
    "MaybeNullValidationRule": "every field that may be left out may be null, too",
}
"""Rules that nothing that is otherwise valid can break here."""


def test_every_rule_has_a_document_that_breaks_it() -> None:
    assert {rule.__name__ for rule in RULES} == BROKEN.keys() | WITHOUT.keys()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_breaks_a_rule_is_not_plain(rule: Any) -> None:
    if rule.__name__ in WITHOUT:
        return
    document = BROKEN[rule.__name__]
    assert validate(GRAPH, parse(document), [rule])
    assert not is_plain(document)


@pytest.mark.parametrize(
    "document",
    [
        "{ viewer { id ...f } } fragment f on Viewer { id @stream }",
        "query ($i: ID!) { employee(id: $i) { id } } query b { employee(id: $i) { id } }",
        "query ($n: Int = 3.5) { employees(first: $n) { totalCount } }",
        "query ($n: [Int]) { employees(first: $n) { totalCount } }",
        'query ($n: String!) { employees(where: { id: { in: ["a", $n] } }) { totalCount } }',
        "{ employees(where: { status: { eq: active } }) { totalCount } }",
        "{ employees(where: { shoeSize: { eq: 43 } }) { totalCount } }",
        "{ employees(orderBy: [{ direction: ASC }]) { totalCount } }",
        "{ employees(where: 3) { totalCount } }",
        "{ viewer { id @skip } }",
        "{ viewer { id @skip(if: 1) } }",
        "{ viewer { id @skip(unless: true) } }",
        "{ viewer { id: employee { id } } viewer { id } }",
        "fragment f on Viewer { id }",
        'mutation { retireRole(input: { id: "x" }) { code } }',
        "mutation { retireRole(input: {}) { __typename } }",
    ],
)
def test_what_is_wrong_is_not_plain(document: str) -> None:
    assert validate(GRAPH, parse(document), RULES)
    assert not is_plain(document)


@pytest.mark.parametrize("name", WORST)
def test_the_worst_documents_are_plain_only_if_valid(name: str) -> None:
    try:
        document = parse(worst(name).document, max_tokens=MOST_TOKENS)
    except GraphQLError:
        return
    if not check(document) and Plain(GRAPH)(document):
        assert not validate(GRAPH, document, RULES)


# ── Whatever the document: plain only if graphql-core finds nothing ──

OTHERS = [
    "null",
    "1",
    '"x"',
    "true",
    "[]",
    "{}",
    "id",
    "__typename",
    "... { id }",
    "Team",
    "Int",
    "ID!",
    "$v1",
    "...f1",
]
"""What may stand where something else stood."""


def nodes(node: Node) -> Iterator[Node]:
    for key in node.keys:
        inside = getattr(node, key, None)
        for each in inside if isinstance(inside, tuple | list) else (inside,):
            if isinstance(each, Node):
                yield each
                yield from nodes(each)


def broken(text: str, dice: Random) -> str:
    """The document with a mistake: a part of it lost, doubled, or replaced by another."""
    parts = [(each.kind, each.loc.start, each.loc.end) for each in nodes(parse(text)) if each.loc]
    kind, start, end = dice.choice(parts)
    part, others = text[start:end], [text[a:b] for other, a, b in parts if other == kind]
    instead = dice.choice(["", f"{part} {part}", dice.choice(others), dice.choice(others), dice.choice(OTHERS)])
    return f"{text[:start]}{instead}{text[end:]}"


@settings(max_examples=600)
@given(operation=operations(), seed=st.integers(0))
def test_what_is_plain_is_valid(operation: tuple[str, dict[str, Any]], seed: int) -> None:
    dice, plain = Random(seed), Plain(SCHEMA)
    document = operation[0]
    assert not validate(SCHEMA, parse(document), RULES)
    for _ in range(15):
        try:
            document = broken(document, dice) if dice.randrange(3) else broken(operation[0], dice)
            parsed = parse(document)
        except GraphQLError:
            document = operation[0]
            continue
        if not check(parsed) and plain(parsed):
            assert not (found := validate(SCHEMA, parsed, RULES)), (document, found)
