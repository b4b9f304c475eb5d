"""From what is asked for to SQL whose result is the answer's JSON.

Every object is a subselect whose columns are named by the response keys; PostgreSQL makes the JSON. A field that the
viewer may not see is NULL, and said so once; one that depends on the row is a CASE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
)
from sqlalchemy import Select, Uuid

from projections._kernel import LINE, ReadModel
from schema._arguments import Params, Path, arguments_of, column_value
from schema._asked import Asked, Object, are_columns
from schema._beside import beside
from schema._declare import Money, Shape, shape_of
from schema._reading import ByGlobalId, ByKey, Many, One, Value, View, reading
from schema._rows import Columns, Json, Names, Row, Values, types_of
from schema._rules import Case, How, Line, Of, Rule
from schema._scalars import bound_in
from schema._select import (
    EMPTY_OBJECT,
    NOTHING,
    Sql,
    as_text,
    lateral,
    listed,
    long_named,
    select,
    table_name,
    word,
    written,
)
from schema._selection import Selection
from schema._sight import sight
from schema._view import Arg, At, parameters

UUID = Uuid()


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
    answered: Mapping[Rule, Sql] = field(default_factory=dict)
    """What is known already of the row whose fields are compiled: whether these rules hold."""
    aliases: int = 0

    def value(self, asked: Asked, verdict: bool | Rule) -> Sql:  # noqa: FBT001 - as it was found
        """What goes under a field's response key."""
        if verdict is False:
            self.denied.append(asked.path)
            return NOTHING
        if verdict is True:
            return self._read(asked)
        shown = self.answered.get(verdict)
        if shown is None:
            shown = self.condition(verdict, asked.person, self.found(asked.row))
        return f"CASE WHEN {shown} THEN {self._read(asked)} END"

    def found(self, row: Row | None) -> How:
        """How PostgreSQL finds out whether rules hold of a row that was found."""
        match row:
            case Columns(tree=ReadModel() as model):
                return Line(model, row.get(LINE))
            case Columns(beside=Columns() as theirs):
                return self.found(theirs)
        return Of.EACH if self.listing else Of.ROW

    def condition(self, rule: Rule, person: Sql | None, of: How) -> Sql:
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

    def _read(self, asked: Asked) -> Sql:
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

    def _value(self, asked: Asked, value: Value) -> Sql:
        row, name, named = asked.parent, value.column or asked.declared.python_name, get_named_type(asked.field.type)
        if not is_leaf_type(named):
            return self._part(asked, name, value)
        if value.sql is not None:
            found = written(value.sql(Names(row)))
            return as_text(found) if named.name == "Decimal" else found
        if named.name == "ID":
            if callable(value.of):
                return f"{written(value.of(Names(row)))} || '_' || {row.text(name)}"
            kind = value.of or asked.declared.origin.__name__  # type: ignore[union-attr]
            return f"{word(f'{kind}_')} || {row.text(name)}"
        if named.name == "Decimal" and not asked.listed:
            return row.text(name)
        return row.get(name)

    def _part(self, asked: Asked, name: str, value: Value) -> Sql:
        """Objects within the row: money of two columns, what a view selected, or JSON."""
        row = asked.parent
        if shape_of(asked.type).cls is Money:
            known = [row.get(each) for each in (f"{name}_currency", "currency") if row.has(each)]
            money = Values({"amount": row.text(name), "currency": f"coalesce({', '.join(known)})"})
            return f"CASE WHEN {row.text(name)} IS NOT NULL THEN {self.json(asked, money)} END"
        made = value.sql(Names(row)) if value.sql is not None else row.named(name)
        if isinstance(made, Select):
            return self._selected(asked, made)
        found = written(made)
        if not asked.listed:
            there = f"jsonb_typeof({found}) = 'object'"
            return f"CASE WHEN {there} THEN {self.json(asked, Json(found, row.person))} END"
        item, there = self.alias("j"), f"jsonb_typeof({found}) = 'array'"
        source = f"jsonb_array_elements(CASE WHEN {there} THEN {found} END) AS {item}"
        with self.each():
            beside, record = self.record(self.fields(asked, Json(f"{item}.value", row.person)))
        return f"CASE WHEN {there} THEN {select(listed(f'json_agg({record})'), [source, *beside])} END"

    # ── Objects ──

    def fields(self, asked: Asked, row: Row, type_: GraphQLObjectType | None = None) -> Object:
        """The fields that are asked for of an object, which is this row."""
        type_ = type_ or asked.type
        found = Object()
        model = shape_of(type_).model
        if self.mixed and model is not None:
            found["$type"] = word(type_.name)
            found |= {f"${key}": row.get(key) for key in model.keys if row.has(key)}
        groups, seen = self.selection.of(type_, asked.nodes), sight(type_, self.permissions)
        before = self.answered
        row, found.beside, self.answered = beside(self, seen, groups, row)
        try:
            for key, group in groups.items():
                here = seen.get(group[0].name.value)
                if here is None:
                    found[key] = word(type_.name)
                elif here.column is not None and here.verdict is True:
                    found[key] = row.get(here.column)
                elif here.reading is None:
                    self.whole = False
                else:
                    found[key] = self.value(Asked(here.field, group, row, (*asked.path, key)), here.verdict)
        finally:
            self.answered = before
        return found

    def record(self, fields: Mapping[str, Sql]) -> tuple[list[Sql], Sql]:
        """An object of these fields: what has to stand in FROM beside the row, and the object itself."""
        before = fields.beside if isinstance(fields, Object) else ()
        if not are_columns(fields):
            return [*before], long_named(fields) if fields else EMPTY_OBJECT
        alias = self.alias("o")
        return [*before, lateral(select(fields), alias)], alias

    def object(self, fields: Mapping[str, Sql]) -> tuple[list[Sql], Sql]:
        """The same, the object being JSON."""
        beside, record = self.record(fields)
        return beside, f"row_to_json({record})" if are_columns(fields) else record

    def json(self, asked: Asked, row: Row) -> Sql:
        return self.built(self.fields(asked, row))

    def built(self, fields: Mapping[str, Sql]) -> Sql:
        """An object of these fields as JSON, wherever an expression can stand."""
        beside, found = self.object(fields)
        return select(found, beside) if beside else found

    def table(self, shape: Shape) -> tuple[Sql, Columns]:
        model = shape.model
        assert model is not None, f"{shape.name} has no read model: it is read as a part."
        alias, own = self.alias("t"), model.tree is not None and (shape.person,) == model.keys
        row = Columns(alias, types_of(model.table), shape.person, tree=model if own else None)
        return f"{table_name(model.table)} AS {alias}", row

    def one(self, asked: Asked, where: Callable[[Columns], Sql], type_: GraphQLObjectType | None = None) -> Sql:
        """The one row of a type for which the condition holds."""
        type_ = type_ or asked.type
        shape = shape_of(type_)
        table, row = self.table(shape)
        beside, found = self.object(self.fields(asked, row, type_))
        return select(found, [table, *beside], [where(row), *self.visible(shape, row)])

    def visible(self, shape: Shape, row: Columns) -> list[Sql]:
        """The conditions under which the viewer sees a row."""
        verdict = shape.rows.fold(self.permissions)
        if isinstance(verdict, Rule):
            return [self.condition(verdict, row.person, Of.ROWS)]
        return [] if verdict else ["false"]

    def cases(self, shape: Shape, row: Columns) -> list[Case]:
        """The same of all rows, in cases of which each row is one at most."""
        verdict = shape.rows.fold(self.permissions)
        if isinstance(verdict, Rule) and row.person is not None:
            return verdict.cases(row.person, self.params.viewer)
        return [Case(condition, {}) for condition in self.visible(shape, row) or ["true"]]

    def _one(self, asked: Asked, column: str) -> Sql:
        shape = shape_of(asked.type)
        assert shape.model is not None
        (key,) = shape.model.keys
        match asked.parent:
            case Columns(person_column=person, beside=Columns() as theirs) if person == column:
                there = " AND ".join([f"{theirs.get(key)} IS NOT NULL", *self.visible(shape, theirs)])
                return f"CASE WHEN {there} THEN {self.json(asked, theirs)} END"
        found = asked.parent.typed(column, shape.model.c[key].type)
        return self.one(asked, lambda row: f"{row.get(key)} = {found}")

    def _by_key(self, asked: Asked, columns: tuple[str, ...]) -> Sql:
        given, kind = self.arguments(asked), asked.type.name

        def same(row: Columns, name: str, argument: str) -> Sql:
            convert = partial(bound_in, kind) if name == "id" else column_value
            return f"{row.get(name)} = {self.params.value(given[argument], row.types[name], convert)}"

        pairs = list(zip(columns, asked.field.args, strict=True))
        return self.one(asked, lambda row: " AND ".join([same(row, name, argument) for name, argument in pairs]))

    def _by_global_id(self, asked: Asked) -> Sql:
        interface, id = get_named_type(asked.field.type), self.arguments(asked)["id"]
        assert isinstance(interface, GraphQLInterfaceType)
        found = []
        for type_ in sorted(self.selection.schema.get_possible_types(interface), key=lambda each: each.name):
            key = self.params.value(id, UUID, partial(bound_in, type_.name))
            found.append(self.one(asked, lambda row, key=key: f"{row.get('id')} = {key}", type_))  # type: ignore[misc]
        return f"coalesce({', '.join(found)})"

    # ── Views ──

    def _view(self, asked: Asked, function: Callable[..., Any]) -> Sql:
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

    def _selected(self, asked: Asked, made: Select[Any]) -> Sql:
        """Rows of a SELECT: a list of them, or the only one."""
        shape, alias = shape_of(asked.type), self.alias("v")
        source = made.subquery(alias)
        row = Columns.of(alias, source.c, shape.person, asked.person)
        if asked.listed:
            with self.each():
                beside, record = self.record(self.fields(asked, row))
            found = listed(f"json_agg({record})")
        else:
            beside, found = self.object(self.fields(asked, row))
        return select(found, [written(source), *beside], self.visible(shape, row))

    def alias(self, letter: str) -> str:
        """A name for a row. No name in GraphQL has a `$`, so no response key is mistaken for it."""
        self.aliases += 1
        return f"{letter}${self.aliases}"
