"""What is said of each part of the schema that its declaration does not describe.

Much follows from what a thing is: a filter's operators, the edges of a connection, the payload of a command. What a
capability has to say beyond that stands in its module, as `WORDS`, by the coordinates of the schema: `Score.value`,
`ScoreState.RECORDED`, `Query.standing.period`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
)

OPERATORS = {
    "eq": "It is this.",
    "ne": "It is not this; what is empty is not.",
    "in": "It is one of these.",
    "notIn": "It is none of these.",
    "isNull": "Whether it is empty.",
    "lt": "It is less, or before.",
    "lte": "It is at most this.",
    "gt": "It is more, or after.",
    "gte": "It is at least this.",
    "contains": "It contains this text, in this case.",
    "startsWith": "It begins with this text, in this case.",
}

FIXED = {
    "Query": "What can be asked. Objects that you may not see are not there for you.",
    "Mutation": "What can be done. Each answers with what it changed, or with why it was refused.",
    "Subscription": "What can be followed: told as it happens, over a websocket.",
    "Direction.ASC": "From the least to the greatest.",
    "Direction.DESC": "From the greatest to the least.",
    "PageInfo.hasNextPage": "Whether more come after this page.",
    "PageInfo.hasPreviousPage": "Whether there are some before this page.",
    "PageInfo.startCursor": "The cursor of the first object; null on an empty page.",
    "PageInfo.endCursor": "The cursor of the last object; null on an empty page.",
    "Money.amount": "How much, in the currency's usual unit.",
    "Money.currency": "In which currency.",
}

ENDINGS: tuple[tuple[str, str], ...] = (
    (r"\w+Connection\.edges", "The objects, each with its cursor."),
    (r"\w+Connection\.pageInfo", "Where this page stands among all."),
    (r"\w+Edge\.cursor", "The place of the object: give it as `after` or `before`."),
    (r"\w+Edge\.node", "The object."),
    (r"\w+OrderBy\.field", "What to sort by."),
    (r"\w+OrderBy\.direction", "In which direction."),
    (r"Mutation\.\w+\.input", "What it is given."),
    (r"\w+Payload\.\w+", "What was changed, as it is now; null if you may not see it."),
    (r"\w+Input\.id", "The id of what it is about."),
    (r"\w+\.id", "Opaque; `node` finds the object by it, whatever its type."),
    (r"\w+\.version", "How many facts there are about it; a command may name it as `expectedVersion`."),
)


def describe(schema: GraphQLSchema, words: Mapping[str, str]) -> None:
    """Give whatever has no description one, from the words or by what it is."""
    commands = schema.mutation_type.fields if schema.mutation_type else {}
    said = FIXED | dict(words)
    for type_ in schema.type_map.values():
        if type_.name.startswith("__"):
            continue
        for coordinates, part in _parts(type_):
            if not part.description:
                part.description = said.get(coordinates) or _by_kind(schema, commands, type_, coordinates)


def _parts(type_: GraphQLNamedType) -> Iterator[tuple[str, Any]]:
    """The type and everything in it, by coordinates."""
    yield type_.name, type_
    if isinstance(type_, GraphQLEnumType):
        for name, value in type_.values.items():
            yield f"{type_.name}.{name}", value
    for name, field in getattr(type_, "fields", {}).items():
        yield f"{type_.name}.{name}", field
        for argument, of in getattr(field, "args", {}).items():
            yield f"{type_.name}.{name}.{argument}", of


def _by_kind(
    schema: GraphQLSchema, commands: Mapping[str, Any], type_: GraphQLNamedType, coordinates: str
) -> str | None:
    name = coordinates.partition(".")[2]
    match type_:
        case GraphQLEnumType() if type_.name.endswith("OrderField") and name:
            return f"By `{re.sub(r'_(.)', lambda found: found[1].upper(), name.lower())}`."
        case GraphQLInputObjectType() if type_.name.endswith("Filter") and name:
            return OPERATORS.get(name)
        case GraphQLInputObjectType() if type_.name.endswith("Where") and name:
            return f"Conditions on `{name}`."
        case GraphQLInputObjectType() | GraphQLUnionType() if not name:
            command = re.sub(r"(Input|Result)$", "", type_.name)
            command = command[0].lower() + command[1:]
            if command in commands:
                given = isinstance(type_, GraphQLInputObjectType)
                return f"What `{command}` is given." if given else f"What `{command}` answers: done, or refused."
    if type_ is schema.query_type and name and "." not in name:
        return _asked(schema.query_type, name)
    return next((text for pattern, text in ENDINGS if re.fullmatch(pattern, coordinates)), None)


def _asked(query: GraphQLObjectType, name: str) -> str | None:
    """Of a field that finds one object by what identifies it, or all of a kind."""
    field, plain = query.fields[name], re.sub(r"([A-Z])", lambda found: f" {found[1].lower()}", name)
    if {"first", "after"} <= field.args.keys():
        return f"All {plain} that you may see, page by page."
    if len(field.args) == 1:
        thing, (by,) = plain.partition(" by ")[0], field.args
        return f"The {thing} with this {by}; null if there is none that you may see."
    return None
