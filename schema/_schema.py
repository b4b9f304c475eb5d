"""The schema: Strawberry builds it; the fields that are read from tables are then taken out of its hands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.config import StrawberryConfig
from strawberry.tools import merge_types

from schema._declare import SHAPES
from schema._limits import MOST_TOKENS
from schema._link import link
from schema._mutation import MutationField, RefusedToRefusal
from schema._reader import unauthenticated
from schema._reading import Changed, Value, reading
from schema._rules import STAFF
from schema._scalars import SCALARS
from schema._words import describe


class Denied(SchemaExtension):
    """Says once which fields the viewer may not see."""

    def get_results(self) -> dict[str, Any]:
        denied = getattr(self.execution_context.context, "denied", None)
        return {"denied": list(denied)} if denied else {}


class Prepared(SchemaExtension):
    """A document is parsed and validated once, within its limits, whichever way it is answered."""

    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        execution.parse_options["max_tokens"] = MOST_TOKENS  # what can't be parsed is parsed once more
        document = execution.context.reader.documents.get(execution.query)
        execution.graphql_document = document.parsed
        execution.pre_execution_errors = list(document.errors) if document.parsed else None
        yield


class Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Mistakes of clients are no news; what is masked is logged where it is masked."""


def build(
    queries: Iterable[type[Any]],
    mutations: Iterable[type[Any]] = (),
    subscriptions: Iterable[type[Any]] = (),
    words: Mapping[str, str] | None = None,
) -> strawberry.Schema:
    """One schema of everybody's roots. `words` describe what the declarations do not."""
    roots = {name: tuple(types) for name, types in
             (("Query", queries), ("Mutation", mutations), ("Subscription", subscriptions))}  # fmt: skip
    link(each for types in roots.values() for each in types)
    merged = {name: merge_types(name, types) for name, types in roots.items() if types}
    home = {_package(each) for types in roots.values() for each in types}
    schema = Schema(
        query=merged["Query"],
        mutation=merged.get("Mutation"),
        subscription=merged.get("Subscription"),
        types=[shape.cls for shape in SHAPES.values() if shape.identified and _package(shape.cls) in home],
        config=StrawberryConfig(scalar_map=SCALARS),
        exception_handlers=[RefusedToRefusal()],
        extensions=[Denied, Prepared],
    )
    _attach(schema)
    describe(schema._schema, words or {})  # noqa: SLF001
    return schema


def _package(cls: type[Any]) -> str:
    return cls.__module__.partition(".")[0]


def _attach(schema: strawberry.Schema) -> None:
    graph = schema._schema  # noqa: SLF001
    for type_ in graph.type_map.values():
        if isinstance(type_, GraphQLInterfaceType) and type_.name == "Node":
            type_.resolve_type = lambda value, *_: value["$type"]
        if not isinstance(type_, GraphQLObjectType) or "strawberry-definition" not in type_.extensions:
            continue
        read = getattr(type_.extensions["strawberry-definition"].origin, "__shape__", None) is not None
        if read:
            type_.is_type_of = None
        root = type_ in (graph.query_type, graph.mutation_type)
        for field in type_.fields.values():
            source = reading(field.extensions["strawberry-definition"])
            if isinstance(source, Changed):
                field.resolve = _changed
            elif isinstance(source, Value) and not read:
                continue
            elif source is not None:
                field.resolve = _root if type_ is graph.query_type else _resolver(field)
            elif field.resolve is not None:
                field.resolve = _guarded(field, signed_in=root)


def _resolver(field: GraphQLField) -> Callable[..., Any]:
    """A field of an object that was read: its value is there already, under the response key."""
    named = get_named_type(field.type)
    if not isinstance(named, GraphQLEnumType):
        return lambda source, info, **_: source[info.path.key]
    values = {name: value.value for name, value in named.values.items()}

    def enum(source: dict[str, Any], info: Any, **_: Any) -> Any:
        found = source[info.path.key]
        return [values[each] for each in found] if isinstance(found, list) else found and values[found]

    return enum


async def _root(_source: Any, info: Any, **_arguments: Any) -> Any:
    require_viewer(info.context)
    return await info.context.root(info)


async def _changed(source: Any, info: Any, **_arguments: Any) -> Any:
    return await info.context.read(info, source.changed)


def _guarded(field: GraphQLField, *, signed_in: bool) -> Callable[..., Any]:
    """A resolver of its own, behind its rule. A mutation asks its rule itself."""
    resolve, declared = field.resolve, field.extensions["strawberry-definition"]
    rule = STAFF if isinstance(declared, MutationField) else declared.metadata.get("rule", STAFF)
    assert resolve is not None

    def guarded(source: Any, info: Any, **arguments: Any) -> Any:
        if signed_in:
            require_viewer(info.context)
        if rule is STAFF or rule.fold(info.context.signed_in.permissions) is True:
            return resolve(source, info, **arguments)
        info.context.denied.append({"path": info.path.as_list(), "code": "FORBIDDEN_FIELD"})
        return None

    return guarded


def require_viewer(context: Any) -> None:
    if context.viewer is None:
        raise unauthenticated()
