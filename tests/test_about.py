"""What is answered about the schema is what graphql-core says, to the value."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLError, execute_sync, get_introspection_query, parse

from schema import schema
from schema._about import About
from schema._documents import Documents
from schema._limits import only_about_the_schema
from schema._masking import MOST_TOLD, told
from tests._door import calling, door

GRAPH = schema()._schema  # noqa: SLF001
ABOUT, DOCUMENTS = About(GRAPH), Documents(GRAPH)

EVERYTHING = """
    { __schema { __typename description types { ...Type interfaces { ...Named } possibleTypes { ...Named }
        enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
        inputFields { ...Input } fields { name description isDeprecated deprecationReason args { ...Input }
        type { ...Type } } } queryType { ...Type } mutationType { name } subscriptionType { name }
        directives { name description isRepeatable locations args { ...Input } } } }
    fragment Named on __Type { __typename kind name description specifiedByURL }
    fragment Type on __Type { ...Named ofType { ...Named ofType { ...Named ofType { ...Named } } } }
    fragment Input on __InputValue { name description defaultValue isDeprecated deprecationReason type { ...Type } }
"""


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (get_introspection_query(), {}),
        (get_introspection_query(specified_by_url=True, input_value_deprecation=True, one_of=True), {}),
        (EVERYTHING, {}),
        ('{ __type(name: "Employee") { name fields { name type { name fields { name } } } } __typename }', {}),
        ('{ __type(name: "Query") { fields(includeDeprecated: true) { name args { name } } } }', {}),
        ("query ($n: String!, $all: Boolean!) { __type(name: $n) { kind fields @include(if: $all) { name } } }",
         {"n": "Node", "all": False}),
        ('{ __type(name: "Nobody") { name } }', {}),
        ("{ __typename }", {}),
    ],
)  # fmt: skip
def test_the_schema_is_described_as_graphql_core_does(document: str, variables: dict[str, Any]) -> None:
    operation = DOCUMENTS.get(document).operation(None)
    assert only_about_the_schema(operation.definition)
    expected = execute_sync(GRAPH, parse(document), variable_values=variables)
    assert not expected.errors
    assert ABOUT.answer(operation, operation.coerced(GRAPH, variables)) == expected.data


async def test_the_schema_can_be_asked_for_by_anybody_and_goes_wrong_nowhere() -> None:
    async with calling(door()) as call:
        answer = (await call.ask("{ __schema { types { fields { type { isOneOf } } } } }")).json()
    assert "errors" not in answer
    assert answer["extensions"] == {"cost": 2_500}


def test_of_a_thousand_errors_a_few_are_told() -> None:
    errors = [GraphQLError("No.", extensions={"code": "BAD_USER_INPUT"})] * 1_000
    found = told(errors, "1")
    assert len(found) == MOST_TOLD + 1
    assert found[-1]["message"] == f"{1_000 - MOST_TOLD} more went wrong."
