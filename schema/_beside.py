"""What stands beside a row because rules ask for it, once for all fields that need it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graphql import FieldNode, GraphQLField, GraphQLObjectType, get_named_type
from sqlalchemy import Boolean, ColumnElement, literal_column

from schema._declare import One, reading, shape_of
from schema._rows import Columns, Row
from schema._rules import Line, Rule
from schema._select import Source, Subselect

if TYPE_CHECKING:
    from schema._compile import Compiler

Answers = dict[Rule, ColumnElement[bool]]


def beside(
    compiler: Compiler, type_: GraphQLObjectType, groups: Mapping[str, list[FieldNode]], row: Row
) -> tuple[Row, list[Source], Answers]:
    """The row as these of its fields find it, what stands beside it, and which rules are answered by that."""
    names = (group[0].name.value for group in groups.values())
    fields = [(field, _rule(field).fold(compiler.permissions)) for name in names if (field := type_.fields.get(name))]
    looked_up = Counter(verdict for _, verdict in fields if isinstance(verdict, Rule) and verdict.looked_up)
    if not looked_up:
        return row, [], {}
    row, joined = _with_their_own(compiler, (field for field, verdict in fields if verdict is not False), row)
    repeated = [rule for rule, times in looked_up.items() if times > 1]
    if not repeated or isinstance(compiler.found(row), Line):
        return row, joined, {}
    alias = compiler.alias("s")
    holds = {
        f"c{place}": compiler.condition(rule, row.person, compiler.found(row)) for place, rule in enumerate(repeated)
    }
    known: Answers = {
        rule: literal_column(f"{alias}.{name}", Boolean()) for rule, name in zip(repeated, holds, strict=True)
    }
    asked_once = Subselect(holds, offset=0).beside(alias)  # with an OFFSET it is not merged into each field
    return row, [*joined, asked_once], known


def _with_their_own(compiler: Compiler, fields: Iterable[GraphQLField], row: Row) -> tuple[Row, list[Source]]:
    """The row with its person's own, if that is shown as well: it tells who is above them, so nobody looks that up."""
    if not isinstance(row, Columns) or row.person is None or row.tree is not None:
        return row, []
    for field in fields:
        if reading(field.extensions["strawberry-definition"]) == One(row.person_column or ""):
            table, theirs = compiler.table(shape_of(get_named_type(field.type)))
            if theirs.tree is not None:
                person = theirs.get("id") == row.person
                found = Subselect[object](literal_column(f"{theirs.alias}.*"), [table], [person], offset=0)
                alias = compiler.alias("t")
                return replace(row, beside=theirs.at(alias)), [found.joined(alias)]
    return row, []


def _rule(field: GraphQLField) -> Rule:
    found: Rule = field.extensions["strawberry-definition"].metadata["rule"]
    return found
