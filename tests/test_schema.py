"""The schema that is published: described throughout, and never broken without notice."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    build_schema,
    is_specified_scalar_type,
    parse,
    print_ast,
)
from graphql.utilities import find_breaking_changes

from schema import schema, sdl
from schema._words import _parts

ROOT = Path(__file__).parent.parent
PUBLISHED = ROOT / "schema.graphql"
RELEASED = ROOT / "docs/schema/released.graphql"
GRAPH: GraphQLSchema = schema()._schema  # noqa: SLF001
PARTS = [each for type_ in GRAPH.type_map.values() if not type_.name.startswith("__") for each in _parts(type_)]


def test_the_published_schema_is_the_one_that_is_served() -> None:
    assert sdl() == PUBLISHED.read_text(), "Write it with `make schema`, and look at what changed."


def test_everything_says_what_it_is() -> None:
    silent = [coordinates for coordinates, part in PARTS if not (part.description or "").strip()]
    assert not silent, "Describe it where it is declared, or in the WORDS of its module."


def test_whoever_says_something_says_it_of_something() -> None:
    known = {coordinates for coordinates, _ in PARTS}
    from importlib import import_module
    from pkgutil import iter_modules

    import schema as package

    for module in iter_modules(package.__path__):
        if not module.name.startswith("_"):
            words = getattr(import_module(f"schema.{module.name}"), "WORDS", {})
            assert words.keys() <= known, module.name


def test_nothing_is_null_unless_told() -> None:
    assert not re.search(r"= null\b", sdl())


def test_what_is_deprecated_names_what_to_use_instead() -> None:
    for coordinates, part in PARTS:
        reason = getattr(part, "deprecation_reason", None)
        assert reason is None or "`" in reason, coordinates


def test_every_scalar_of_ours_says_where_it_is_specified() -> None:
    for type_ in GRAPH.type_map.values():
        if isinstance(type_, GraphQLScalarType) and not is_specified_scalar_type(type_):
            assert (type_.specified_by_url or "").startswith("https://"), type_.name
            assert ".example" not in (type_.specified_by_url or ""), "nobody can read what stands there"


def test_every_command_takes_what_every_command_takes() -> None:
    assert GRAPH.mutation_type is not None
    for name, field in GRAPH.mutation_type.fields.items():
        input = field.args["input"].type.of_type
        assert isinstance(input, GraphQLInputObjectType)
        assert input.name == f"{name[0].upper()}{name[1:]}Input"
        assert {"commandId", "expectedVersion", "reason"} <= input.fields.keys()
        assert str(field.type) == f"{name[0].upper()}{name[1:]}Result!"


# ── Changes ──


def breaking(released: GraphQLSchema, now: GraphQLSchema) -> list[str]:
    """What clients of the released schema would miss, unless they were told by a deprecation."""
    told = {coordinates for type_ in released.type_map.values() for coordinates, part in _parts(type_)
            if getattr(part, "deprecation_reason", None)}  # fmt: skip
    changes = (change.description for change in find_breaking_changes(released, now))
    return [change for change in changes if not any(re.search(rf"\b{re.escape(each)}\b", change) for each in told)]


def test_nothing_that_was_released_is_gone_without_a_deprecation() -> None:
    assert not breaking(build_schema(RELEASED.read_text()), GRAPH), "Deprecate it first, and release that."


@pytest.mark.parametrize(
    ("now", "broken"),
    [
        ('type Query { a: Int b: Int @deprecated(reason: "Use `a`.") c(d: Int): Int e: Int }', False),
        ("type Query { a: Int c(d: Int): Int }", False),
        ("type Query { b: Int c(d: Int): Int }", True),
        ("type Query { a: Int b: Int c: Int }", True),
        ("type Query { a: String b: Int c(d: Int): Int }", True),
        ("type Query { a: Int b: Int c(d: Int!): Int }", True),
    ],
)  # fmt: skip
def test_a_removal_is_breaking_unless_it_was_deprecated(now: str, *, broken: bool) -> None:
    released = build_schema('type Query { a: Int b: Int @deprecated(reason: "Use `a`.") c(d: Int): Int }')
    assert bool(breaking(released, build_schema(now))) is broken


# ── Scalars ──


@pytest.mark.parametrize(
    ("scalar", "good", "bad"),
    [
        ("Date", ["2017-03-01", "0001-01-01", "9999-12-31"],
         ["20170301", "2017-W01-1", "2017-3-1", "2017-02-30", "0000-01-01", " 2017-03-01",
          "2017-03-01\n", 20170301, True, None, []]),
        ("DateTime", ["2017-03-01T09:00:00Z", "2017-03-01t09:00:00.123456789+02:00", "2017-03-01 09:00:00-12:00"],
         ["2017-03-01T09:00:00", "2017-03-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
          "2017-03-01T25:00:00Z", "2017-03-01T09:00:00+99:00", 1]),
        ("Decimal", ["1250.00", "-0.5", ".5", "5.", 3, 0.25, "9" * 40],
         ["1e5", "NaN", "Infinity", "sNaN", "1_000", "٣", "", ".", "9" * 41, 10**60, True, "0x1", " 1", [1], {}]),
        ("UUID", ["0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e", "0B9FF1D2-7A53-4C9E-8A5E-5A0D2C1C9B7E"],
         ["0b9ff1d27a534c9e8a5e5a0d2c1c9b7e", "{0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e}", "", 1,
          "urn:uuid:0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e"]),
        ("CurrencyCode", ["EUR"], ["eur", "EU", "EURO", "EU1", "ÉUR", 978]),
        ("EmailAddress", ["anna@example.com"], ["anna", "a@b", "a b@example.com",
          "x" * 400 + "@example.com", 1, "a@example.com\n"]),
        ("PhoneNumber", ["+442079460018", "+44 20 7946 0018"],
          ["020 7946 0018", "+44", "+999 12345678", "+442079460018\n", "+" + "1" * 300, 442079460018, True, None]),
        ("Position", [0, 2**63 - 1], [-1, 2**63, 1.5, "1", True]),
    ],
)  # fmt: skip
def test_a_scalar_takes_one_form_and_repeats_nothing_else(scalar: str, good: list[Any], bad: list[Any]) -> None:
    type_: Any = GRAPH.type_map[scalar]
    for each in good:
        assert type_.parse_value(each) is not None
    for each in bad:
        with pytest.raises(Exception, match=f"^Expected {scalar}: ") as refused:
            type_.parse_value(each)
        assert refused.value.extensions == {"code": "BAD_USER_INPUT"}  # type: ignore[attr-defined]


def test_the_schema_can_be_read_by_others() -> None:
    assert print_ast(parse(sdl()))
    assert not find_breaking_changes(GRAPH, build_schema(sdl()))
