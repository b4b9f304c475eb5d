"""Any operation that a client of the office could think of."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from hypothesis import strategies as st

from tests._office import uuid
from tests._reference import SCHEMA

SCALARS: dict[str, list[Any]] = {
    "ID": [f"{kind}_{uuid(n, m)}" for n, kind in enumerate(("Team", "Person", "Deal"), 1) for m in range(5)],
    "String": ["a", "b", "ann", "bob", "dan", "eve", "n", "p", "q", "1@x.example", ""],
    "Int": [0, 1, 2, 3, 5, 20, 30, 200],
    "Boolean": [False, True],
    "Decimal": ["0", "10.50", "20.5", "100", "-3", "400.00"],
    "Date": ["2017-01-01", "2017-01-03", "2017-01-05"],
    "DateTime": ["2017-01-01T00:00:00Z", "2017-01-02T01:00:00.25+01:00", "2017-01-03T00:00:00+00:00"],
}


@dataclass
class Generator:
    """Writes one operation, piece by piece."""

    dice: Random
    most: int
    variables: dict[str, Any] = field(default_factory=dict)
    declared: list[str] = field(default_factory=list)
    fragments: list[str] = field(default_factory=list)
    count: int = 0

    def number(self) -> int:
        self.count += 1
        return self.count

    def chance(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    # ── Selections ──

    def selections(self, type_: GraphQLObjectType, depth: int) -> str:
        fields = [name for name, each in type_.fields.items() if depth > 0 or is_leaf_type(get_named_type(each.type))]
        chosen = self.dice.choices([*fields, "__typename"], k=self.dice.randint(1, self.most))
        written = []
        for name in chosen:
            one = self.field(type_, name, depth)
            if self.chance(6):
                one = self.wrapped(type_, one)
            written.append(one)
        return "{ " + " ".join(written) + " }"

    def wrapped(self, type_: GraphQLObjectType, selection: str) -> str:
        """The selection in a fragment."""
        if self.chance(2):
            name = f"f{self.number()}"
            self.fragments.append(f"fragment {name} on {type_.name} {{ {selection} }}")
            return f"...{name}{self.directive()}"
        condition = self.dice.choice(["", f" on {type_.name}"])
        return f"...{condition}{self.directive()} {{ {selection} }}"

    def directive(self) -> str:
        if not self.chance(5):
            return ""
        kind, flag = self.dice.choice(["skip", "include"]), self.chance(2)
        return f" @{kind}(if: {self.value(flag, 'Boolean!')})"

    def field(self, type_: GraphQLObjectType, name: str, depth: int) -> str:
        if name == "__typename":
            return name
        definition = type_.fields[name]
        named = get_named_type(definition.type)
        plain = is_leaf_type(named) and not definition.args and "ursor" not in name and self.chance(2)
        alias = "" if plain else f"{self.alias(name)}: "
        inner = ""
        if not is_leaf_type(named):
            inner = " " + (self.node(depth) if name == "node" and type_.name == "Query" else self.inside(named, depth))
        return f"{alias}{name}{self.arguments(definition)}{self.directive()}{inner}"

    def alias(self, name: str) -> str:
        long = "x" * 70 if self.chance(25) else ""
        return f"{name}{self.number()}{long}"

    def inside(self, named: Any, depth: int) -> str:
        through = named.name.endswith(("Connection", "Edge")) or named.name in ("PageInfo", "Money")
        return self.selections(named, depth if through else depth - 1)

    def node(self, depth: int) -> str:
        kind = SCHEMA.get_type(self.dice.choice(["Person", "Team", "Deal"]))
        assert isinstance(kind, GraphQLObjectType)
        return f"{{ __typename id ... on {kind.name} {self.selections(kind, depth - 1)} }}"

    # ── Arguments ──

    def arguments(self, definition: GraphQLField) -> str:
        written = []
        sizes = self.dice.choice(["first", "last", "neither", "neither"])
        for name, argument in definition.args.items():
            if name in ("after", "before") or (
                name in ("first", "last") and "last" in definition.args and name != sizes
            ):
                continue
            if isinstance(argument.type, GraphQLNonNull) or self.chance(2):
                written.append(f"{name}: {self.value(self.input(argument.type, 2), str(argument.type))}")
        return f"({', '.join(written)})" if written else ""

    def input(self, type_: Any, depth: int) -> Any:
        """A value of an input type, as JSON has it."""
        if isinstance(type_, GraphQLNonNull):
            return self.input(type_.of_type, depth)
        if isinstance(type_, GraphQLList):
            return [self.input(type_.of_type, depth - 1) for _ in range(self.dice.randint(0, 2))]
        if isinstance(type_, GraphQLEnumType):
            return _Name(self.dice.choice(sorted(type_.values)))
        if isinstance(type_, GraphQLInputObjectType):
            names = [name for name in type_.fields if depth > 0 or name not in ("and", "or", "not")]
            needed = [name for name, each in type_.fields.items() if isinstance(each.type, GraphQLNonNull)]
            chosen = dict.fromkeys([*needed, *self.dice.choices(names, k=self.dice.randint(0, 2))])
            return {name: self.input(type_.fields[name].type, depth - 1) for name in chosen}
        return self.dice.choice(SCALARS[type_.name])

    def value(self, value: Any, type_: str) -> str:
        """The value in the document, or as a variable."""
        if self.chance(2):
            return _literal(value)
        name = f"v{self.number()}"
        self.variables[name] = _json(value)
        self.declared.append(f"${name}: {type_}")
        return f"${name}"


class _Name(str):
    """An enum value: in a document without quotes."""

    __slots__ = ()


def _literal(value: Any) -> str:
    match value:
        case _Name():
            return str(value)
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"'
        case list():
            return f"[{', '.join(map(_literal, value))}]"
        case dict():
            return "{" + ", ".join(f"{name}: {_literal(each)}" for name, each in value.items()) + "}"
    return str(value)


def _json(value: Any) -> Any:
    match value:
        case list():
            return [_json(each) for each in value]
        case dict():
            return {name: _json(each) for name, each in value.items()}
        case str():
            return str(value)
    return value


@st.composite
def operations(draw: Any) -> tuple[str, dict[str, Any]]:
    """A query and its variables."""
    generator = Generator(Random(draw(st.integers(0))), draw(st.integers(1, 5)))
    root = SCHEMA.query_type
    assert root is not None
    body = generator.selections(root, 3)
    declared = f"({', '.join(generator.declared)})" if generator.declared else ""
    return "\n".join([f"query Asked{declared} {body}", *generator.fragments]), generator.variables
