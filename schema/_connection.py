"""Connections in SQL: a page of rows first, then the objects of that page only.

The page is a subselect of whole rows, filtered, sorted and limited. `nodes`, `edges` and `pageInfo` are aggregates
over it; `totalCount` is a subselect of its own. What is not asked for is not computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from graphql import FieldNode, GraphQLObjectType, get_named_type
from sqlalchemy import Integer, Text, Uuid

from schema._arguments import Call, Given, Path, bad_input, given
from schema._asked import Asked
from schema._compile import Compiler
from schema._cursor import Term, beyond, key_for, opened, payload, signed
from schema._declare import Shape
from schema._few import few
from schema._filters import Filters
from schema._inputs import Direction, handles
from schema._reading import MOST, Many
from schema._rows import Columns, Names
from schema._rules import Rule
from schema._select import Sql, listed, select, table_name, together, under, word, written
from schema._view import page_size

MOST_SORTS = 5
"""Things that one list may be sorted by."""

NOTHING_KNOWN: Mapping[Rule, bool] = MappingProxyType({})

INTEGER, TEXT, UUID = Integer(), Text(), Uuid()

NUMBER = '"#"'
"""The column that numbers the rows of a page, in the order that they were found."""


def connection(compiler: Compiler, many: Many, asked: Asked) -> Sql:
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
    _key: Sql | None = field(default=None, init=False)

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

    def rows(self) -> tuple[Sql, Columns, list[Sql]]:
        """All rows of the connection: where from, their columns, and under which conditions."""
        table, row, conditions = self._asked_for()
        return table, row, [*self.compiler.visible(self.shape, row), *conditions]

    def count(self) -> Sql:
        table, row, conditions = self._asked_for()
        cases = self.compiler.cases(self.shape, row)
        return " + ".join([select("count(*)", [table], [case.condition, *conditions]) for case in cases])

    def _asked_for(self) -> tuple[Sql, Columns, list[Sql]]:
        """The same, whoever asks."""
        table, row = self.compiler.table(self.shape)
        conditions = []
        if self.many.column is not None:
            conditions.append(f"{row.get(self.many.column)} = {self.asked.parent.typed('id', UUID)}")
        conditions += [f"{row.get(name)} = {self.asked.parent.get(name)}" for name in self.many.same]
        if self.many.only is not None:
            conditions.append(written(self.many.only(Names(row))))
        if "where" in self.arguments:
            conditions.append(self.filters.condition(self.arguments["where"], row))
        return table, row, conditions

    def terms(self, row: Columns, holds: Mapping[Rule, bool] = NOTHING_KNOWN) -> list[Term]:
        """What the rows are sorted by; at last by their key, so that the order is total."""
        assert self.shape.model is not None
        columns, terms = self.shape.model.table.c, []
        if chosen := self.arguments.get("orderBy"):
            if len(chosen) > MOST_SORTS:
                raise bad_input(f"Sort by at most {MOST_SORTS} things.")
            known = {handle.name: handle for handle in handles(self.shape, self.many.order_by).values()}
            for each in chosen:
                handle = known[each["field"].value]
                value, type_, hidden = self.filters.sorted_by(handle, row, holds)
                name = handle.value.column or handle.name
                nullable = hidden or handle.value.sql is not None or bool(columns[name].nullable)
                terms.append(Term(value, type_, each["direction"] is Direction.DESC, nullable))
        else:
            for name in self.many.order:
                column = columns[name.removeprefix("-")]
                terms.append(_term(row, column.name, descending=name.startswith("-"), nullable=bool(column.nullable)))
        descending = terms[-1].descending if terms else False
        return [*terms, *(_term(row, key, descending=descending, nullable=False) for key in self.shape.model.keys)]

    def size(self, *, more: int = 0) -> Sql:
        """How many rows. It stands in the statement if it is known, for PostgreSQL to plan with."""
        size = self.arguments.get("last" if self.backwards else "first", self.many.first)
        if isinstance(size, Given):
            return self.compiler.params.value(size, INTEGER, lambda size: page_size(size) + more)
        return str(page_size(size) + more)

    def key(self) -> Sql:
        """The key of all its cursors, as a parameter."""
        if self._key is None:
            self._key = self.compiler.params.bind(self.signing_key, TEXT)
        return self._key

    def signing_key(self, call: Call) -> str:
        """What the cursors of this list, filter and order are signed with for who calls."""
        asked = {name: self.arguments.get(name) for name in ("where", "orderBy")}
        return key_for(self.compiler.secret, call, self.name, asked)

    def _place(self, argument: str, length: int) -> list[Sql]:
        """The values in the cursor in this argument."""
        cursor = self.arguments[argument]

        def part(index: int) -> Sql:
            def get(call: Call) -> Any:
                return opened(given(cursor, call.variables), self.signing_key(call), length)[index]

            return self.compiler.params.bind(get, TEXT)

        return [part(index) for index in range(length)]

    def selected(self, alias: str, *, more: bool) -> tuple[Sql, Columns]:
        """The rows of this page, each whole; one more than the page has if that is to be known.

        PostgreSQL takes a LIMIT that it does not know for a tenth of all rows. So inside it stands the largest page.
        """
        table, row, conditions = self._asked_for()
        length = len(self.terms(row))
        begin, end = ("before", "after") if self.backwards else ("after", "before")
        places = {each: self._place(each, length) for each in (begin, end) if each in self.arguments}
        size = self.size(more=int(more))
        most = size if size.isdecimal() else str(MOST + more)
        pages = []
        for case in self.compiler.cases(self.shape, row):
            terms, asked = self.terms(row, case.holds), [case.condition, *conditions]
            if end in places:
                asked.append(f"({' OR '.join(beyond(terms, places[end], backwards=not self.backwards))})")
            begins = beyond(terms, places[begin], backwards=self.backwards) if begin in places else ["true"]
            pages += [self._found(table, row, terms, [*asked, each], most) for each in begins]
        page = pages[0]
        if len(pages) > 1:
            found = row.at(self.compiler.alias("u"))
            page = self._sorted(together(pages, found.alias), found, self.terms(found), [], most)
        number = f", row_number() OVER () AS {NUMBER}" if more or self.backwards else ""
        if size is most and not number:
            return under(page, alias), row.at(alias)
        inner = f"{alias}_"
        limited = select(f"{inner}.*{number}", [under(page, inner)], limit=None if size is most else size)
        return under(limited, alias), row.at(alias)

    def _found(self, table: Sql, row: Columns, terms: list[Term], conditions: list[Sql], most: Sql) -> Sql:
        def page(of_value: Sql) -> Sql:
            return self._sorted(table, row, terms, [*conditions, of_value], most)

        model, where = self.shape.model, self.arguments.get("where", {})
        assert model is not None
        wanted = few(self.filters, where, table_name(model.table)) if self.many.column is None else None
        if wanted is None:
            return page("true")
        found = row.at(self.compiler.alias("u"))
        each = wanted.each(row, page, self.compiler.alias("v"), found.alias)
        return self._sorted(each, found, self.terms(found), [], most)

    def _sorted(self, source: Sql, row: Columns, terms: list[Term], conditions: list[Sql], most: Sql) -> Sql:
        order = [term.clause(backwards=self.backwards) for term in terms]
        asked = [each for each in conditions if each != "true"]
        return select(f"{row.alias}.*", [source], asked, order, most)


def _term(row: Columns, name: str, *, descending: bool, nullable: bool) -> Term:
    return Term(row.get(name), row.types[name], descending, nullable)


@dataclass(slots=True)
class _Answer:
    """What of a connection is asked for."""

    page: Page
    asked: Asked
    node_type: GraphQLObjectType
    beside: list[Sql] = field(default_factory=list)
    aggregates: list[Sql] = field(default_factory=list)

    @property
    def type_(self) -> GraphQLObjectType:
        return self.asked.type

    def json(self) -> Sql:
        compiler, asked = self.page.compiler, self.page.compiler.selection.of(self.type_, self.asked.nodes)
        names = {group[0].name.value for group in asked.values()}
        more = "pageInfo" in names
        alias, whole = compiler.alias("p"), compiler.alias("a")
        source, row = self.page.selected(alias, more=more)
        fields: dict[str, Sql] = {}
        for key, group in asked.items():
            match group[0].name.value:
                case "nodes":
                    fields[key] = self._listed(whole, self._node(group, row, (*self.asked.path, key)), more=more)
                case "edges":
                    fields[key] = self._listed(whole, self._edge(group, row, (*self.asked.path, key)), more=more)
                case "pageInfo":
                    fields[key] = self._page_info(whole, group, row)
                case "totalCount":
                    fields[key] = self.page.count()
                case "__typename":
                    fields[key] = word(self.type_.name)
        if not names & {"nodes", "edges", "pageInfo"}:
            return compiler.built(fields)
        aggregates = {f"c{place}": value for place, value in enumerate(self.aggregates)}
        summary = under(select(aggregates, [source, *self.beside]), whole)
        beside, found = compiler.object(fields)
        return select(found, [summary, *beside])

    def _node(self, nodes: list[FieldNode], row: Columns, path: Path) -> Sql:
        asked = Asked(self.asked.field, nodes, row, path)
        beside, record = self.page.compiler.record(self.page.compiler.fields(asked, row, self.node_type))
        self.beside += beside
        return record

    def _edge(self, nodes: list[FieldNode], row: Columns, path: Path) -> Sql:
        compiler = self.page.compiler
        edge = get_named_type(self.type_.fields["edges"].type)
        assert isinstance(edge, GraphQLObjectType)
        fields: dict[str, Sql] = {}
        for key, group in compiler.selection.of(edge, nodes).items():
            match group[0].name.value:
                case "node":
                    fields[key] = self._node(group, row, (*path, key))
                case "cursor":
                    fields[key] = signed(payload(self.page.terms(row)), self.page.key())
                case "__typename":
                    fields[key] = word(edge.name)
        beside, record = compiler.record(fields)
        self.beside += beside
        return record

    def _listed(self, whole: str, item: Sql, *, more: bool) -> Sql:
        return listed(self._aggregate(whole, "json_agg", item, more=more))

    def _aggregate(self, whole: str, aggregate: str, item: Sql, *, more: bool) -> Sql:
        """An aggregate over the page, in the order of the answer; as a column of the summary."""
        value = f"{aggregate}({item}{f' ORDER BY {NUMBER} DESC' if self.page.backwards else ''})"
        if more:
            value += f" FILTER (WHERE {NUMBER} <= {self.page.size()})"
        return self._column(whole, value)

    def _column(self, whole: str, aggregate: Sql) -> Sql:
        self.aggregates.append(aggregate)
        return f"{whole}.c{len(self.aggregates) - 1}"

    def _page_info(self, whole: str, nodes: list[FieldNode], row: Columns) -> Sql:
        compiler, page = self.page.compiler, self.page
        type_ = get_named_type(self.type_.fields["pageInfo"].type)
        assert isinstance(type_, GraphQLObjectType)
        more = self._column(whole, f"count(*) > {page.size()}")
        behind = "true" if ("before" if page.backwards else "after") in page.arguments else "false"
        fields: dict[str, Sql] = {}
        for key, group in compiler.selection.of(type_, nodes).items():
            match group[0].name.value:
                case "hasNextPage":
                    fields[key] = behind if page.backwards else more
                case "hasPreviousPage":
                    fields[key] = more if page.backwards else behind
                case "startCursor" | "endCursor" as which:
                    fields[key] = self._cursor_at(whole, page.terms(row), first=which == "startCursor")
                case "__typename":
                    fields[key] = word(type_.name)
        return compiler.built(fields)

    def _cursor_at(self, whole: str, terms: list[Term], *, first: bool) -> Sql:
        """The cursor of the first or the last row of the page: of all rows only what they are sorted by is gathered."""
        all_ = [self._aggregate(whole, "array_agg", term.value, more=True) for term in terms]
        place = "1" if first else f"array_length({all_[0]}, 1)"
        there = [replace(term, value=f"({values})[{place}]") for term, values in zip(terms, all_, strict=True)]
        return f"CASE WHEN {all_[0]} IS NOT NULL THEN {signed(payload(there), self.page.key())} END"
