"""The office's API a second time, as naive as can be: graphql-core calls a Python function for each field of each row.

It shares the published SDL with the compiler and nothing else. Rules, filters, orders and pages are written out here.
"""

# ruff: noqa: C901, PLR0911, PLR0912 - naive on purpose: one place, one case after the other

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cmp_to_key
from typing import Any
from uuid import UUID

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    execute,
    get_named_type,
    is_abstract_type,
    parse,
)

from tests._office import office, rows

SCHEMA = build_schema(office.as_str())
Row = dict[str, Any]


@dataclass
class Reference:
    """The office as one person sees it."""

    viewer: UUID
    permissions: frozenset[str]
    seed: int = 1

    def __post_init__(self) -> None:
        data = {model.name: records for model, records in rows(self.seed).items()}
        self.teams, self.people, self.deals = data["teams"], data["people"], data["deals"]

    # ── Rules ──

    def own(self, person: UUID) -> bool:
        return person == self.viewer

    def below(self, person: UUID) -> bool:
        managers = {row["id"]: row["manager_id"] for row in self.people}
        at = managers.get(person)
        while at is not None and at != self.viewer:
            at = managers[at]
        return at is not None

    def may(self, permission: str) -> bool:
        return permission in self.permissions

    def sees(self, kind: str, name: str, person: UUID | None) -> bool:
        """Whether a field of a row about this person is shown; with None, whether it could be for anybody."""
        own = person is None or self.own(person)
        below = person is None or self.below(person)
        match kind, name:
            case "Team", "budget":
                return self.may("budget.view")
            case "Person", "email":
                return own or self.may("email.view")
            case "Person", "deals" | "salary":
                return own or below
            case "Person", "age":
                return below and self.may("age.view")
            case "Person", "notes":
                return self.may("notes.view")
            case "Leg", "label":
                return self.may("legs.view")
            case "Deal", "secret":
                return own
            case "Standing", "total":
                return own or below
        return True

    def sees_deal(self, deal: Row) -> bool:
        return self.own(deal["person_id"]) or self.below(deal["person_id"]) or self.may("deal.view")

    # ── Execution ──

    def execute(self, document: str, variables: Row) -> ExecutionResult:
        found = execute(
            SCHEMA, parse(document), variable_values=variables, field_resolver=self.resolve, type_resolver=_typename
        )
        assert isinstance(found, ExecutionResult)
        return found

    def resolve(self, source: Any, info: Any, **arguments: Any) -> Any:
        kind, name = info.parent_type.name, info.field_name
        if kind == "Query":
            return self.root(name, arguments)
        if "of" not in source:
            found = source[name]
            return found() if callable(found) else found
        row, person = source["of"], source["person"]
        if not self.sees(kind, name, person):
            return None
        return self.field(kind, name, row, arguments)

    def root(self, name: str, arguments: Row) -> Any:
        match name:
            case "person":
                return self.find("Person", self.people, arguments["id"])
            case "teamByCode":
                return next((self.team(each) for each in self.teams if each["code"] == arguments["code"]), None)
            case "people":
                return self.connection("Person", self.people, arguments)
            case "teams":
                return self.connection("Team", self.teams, arguments, "-code")
            case "deals":
                return self.connection("Deal", [each for each in self.deals if self.sees_deal(each)], arguments)
            case "board":
                return self.board(arguments)
            case "node":
                kind = arguments["id"].partition("_")[0]
                deals = [each for each in self.deals if self.sees_deal(each)]
                places = {"Person": self.people, "Team": self.teams, "Deal": deals}
                return self.find(kind, places.get(kind, []), arguments["id"])
        raise AssertionError(name)

    def field(self, kind: str, name: str, row: Row, arguments: Row) -> Any:
        match kind, name:
            case _, "id":
                return f"{kind}_{row['id']}"
            case "Person", "team":
                return self.by("Team", self.teams, row["team_id"])
            case "Person", "manager":
                return self.by("Person", self.people, row["manager_id"])
            case "Person", "reports":
                found = [each for each in self.people if each["manager_id"] == row["id"]]
                return self.connection("Person", found, arguments, "name", usual=3)
            case "Person", "deals":
                found = [each for each in self.deals if each["person_id"] == row["id"] and self.sees_deal(each)]
                return self.connection("Deal", found, arguments)
            case "Person", "salary":
                return _money(row["salary"], row["currency"])
            case "Person", "initials":
                return str(row["id"])[-2:]
            case "Person", "hired":
                return row["hired"].isoformat()
            case "Person", "seenAt":
                return row["seen_at"] and _moment(row["seen_at"])
            case "Team", "parent":
                return self.by("Team", self.teams, row["parent_id"])
            case "Team", "people":
                found = [each for each in self.people if each["team_id"] == row["id"]]
                return self.connection("Person", found, arguments, "name")
            case "Team", "budget":
                return _money(row["budget"], row["budget_currency"])
            case "Team", "shouted":
                return row["code"].upper()
            case "Deal" | "Standing" | "Explanation", "person" | "helper":
                return self.by("Person", self.people, UUID(str(row[f"{name}_id"])))
            case "Deal", "amount":
                return _money(row["amount"], row["currency"])
            case "Deal", "explanation":
                return row["explanation"] and self.about("Explanation", row["explanation"], row["person_id"])
            case "Explanation", "legs":
                return [self.about("Leg", each, self.viewer) for each in row["legs"]]
            case "Explanation", "best":
                return row["best"] and self.about("Leg", row["best"], self.viewer)
            case "Leg", "earned":
                return _money(row["earned"], row["currency"])
            case "Standing", "total":
                return str(row["total"])
        return row[name]

    # ── Objects ──

    def about(self, kind: str, row: Row, person: UUID | None) -> Row:
        return {"of": row, "person": person, "kind": kind}

    def team(self, row: Row) -> Row:
        return self.about("Team", row, None)

    def shown(self, kind: str, row: Row) -> Row:
        person = {"Person": "id", "Deal": "person_id"}.get(kind)
        return self.about(kind, row, row[person] if person else None)

    def by(self, kind: str, records: list[Row], id: UUID | None) -> Row | None:
        return next((self.shown(kind, each) for each in records if each["id"] == id), None)

    def find(self, kind: str, records: list[Row], id: str) -> Row | None:
        return next((self.shown(kind, each) for each in records if f"{kind}_{each['id']}" == id), None)

    def board(self, arguments: Row) -> Row:
        totals: dict[UUID, Decimal] = {}
        for deal in self.deals:
            totals[deal["person_id"]] = totals.get(deal["person_id"], Decimal(0)) + deal["amount"]
        least = arguments.get("atLeast")
        places: list[Row] = [
            {"person_id": id, "total": total, "rank": 1 + sum(other > total for other in totals.values())}
            for id, total in sorted(totals.items(), key=lambda each: (-each[1], each[0]))
        ]
        kept = [each for each in places if least is None or each["total"] >= Decimal(least)]
        ranked = [{**each, "rank": 1 + sum(other["total"] > each["total"] for other in kept)} for each in kept]
        first = arguments.get("first")
        entries = ranked[: 10 if first is None else _size(first)]
        return {
            "entries": [self.about("Standing", each, each["person_id"]) for each in entries],
            "count": len(totals),
        }

    # ── Connections ──

    def connection(self, kind: str, records: list[Row], arguments: Row, order: str = "", usual: int = 50) -> Row:
        arguments = {name: value for name, value in arguments.items() if value is not None}
        if "where" in arguments:
            holds = self.condition(kind, arguments["where"])
            records = [each for each in records if holds(each)]
        chosen: list[tuple[Callable[[Row], Any], str]] = [
            (self.sort_value(kind, each["field"].lower()), each["direction"]) for each in arguments.get("orderBy", ())
        ]
        if not chosen and order:
            name = order.removeprefix("-")
            chosen = [(lambda row: row[name], "DESC" if order.startswith("-") else "ASC")]
        chosen.append((lambda row: row["id"], chosen[-1][1] if chosen else "ASC"))

        def compared(one: Row, other: Row) -> int:
            return _compared(one, other, chosen)

        records = sorted(records, key=cmp_to_key(compared))
        backwards = "last" in arguments
        if backwards and "first" in arguments:
            raise _wrong("BAD_USER_INPUT")
        size = _size(arguments["last"] if backwards else arguments.get("first", usual))
        page = (records[-size:] if size else []) if backwards else records[:size]
        nodes = [self.shown(kind, each) for each in page]
        cursors = ["a cursor" for _ in page]
        return {
            "edges": [{"cursor": "a cursor", "node": node} for node in nodes],
            "nodes": nodes,
            "totalCount": len(records),
            "pageInfo": {
                "hasNextPage": not backwards and len(records) > size,
                "hasPreviousPage": backwards and len(records) > size,
                "startCursor": cursors[0] if cursors else None,
                "endCursor": cursors[-1] if cursors else None,
            },
        }

    def sort_value(self, kind: str, name: str) -> Callable[[Row], Any]:
        self.allowed(kind, name)
        person = {"Person": "id", "Deal": "person_id"}.get(kind, "id")
        return lambda row: row[name] if self.sees(kind, name, row[person]) else None

    def allowed(self, kind: str, name: str) -> None:
        if not self.sees(kind, name, None):
            raise _wrong("FORBIDDEN_FIELD")

    def condition(self, kind: str, where: Row) -> Callable[[Row], bool]:
        each = [self.one_condition(kind, name, value) for name, value in where.items()]
        return lambda row: all(holds(row) for holds in each)

    def one_condition(self, kind: str, name: str, value: Any) -> Callable[[Row], bool]:
        if value is None:
            raise _wrong("BAD_USER_INPUT")
        if name in ("and", "or"):
            parts = [self.condition(kind, each) for each in value]
            return lambda row: (all if name == "and" else any)(holds(row) for holds in parts)
        if name == "not":
            inner = self.condition(kind, value)
            return lambda row: not inner(row)
        self.allowed(kind, name)
        column = {"seenAt": "seen_at", "teamId": "team_id", "manager": "manager_id"}.get(name, name)
        of = {"teamId": "Team", "manager": "Person", "id": kind}.get(name)
        person = {"Person": "id", "Deal": "person_id"}.get(kind, "id")
        if None in value.values():
            raise _wrong("BAD_USER_INPUT")

        def holds(row: Row) -> bool:
            if not self.sees(kind, name, row[person]):
                return False
            return all(_holds(row[column], operator, operand, of) for operator, operand in value.items())

        return holds

    # ── What is said of hidden fields ──

    def denied(self, document: str, variables: Row) -> set[tuple[str, ...]]:
        """The paths of fields that are never shown, from the document alone."""
        parsed = parse(document)
        (operation,) = (each for each in parsed.definitions if isinstance(each, OperationDefinitionNode))
        named = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
        found: set[tuple[str, ...]] = set()

        def included(node: Any) -> bool:
            for directive in node.directives or ():
                value = directive.arguments[0].value
                flag = variables[value.name.value] if value.kind == "variable" else value.value
                if flag != (directive.name.value == "include"):
                    return False
            return True

        def walk(type_: GraphQLObjectType, selections: Any, path: tuple[str, ...]) -> None:
            for node in selections.selections:
                if not included(node):
                    continue
                if isinstance(node, FieldNode):
                    field(type_, node, path)
                    continue
                fragment = named[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                condition = fragment.type_condition and fragment.type_condition.name.value
                if condition in (None, type_.name, "Node"):
                    walk(type_, fragment.selection_set, path)

        def field(type_: GraphQLObjectType, node: FieldNode, path: tuple[str, ...]) -> None:
            if node.name.value == "__typename":
                return
            here = (*path, (node.alias or node.name).value)
            if not self.sees(type_.name, node.name.value, None):
                found.add(here)
            elif node.selection_set is not None:
                inner = get_named_type(type_.fields[node.name.value].type)
                kinds = SCHEMA.get_possible_types(inner) if is_abstract_type(inner) else [inner]
                for kind in kinds:
                    assert isinstance(kind, GraphQLObjectType)
                    walk(kind, node.selection_set, here)

        root = SCHEMA.query_type
        assert root is not None
        walk(root, operation.selection_set, ())
        return found


def _typename(value: Row, *_: Any) -> str:
    return str(value["kind"])


def _money(amount: Any, currency: str | None) -> Row | None:
    return None if amount is None else {"amount": str(amount), "currency": currency}


def _moment(value: datetime) -> str:
    text = value.strftime("%Y-%m-%dT%H:%M:%S")
    return (f"{text}.{value.microsecond:06}".rstrip("0") if value.microsecond else text) + "+00:00"


def _size(size: int) -> int:
    if not 0 <= size <= 200:
        raise _wrong("BAD_USER_INPUT")
    return size


def _wrong(code: str) -> GraphQLError:
    return GraphQLError("", extensions={"code": code})


def _compared(one: Row, other: Row, chosen: list[tuple[Callable[[Row], Any], str]]) -> int:
    for value, direction in chosen:
        a, b = value(one), value(other)
        if a == b:
            continue
        less = b is None or (a is not None and a < b)
        return -1 if less == (direction == "ASC") else 1
    return 0


def _holds(value: Any, operator: str, operand: Any, of: str | None) -> bool:
    if operator == "isNull":
        return bool((value is None) == operand)
    if operator in ("in", "notIn"):
        return (value is not None and value in [_like(value, each, of) for each in operand]) == (operator == "in")
    operand = _like(value, operand, of)
    if operator == "ne":
        return bool(value != operand)
    if value is None or operand is None:
        return False
    match operator:
        case "eq":
            return bool(value == operand)
        case "lt":
            return bool(value < operand)
        case "lte":
            return bool(value <= operand)
        case "gt":
            return bool(value > operand)
        case "gte":
            return bool(value >= operand)
        case "contains":
            return bool(operand in value)
        case "startsWith":
            return bool(value.startswith(operand))
    raise AssertionError(operator)


def _like(value: Any, operand: Any, of: str | None) -> Any:
    """What the client wrote, as what it is compared with is held."""
    if of is not None:
        kind, _, id = operand.partition("_")
        return UUID(id) if kind == of else None
    match value:
        case bool() | int() | str() | None:
            return operand
        case Decimal():
            return Decimal(operand)
    parsed: Any = type(value).fromisoformat(operand)
    return parsed
