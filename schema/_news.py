"""What has come to a list since a place in the log, in SQL: its next rows, each as a subscription tells it."""

from __future__ import annotations

from uuid import uuid4

from graphql import GraphQLError
from sqlalchemy import BigInteger, Integer
from strawberry.utils.str_converters import to_camel_case

from schema._asked import Asked
from schema._compile import Compiler
from schema._connection import Page, page_of
from schema._reading import Following, Many, reading
from schema._select import Sql, listed, select, under, word

CURSOR = f"cursor {uuid4().hex}"
"""Stands where a cursor comes: each follower has their own. Nobody knows it, so nobody can have written it."""


def followed_page(compiler: Compiler, asked: Asked) -> Page:
    """The list that is followed, as if it had been asked for with the same arguments."""
    source, query = reading(asked.declared), compiler.selection.schema.query_type
    assert isinstance(source, Following)
    assert query is not None
    listed = Asked(query.fields[to_camel_case(source.of)], asked.nodes, None, asked.path)
    many = reading(listed.declared)
    assert isinstance(many, Many)
    return page_of(compiler, many, listed)


def news(compiler: Compiler, asked: Asked) -> Sql:
    """An array of `{"position": …, "told": …}`: at most `$most` rows after `$after` and up to `$to`.

    Raises GraphQLError if it is not for this viewer.
    """
    rule = asked.declared.metadata["rule"]
    if rule.fold(compiler.permissions) is not True:
        raise GraphQLError(f"This is for {rule}.", extensions={"code": "FORBIDDEN_FIELD"})
    table, row, conditions = followed_page(compiler, asked).rows()
    bind, place = compiler.params.bind, row.get("position")
    after = bind(lambda call: call.variables["$after"], BigInteger())
    to = bind(lambda call: call.variables["$to"], BigInteger())
    most = bind(lambda call: call.variables["$most"], Integer())
    alias = compiler.alias("n")
    new = [*conditions, f"{place} > {after}", f"{place} <= {to}"]
    source = under(select(f"{row.alias}.*", [table], new, [place], most), alias)
    row = row.at(alias)
    beside: list[Sql] = []
    fields: dict[str, Sql] = {}
    for key, group in compiler.selection.of(asked.type, asked.nodes).items():
        match group[0].name.value:
            case "cursor":
                fields[key] = word(CURSOR)
            case "event":
                event = Asked(asked.type.fields["event"], group, row, (*asked.path, key))
                within, fields[key] = compiler.record(compiler.fields(event, row))
                beside += within
            case "__typename":
                fields[key] = word(asked.type.name)
    inner, told = compiler.record(fields)
    outer, item = compiler.record({"position": row.get("position"), "told": told})
    return select(listed(f"json_agg({item})"), [source, *beside, *inner, *outer])
