"""From what is asked for to SQL whose result is the answer's JSON.

Every object is a subselect whose columns are named by the response keys; PostgreSQL makes the JSON. A field that the
viewer may not see is NULL, and said so once; one that depends on the row is a CASE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
)
from strawberry.types.field import StrawberryField

from projections._kernel import LINE, ReadModel
from schema._arguments import Params, Path, arguments_of, column_value
from schema._beside import beside
from schema._declare import ByGlobalId, ByKey, Many, Money, One, Shape, Value, View, reading, shape_of
from schema._rows import EMPTY_OBJECT, NOTHING, Columns, Json, Names, Row, Values, constant, json_list, long_named
from schema._rules import How, Line, Of, Rule
from schema._scalars import bound_in
from schema._select import Source, Subselect, format_table
from schema._selection import Selection
from schema._view import Arg, At, parameters

LONGEST_NAME = 63
"""PostgreSQL's limit for a column's name, in bytes."""


@dataclass(frozen=True, slots=True)
class Asked:
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
    def person(self) -> ColumnElement[Any] | None:
        return self.row.person if self.row is not None else None


class Object(dict[str, ColumnElement[Any]]):
    """The fields of an object, by response key. `beside` is what they read, besides the row."""

    beside: Sequence[Source] = ()


@dataclass(slots=True)
class Compiler:
    """Compiles root fields of one operation for one set of permissions."""

    selection: Selection
    variables: Mapping[str, Any]
    permissions: frozenset[str]
    secret: bytes
    params: Params = field(default_factory=Params)
    denied: list[Path] = field(default_factory=list)
    whole: bool = True
    """Whether SQL alone can answer: no field met so far has a resolver of its own."""
    mixed: bool = False
    """Whether graphql-core completes the answer, so that objects have to say what they are."""
    listing: bool = False
    """Whether what is compiled is part of a list."""
    answered: Mapping[Rule, ColumnElement[bool]] = field(default_factory=dict)
    """What is known already of the row whose fields are compiled: whether these rules hold."""
    aliases: int = 0

    def value(self, asked: Asked) -> ColumnElement[Any]:
        """What goes under a field's response key."""
        verdict = asked.declared.metadata["rule"].fold(self.permissions)
        if verdict is False:
            self.denied.append(asked.path)
            return NOTHING
        if verdict is True:
            return self._read(asked)
        shown = self.answered.get(verdict)
        if shown is None:
            shown = self.condition(verdict, asked.person, self.found(asked.row))
        return case((shown, self._read(asked)))

    def found(self, row: Row | None) -> How:
        """How PostgreSQL finds out whether rules hold of a row that was found."""
        match row:
            case Columns(tree=ReadModel() as model):
                return Line(model, row.get(LINE))
            case Columns(beside=Columns() as theirs):
                return self.found(theirs)
        return Of.EACH if self.listing else Of.ROW

    def condition(self, rule: Rule, person: ColumnElement[Any] | None, of: How) -> ColumnElement[bool]:
        assert person is not None, f"Nobody to ask {rule} of: the type names no person."
        return rule.sql(person, self.params.viewer, of)

    @contextmanager
    def each(self) -> Iterator[None]:
        """What is compiled in the meantime is asked of many rows."""
        before, self.listing = self.listing, True
        try:
            yield
        finally:
            self.listing = before

    def _read(self, asked: Asked) -> ColumnElement[Any]:
        match reading(asked.declared):
            case Value() as value:
                return self._value(asked, value)
            case One(column):
                return self._one(asked, column)
            case ByKey(columns):
                return self._by_key(asked, columns)
            case ByGlobalId():
                return self._by_global_id(asked)
            case Many() as many:
                from schema._connection import connection  # noqa: PLC0415 - the two are one recursion

                return connection(self, many, asked)
            case View(function):
                return self._view(asked, function)
        raise TypeError(f"{asked.declared.name} is not read by itself.")

    def arguments(self, asked: Asked) -> dict[str, Any]:
        return arguments_of(asked.field, asked.nodes[0], self.variables)

    # ── Values ──

    def _value(self, asked: Asked, value: Value) -> ColumnElement[Any]:
        row, name, named = asked.parent, value.column or asked.declared.python_name, get_named_type(asked.field.type)
        if not is_leaf_type(named):
            return self._part(asked, name, value)
        if value.sql is not None:
            found = value.sql(Names(row))
            return cast(found, Text()) if named.name == "Decimal" else found
        if named.name == "ID":
            if callable(value.of):
                return value.of(Names(row)).op("||")(constant("_")).op("||")(row.text(name))
            kind = value.of or asked.declared.origin.__name__  # type: ignore[union-attr]
            return constant(f"{kind}_").op("||")(row.text(name))
        if named.name == "Decimal" and not asked.listed:
            return row.text(name)
        return row.get(name)

    def _part(self, asked: Asked, name: str, value: Value) -> ColumnElement[Any]:
        """Objects within the row: money of two columns, what a view selected, or JSON."""
        row = asked.parent
        if shape_of(asked.type).cls is Money:
            own = f"{name}_currency"
            known = [row.get(each) for each in (own, "currency") if row.has(each)]
            money = Values({"amount": row.text(name), "currency": func.coalesce(*known)})
            return case((row.text(name).is_not(None), self.json(asked, money)))
        found: Any = value.sql(Names(row)) if value.sql is not None else row.get(name)
        if isinstance(found, Select):
            return self._selected(asked, found)
        if not asked.listed:
            return case((func.jsonb_typeof(found) == constant("object"), self.json(asked, Json(found, row.person))))
        item = self.alias("j")
        there = func.jsonb_typeof(found) == constant("array")
        source = func.jsonb_array_elements(case((there, found))).table_valued("value", name=item)
        with self.each():
            beside, record = self.record(self.fields(asked, Json(literal_column(f"{item}.value"), row.person)))
        return case((there, Subselect(json_list(func.json_agg(record)), [source, *beside])))

    # ── Objects ──

    def fields(self, asked: Asked, row: Row, type_: GraphQLObjectType | None = None) -> Object:
        """The fields that are asked for of an object, which is this row."""
        type_ = type_ or asked.type
        found = Object()
        model = shape_of(type_).model
        if self.mixed and model is not None:
            found["$type"] = constant(type_.name)
            found |= {f"${key}": row.get(key) for key in model.keys if row.has(key)}
        groups = self.selection.of(type_, asked.nodes)
        before = self.answered
        row, found.beside, self.answered = beside(self, type_, groups, row)
        try:
            for key, group in groups.items():
                name = group[0].name.value
                if name == "__typename":
                    found[key] = constant(type_.name)
                elif reading(type_.fields[name].extensions["strawberry-definition"]) is None:
                    self.whole = False
                else:
                    found[key] = self.value(Asked(type_.fields[name], group, row, (*asked.path, key)))
        finally:
            self.answered = before
        return found

    def record(self, fields: Mapping[str, ColumnElement[Any]]) -> tuple[list[Source], ColumnElement[Any]]:
        """An object of these fields: what has to stand in FROM beside the row, and the object itself."""
        before = fields.beside if isinstance(fields, Object) else ()
        if not are_columns(fields):
            return [*before], long_named(fields) if fields else EMPTY_OBJECT
        alias = self.alias("o")
        return [*before, Subselect(fields).beside(alias)], literal_column(alias)

    def object(self, fields: Mapping[str, ColumnElement[Any]]) -> tuple[list[Source], ColumnElement[Any]]:
        """The same, the object being JSON."""
        beside, record = self.record(fields)
        return beside, literal_column(f"row_to_json({record.key})") if are_columns(fields) else record

    def json(self, asked: Asked, row: Row) -> ColumnElement[Any]:
        return self.built(self.fields(asked, row))

    def built(self, fields: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
        """An object of these fields as JSON, wherever an expression can stand."""
        beside, found = self.object(fields)
        return Subselect(found, beside) if beside else found

    def table(self, shape: Shape) -> tuple[str, Columns]:
        assert shape.model is not None, f"{shape.name} has no read model: it is read as a part."
        alias = self.alias("t")
        own = shape.model.tree is not None and (shape.person,) == shape.model.keys
        row = Columns.of(alias, shape.model.table.c, shape.person)
        return f"{format_table(shape.model.table)} AS {alias}", replace(row, tree=shape.model) if own else row

    def one(
        self, asked: Asked, where: Callable[[Columns], ColumnElement[bool]], type_: GraphQLObjectType | None = None
    ) -> ColumnElement[Any]:
        """The one row of a type for which the condition holds."""
        type_ = type_ or asked.type
        table, row = self.table(shape_of(type_))
        beside, found = self.object(self.fields(asked, row, type_))
        return Subselect(found, [table, *beside], [where(row), *self.visible(shape_of(type_), row)])

    def visible(self, shape: Shape, row: Columns) -> list[ColumnElement[bool]]:
        """The conditions under which the viewer sees a row."""
        verdict = shape.rows.fold(self.permissions)
        if isinstance(verdict, Rule):
            return [self.condition(verdict, row.person, Of.ROWS)]
        return [] if verdict else [false()]

    def _one(self, asked: Asked, column: str) -> ColumnElement[Any]:
        model = shape_of(asked.type).model
        assert model is not None
        (key,) = model.keys
        match asked.parent:
            case Columns(person_column=person, beside=Columns() as theirs) if person == column:
                there = [theirs.get(key).is_not(None), *self.visible(shape_of(asked.type), theirs)]
                return case((and_(*there), self.json(asked, theirs)))
        found = asked.parent.typed(column, model.c[key].type)
        return self.one(asked, lambda row: row.get(key) == found)

    def _by_key(self, asked: Asked, columns: tuple[str, ...]) -> ColumnElement[Any]:
        given, kind = self.arguments(asked), asked.type.name

        def same(row: Columns, name: str, argument: str) -> ColumnElement[bool]:
            convert = partial(bound_in, kind) if name == "id" else column_value
            value: ColumnElement[Any] = self.params.value(given[argument], row.types[name], convert)
            return row.get(name) == value

        pairs = list(zip(columns, asked.field.args, strict=True))
        return self.one(asked, lambda row: and_(*(same(row, name, argument) for name, argument in pairs)))

    def _by_global_id(self, asked: Asked) -> ColumnElement[Any]:
        interface, id = get_named_type(asked.field.type), self.arguments(asked)["id"]
        assert isinstance(interface, GraphQLInterfaceType)
        found = []
        for type_ in sorted(self.selection.schema.get_possible_types(interface), key=lambda each: each.name):
            key = self.params.value(id, Uuid(), partial(bound_in, type_.name))
            found.append(self.one(asked, lambda row, key=key: row.get("id") == key, type_))  # type: ignore[misc]
        return func.coalesce(*found)

    # ── Views ──

    def _view(self, asked: Asked, function: Callable[..., Any]) -> ColumnElement[Any]:
        given = self.arguments(asked)
        keywords = {
            python_name: Arg(given[name]) if wrapped else given[name]
            for name, (python_name, wrapped) in parameters(function).items()
            if name in given
        }
        made = function(At(self.params, Names(asked.row) if asked.row is not None else None), **keywords)
        if isinstance(made, Select):
            return self._selected(asked, made)
        return self.json(asked, Values(made, asked.person))

    def _selected(self, asked: Asked, made: Select[Any]) -> ColumnElement[Any]:
        """Rows of a SELECT: a list of them, or the only one."""
        shape, alias = shape_of(asked.type), self.alias("v")
        source = made.subquery(alias)
        row = Columns.of(alias, source.c, shape.person, asked.person)
        if asked.listed:
            with self.each():
                beside, record = self.record(self.fields(asked, row))
            found = json_list(func.json_agg(record))
        else:
            beside, found = self.object(self.fields(asked, row))
        return Subselect(found, [source, *beside], self.visible(shape, row))

    def alias(self, letter: str) -> str:
        """A name for a row. No name in GraphQL has a `$`, so no response key is mistaken for it."""
        self.aliases += 1
        return f"{letter}${self.aliases}"


def are_columns(fields: Mapping[str, Any]) -> bool:
    """Whether an object of these fields can be a row of PostgreSQL's."""
    return bool(fields) and all(len(key) <= LONGEST_NAME for key in fields)
