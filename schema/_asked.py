"""What is asked for, on the way to SQL: a field with where it stands, and the fields of an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLField, GraphQLList, GraphQLObjectType, get_named_type, get_nullable_type
from strawberry.types.field import StrawberryField

from schema._arguments import Path
from schema._rows import Row
from schema._select import Sql

LONGEST_NAME = 63
"""PostgreSQL's limit for a column's name, in bytes."""


class Asked(NamedTuple):
    """One field that is asked for: of which row, and where its value goes in the answer."""

    field: GraphQLField
    nodes: list[FieldNode]
    row: Row | None
    path: Path

    @property
    def declared(self) -> StrawberryField:
        found: StrawberryField = self.field.extensions["strawberry-definition"]
        return found

    @property
    def type(self) -> GraphQLObjectType:
        """The type of its objects."""
        found = get_named_type(self.field.type)
        assert isinstance(found, GraphQLObjectType)
        return found

    @property
    def listed(self) -> bool:
        return isinstance(get_nullable_type(self.field.type), GraphQLList)

    @property
    def parent(self) -> Row:
        assert self.row is not None, "Only a field of an object reads its row."
        return self.row

    @property
    def person(self) -> Sql | None:
        return self.row.person if self.row is not None else None


class Object(dict[str, Sql]):
    """The fields of an object, by response key. `beside` is what they read, besides the row."""

    beside: Sequence[Sql] = ()


def are_columns(fields: Mapping[str, Any]) -> bool:
    """Whether an object of these fields can be a row of PostgreSQL's."""
    return bool(fields) and max(map(len, fields)) <= LONGEST_NAME
