"""Connections in SQL: a page of rows first, then the objects of that page only.

The page is a subselect of whole rows, filtered, sorted and limited. `nodes`, `edges` and `pageInfo` are aggregates
over it; `totalCount` is a subselect of its own. What is not asked for is not computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import BindParameter, ColumnElement, Integer, Text, Uuid, case, false, func, literal_column, true
from sqlalchemy.dialects.postgresql import aggregate_order_by

from schema._arguments import Call, Given, Path, bad_input, given
from schema._compile import Asked, Compiler
from schema._cursor import Term, beyond, key_for, opened, payload, signed
from schema._declare import MOST, Many, Shape
from schema._filters import Filters
from schema._inputs import Direction, handles
from schema._rows import Columns, Names, constant, json_list
from schema._select import Source, Subselect
from schema._view import page_size

MOST_SORTS = 5
"""Things that one list may be sorted by."""

NUMBER = '"#"'
"""The column that numbers the rows of a page, in the order that they were found."""


def connection(compiler: Compiler, many: Many, asked: Asked) -> ColumnElement[Any]:
    page = page_of(compiler, many, asked)
    with compiler.each():
        return _Answer(page, asked, _node_type(asked)).json()


def page_of(compiler: Compiler, many: Many, asked: Asked) -> Page:
    shape: Shape = _node_type(asked).extensions["strawberry-definition"].origin.__shape__
    filters = Filters(compiler.params, compiler.permissions, handles(shape, many.where))
    return Page(compiler, many, shape, filters, asked, compiler.arguments(asked))


def _node_type(asked: Asked) -> GraphQLObjectType:
    found = get_named_type(asked.type.fields["nodes"].type)
    assert isinstance(found, GraphQLObjectType)
    return found


@dataclass(slots=True)
class Page:
    """Which rows, in which order, from where to where."""

    compiler: Compiler
    many: Many
    shape: Shape
    filters: Filters
    asked: Asked
    arguments: Mapping[str, Any]
    _key: BindParameter[str] | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if "first" in self.arguments and "last" in self.arguments:
            raise bad_input("Ask for the first or for the last, not for both.")

    @property
    def name(self) -> str:
        """What cursors are bound to, besides the viewer, the filter and the order."""
        return f"{self.asked.declared.origin}.{self.asked.declared.name}"

    @property
    def backwards(self) -> bool:
        return "last" in self.arguments

    def rows(self) -> tuple[Source, Columns, list[ColumnElement[bool]]]:
        """All rows of the connection: where from, their columns, and under which conditions."""
        table, row = self.compiler.table(self.shape)
        conditions = self.compiler.visible(self.shape, row)
        if self.many.column is not None:
            conditions.append(row.get(self.many.column) == self.asked.parent.typed("id", Uuid()))
        if self.many.only is not None:
            conditions.append(self.many.only(Names(row)))
        if "where" in self.arguments:
            conditions.append(self.filters.condition(self.arguments["where"], row))
        return table, row, conditions

    def terms(self, row: Columns) -> list[Term]:
        """What the rows are sorted by; at last by their key, so that the order is total."""
        assert self.shape.model is not None
        columns, terms = self.shape.model.table.c, []
        if chosen := self.arguments.get("orderBy"):
            if len(chosen) > MOST_SORTS:
                raise bad_input(f"Sort by at most {MOST_SORTS} things.")
            known = {handle.name: handle for handle in handles(self.shape, self.many.order_by).values()}
            for each in chosen:
                handle = known[each["field"].value]
                value, hidden = self.filters.sorted_by(handle, row)
                name = handle.value.column or handle.name
                nullable = hidden or handle.value.sql is not None or bool(columns[name].nullable)
                terms.append(Term(value, each["direction"] is Direction.DESC, nullable))
        else:
            for name in self.many.order:
                column = columns[name.removeprefix("-")]
                terms.append(Term(row.get(column.name), name.startswith("-"), bool(column.nullable)))
        descending = terms[-1].descending if terms else False
        return [*terms, *(Term(row.get(key), descending, False) for key in self.shape.model.keys)]

    def size(self, *, more: int = 0) -> ColumnElement[int]:
        """How many rows. It stands in the statement if it is known, for PostgreSQL to plan with."""
        size = self.arguments.get("last" if self.backwards else "first", self.many.first)
        if isinstance(size, Given):
            return self.compiler.params.value(size, Integer(), lambda size: page_size(size) + more)  # type: ignore[no-any-return]
        return literal_column(str(page_size(size) + more), Integer())

    def key(self) -> BindParameter[str]:
        """The key of all its cursors, as a parameter."""
        if self._key is None:
            self._key = self.compiler.params.bind(self.signing_key, Text())
        return self._key

    def signing_key(self, call: Call) -> str:
        """What the cursors of this list, filter and order are signed with for who calls."""
        asked = {name: self.arguments.get(name) for name in ("where", "orderBy")}
        return key_for(self.compiler.secret, call, self.name, asked)

    def _after(self, argument: str, terms: list[Term], *, backwards: bool) -> ColumnElement[bool]:
        """Only rows beyond the cursor in this argument."""
        cursor = self.arguments[argument]

        def part(index: int) -> Any:
            def get(call: Call) -> Any:
                return opened(given(cursor, call.variables), self.signing_key(call), len(terms))[index]

            return self.compiler.params.bind(get, Text())

        return beyond(terms, [part(index) for index in range(len(terms))], backwards=backwards)

    def selected(self, alias: str, *, more: bool) -> tuple[Source, Columns]:
        """The rows of this page, each whole; one more than the page has if that is to be known.

        PostgreSQL takes a LIMIT that it does not know for a tenth of all rows. So inside it stands the largest page.
        """
        table, row, conditions = self.rows()
        terms = self.terms(row)
        if "after" in self.arguments:
            conditions.append(self._after("after", terms, backwards=False))
        if "before" in self.arguments:
            conditions.append(self._after("before", terms, backwards=True))
        order = [term.clause(backwards=self.backwards) for term in terms]
        size = self.size(more=int(more))
        most = literal_column(str(MOST + more), Integer()) if isinstance(size, BindParameter) else size
        page: Subselect[Any] = Subselect(literal_column(f"{row.alias}.*"), [table], conditions, order, most)
        number = f", row_number() OVER () AS {NUMBER}" if more or self.backwards else ""
        if size is most and not number:
            return page.under(alias), row.at(alias)
        found: ColumnElement[Any] = literal_column(f"{alias}_.*{number}")
        limited = Subselect[Any](found, [page.under(f"{alias}_")], limit=None if size is most else size)
        return limited.under(alias), row.at(alias)


@dataclass(slots=True)
class _Answer:
    """What of a connection is asked for."""

    page: Page
    asked: Asked
    node_type: GraphQLObjectType
    beside: list[Source] = field(default_factory=list)
    aggregates: list[ColumnElement[Any]] = field(default_factory=list)

    @property
    def type_(self) -> GraphQLObjectType:
        return self.asked.type

    def json(self) -> ColumnElement[Any]:
        compiler, asked = self.page.compiler, self.page.compiler.selection.of(self.type_, self.asked.nodes)
        names = {group[0].name.value for group in asked.values()}
        more = "pageInfo" in names
        alias, whole = compiler.alias("p"), compiler.alias("a")
        source, row = self.page.selected(alias, more=more)
        fields: dict[str, ColumnElement[Any]] = {}
        for key, group in asked.items():
            match group[0].name.value:
                case "nodes":
                    fields[key] = self._listed(whole, self._node(group, row, (*self.asked.path, key)), more=more)
                case "edges":
                    fields[key] = self._listed(whole, self._edge(group, row, (*self.asked.path, key)), more=more)
                case "pageInfo":
                    fields[key] = self._page_info(whole, group, row)
                case "totalCount":
                    table, _, conditions = self.page.rows()
                    fields[key] = Subselect(func.count(), [table], conditions)
                case "__typename":
                    fields[key] = constant(self.type_.name)
        if not names & {"nodes", "edges", "pageInfo"}:
            return compiler.built(fields)
        aggregates = {f"c{place}": value for place, value in enumerate(self.aggregates)}
        summary = Subselect[Any](aggregates, [source, *self.beside]).under(whole)
        beside, found = compiler.object(fields)
        return Subselect(found, [summary, *beside])

    def _node(self, nodes: list[FieldNode], row: Columns, path: Path) -> ColumnElement[Any]:
        asked = Asked(self.asked.field, nodes, row, path)
        beside, record = self.page.compiler.record(self.page.compiler.fields(asked, row, self.node_type))
        self.beside += beside
        return record

    def _edge(self, nodes: list[FieldNode], row: Columns, path: Path) -> ColumnElement[Any]:
        compiler = self.page.compiler
        edge = get_named_type(self.type_.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        fields: dict[str, ColumnElement[Any]] = {}
        for key, group in compiler.selection.of(edge, nodes).items():
            match group[0].name.value:
                case "node":
                    fields[key] = self._node(group, row, (*path, key))
                case "cursor":
                    fields[key] = signed(payload(self.page.terms(row)), self.page.key())
                case "__typename":
                    fields[key] = constant(edge.name)
        beside, record = compiler.record(fields)
        self.beside += beside
        return record

    def _listed(self, whole: str, item: ColumnElement[Any], *, more: bool) -> ColumnElement[Any]:
        return json_list(self._aggregate(whole, func.json_agg, item, more=more))

    def _aggregate(self, whole: str, aggregate: Any, item: ColumnElement[Any], *, more: bool) -> ColumnElement[Any]:
        """An aggregate over the page, in the order of the answer; as a column of the summary."""
        number: ColumnElement[int] = literal_column(NUMBER, Integer())
        value = aggregate(aggregate_order_by(item, number.desc()) if self.page.backwards else item)
        if more:
            value = value.filter(number <= self.page.size())
        self.aggregates.append(value)
        return literal_column(f"{whole}.c{len(self.aggregates) - 1}")

    def _page_info(self, whole: str, nodes: list[FieldNode], row: Columns) -> ColumnElement[Any]:
        compiler, page = self.page.compiler, self.page
        type_ = get_named_type(self.type_.fields["pageInfo"].type)
        assert isinstance(type_, GraphQLObjectType)
        self.aggregates.append(func.count() > page.size())
        more: ColumnElement[Any] = literal_column(f"{whole}.c{len(self.aggregates) - 1}")
        behind = true() if ("before" if page.backwards else "after") in page.arguments else false()
        fields: dict[str, ColumnElement[Any]] = {}
        for key, group in compiler.selection.of(type_, nodes).items():
            match group[0].name.value:
                case "hasNextPage":
                    fields[key] = behind if page.backwards else more
                case "hasPreviousPage":
                    fields[key] = more if page.backwards else behind
                case "startCursor" | "endCursor" as which:
                    fields[key] = self._cursor_at(whole, page.terms(row), first=which == "startCursor")
                case "__typename":
                    fields[key] = constant(type_.name)
        return compiler.built(fields)

    def _cursor_at(self, whole: str, terms: list[Term], *, first: bool) -> ColumnElement[Any]:
        """The cursor of the first or the last row of the page: of all rows only what they are sorted by is gathered."""
        all_ = [self._aggregate(whole, func.array_agg, term.value, more=True) for term in terms]
        place = "1" if first else f"array_length({all_[0]}, 1)"
        there = [
            replace(term, value=literal_column(f"({values})[{place}]", term.value.type))
            for term, values in zip(terms, all_, strict=True)
        ]
        return case((all_[0].is_not(None), signed(payload(there), self.page.key())))
