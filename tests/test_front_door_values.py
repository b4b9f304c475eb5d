"""Whatever values the schema allows, from somebody who may do everything: answered or refused, nothing goes wrong."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_required_input_field,
)
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schema import schema
from tests._api import Api

FORESEEN = {"BAD_USER_INPUT", "BAD_CURSOR", "FORBIDDEN_FIELD"}
GRAPH = schema()._schema  # noqa: SLF001
IDS = [
    "",
    "x",
    "Employee_",
    "Employee_x",
    f"Employee_{UUID(int=1)}",
    f"Role_{UUID(int=0)}",
    f"Nothing_{UUID(int=1)}",
    "_",
]
TEXTS = ["", " ", "a", "é" * 200, "\u202e", "🙂", "x" * 5_000, "'; DROP TABLE", "%", "\\", "2017", "2017-Q2", "2017-13",
         "9999", "0000-01", "2017-02-03/2017-03-01", "9999-12-31/9999-12-31", "0001-01-01/9999-12-31",
         "payout.approve"]  # fmt: skip
LARGE = ["0", "-1", "0.01", "9" * 40, f"0.{'0' * 39}1", f"-{'9' * 40}.{'9' * 40}", "100"]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "ID": st.sampled_from(IDS),
    "String": st.sampled_from(TEXTS),
    "Int": st.sampled_from([0, 1, -1, 5, 200, 201, 2**31 - 1, -(2**31)]),
    "Float": st.sampled_from([0.0, -1.5, 1e308]),
    "Boolean": st.booleans(),
    "Decimal": st.sampled_from(LARGE),
    "Date": st.sampled_from(["0001-01-01", "9999-12-31", "2017-02-28", "2030-01-01"]),
    "DateTime": st.sampled_from(["0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z", "2017-03-01T09:00:00.123456+14:00"]),
    "UUID": st.sampled_from([str(UUID(int=0)), str(UUID(int=7)), "0B9FF1D2-7A53-4C9E-8A5E-5A0D2C1C9B7E"]),
    "CurrencyCode": st.sampled_from(["EUR", "JPY", "XXX", "ZZZ"]),
    "EmailAddress": st.sampled_from(["a@example.com", "ü@exämple.de"]),
    "PhoneNumber": st.sampled_from(["+442079460018", "+1 202 555 0143"]),
    "Position": st.sampled_from([0, 1, 2**63 - 1]),
    "JSON": st.none() | st.integers(0, 3) | st.text(max_size=3),
}


def values(type_: GraphQLInputType, depth: int = 0) -> st.SearchStrategy[Any]:
    if isinstance(type_, GraphQLNonNull):
        return values(type_.of_type, depth)
    if isinstance(type_, GraphQLList):
        return st.lists(values(type_.of_type, depth + 1), max_size=2)
    if isinstance(type_, GraphQLEnumType):
        return st.sampled_from(sorted(type_.values))
    if not isinstance(type_, GraphQLInputObjectType):
        return VALUES[type_.name]
    fields = {name: field for name, field in type_.fields.items() if depth < 2 or is_required_input_field(field)}
    inner = {
        name: values(field.type, depth + 1) if isinstance(field.type, GraphQLNonNull)
        else st.none() | values(field.type, depth + 1)
        for name, field in fields.items()
    }  # fmt: skip
    needed = {name: inner[name] for name in inner if is_required_input_field(fields[name])}
    return st.fixed_dictionaries(needed, optional={name: inner[name] for name in inner if name not in needed})


def _selected(type_: Any) -> str:
    """Something to ask for of it."""
    named = get_named_type(type_)
    if not hasattr(named, "fields"):
        return "{ __typename }" if hasattr(named, "types") else ""
    if "nodes" in named.fields:
        return "{ totalCount nodes { __typename } pageInfo { startCursor hasNextPage } }"
    return "{ __typename }"


@st.composite
def operations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """An operation of one root field, and its variables."""
    assert GRAPH.query_type is not None
    assert GRAPH.mutation_type is not None
    kind, root = draw(st.sampled_from([("query", GRAPH.query_type), ("mutation", GRAPH.mutation_type)]))
    name = draw(st.sampled_from(sorted(root.fields)))
    field, given_ = root.fields[name], {}
    for argument, of in field.args.items():
        if isinstance(of.type, GraphQLNonNull) or draw(st.booleans()):
            given_[argument] = draw(values(of.type))
    declared = ", ".join(f"${each}: {field.args[each].type}" for each in given_)
    passed = ", ".join(f"{each}: ${each}" for each in given_)
    arguments = f"({passed})" if passed else ""
    return f"{kind} {f'({declared})' if declared else ''} {{ {name}{arguments} {_selected(field.type)} }}", given_


@settings(max_examples=200, phases=[Phase.generate])
@given(data=st.data())
def _samples(data: st.DataObject, into: list[tuple[str, dict[str, Any]]]) -> None:
    into.append(data.draw(operations()))


async def test_no_values_make_anything_go_wrong(api: Api) -> None:
    samples: list[tuple[str, dict[str, Any]]] = []
    _samples(into=samples)
    somebody, heard = await api.administrator(), set[str]()
    for document, variables in samples:
        answer = await api(somebody, document, **variables)
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert codes <= FORESEEN, (document, variables, answer)
        heard |= codes | {str(result) for result in (answer["data"] or {}).values()} if answer.get("data") else codes
    assert len(heard) > 5, heard
