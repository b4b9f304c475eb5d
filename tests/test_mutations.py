"""Whatever mutation is sent: it is answered as graphql-core and Strawberry answer it alone, and does the same."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    Undefined,
    is_required_input_field,
)
from graphql.utilities import coerce_input_value
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from strawberry import ID, UNSET
from strawberry.scalars import JSON

from domain._kernel import Conflict, NotFound
from schema import schema as whole_schema
from schema._coercion import coercer
from schema._documents import Operation
from schema._endpoint import Endpoint
from schema._given import names
from schema._kernel import STAFF, CommandInput, Info, Outcome, may, mutation, uuid_of
from schema._reader import Reader
from schema._scalars import CurrencyCode, EmailAddress, PhoneNumber, Position
from schema._schema import build
from store.meter import Meter
from tests._office import BELOW_ME, Mood, Person, Query, Team, uuid
from tests._reading import SECRET, Everybody, Office, loop, place

__all__ = ["loop", "place"]  # fixtures, for pytest to find

ME, NUMBER = uuid(2, 1), "the-number-of-the-request"


# ── What there is to do ──


@strawberry.input
class Bit:
    size: Decimal
    mood: Mood | None = UNSET
    within: Bit | None = UNSET
    words: list[str | None] | None = UNSET


@strawberry.input
class ChangePerson(CommandInput):
    """One of everything."""

    id: ID = names(Person)
    text: str
    mood: Mood | None = UNSET
    day: date | None = None
    moment: datetime | None = UNSET
    amount: Decimal | None = UNSET
    share: float | None = UNSET
    many: int = 3
    sure: bool | None = True
    currency: CurrencyCode | None = UNSET
    email: EmailAddress | None = UNSET
    phone: PhoneNumber | None = UNSET
    position: Position | None = UNSET
    anything: JSON | None = UNSET
    bits: list[Bit] | None = UNSET
    moods: list[Mood] | None = UNSET


@strawberry.input
class ChangeTeam(CommandInput):
    id: ID = names(Team)


@strawberry.type
class Mutation:
    @mutation(may("change") | BELOW_ME, changes=Person, on=lambda input: uuid_of(Person, input.id, "id"))
    async def change_person(self, info: Info, input: ChangePerson) -> Outcome:
        return await info.context.run(Person, uuid_of(Person, input.id, "id"), input.text, input)

    @mutation(STAFF, changes=Team)
    async def change_team(self, info: Info, input: ChangeTeam) -> Outcome:
        return await info.context.run(Team, uuid_of(Team, input.id, "id"), "", input)


class Done:
    """What the log says."""

    def __init__(self, stream_id: UUID, position: int) -> None:
        self.stream_id, self.position = stream_id, position


class Desk:
    """Takes commands, and remembers what they asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.meter, self._positions = Meter(), count(1)

    async def run(self, kind: Any, id: UUID, command: Any, /, **asked: Any) -> Done:
        origin = asked.pop("origin")
        self.asked.append(f"{kind.__name__} {id} {origin.actor} {origin.reason} {asked}")
        if command == "refuse":
            raise NotFound("There is no such thing.", "id", "text")
        if command == "boom":
            raise ZeroDivisionError("a secret")
        if asked["expected_version"] == 3:
            raise Conflict("It moved.", current_version=4)
        return Done(id, next(self._positions))


class Careful(Reader):
    """Leaves all variables to graphql-core."""

    def coerced(self, operation: Operation, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        return operation.coerced(self.schema, variables)


class Nothing:
    """Leaves all mutations to graphql-core."""

    def mutation(self, operation: Operation) -> None: ...


class Side:
    """A front door, and what comes in by it."""

    def __init__(self, place: Office, everybody: Everybody, *, ours: bool) -> None:
        api = build([Query], [Mutation])
        reader = (Reader if ours else Careful)(api._schema, place.reader.pool, everybody, SECRET)  # noqa: SLF001
        self.desk = Desk()
        identify = lambda header: UUID(header) if header else None  # noqa: E731
        self.endpoint = Endpoint(api, reader, self.desk, identify)  # type: ignore[arg-type]  # it does less
        if not ours:
            self.endpoint._commands = Nothing()  # type: ignore[assignment]  # noqa: SLF001
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=self.endpoint), base_url="http://office")

    async def ask(self, document: str, variables: dict[str, Any], viewer: UUID | None) -> str:
        """What is answered, to the letter but for the spaces."""
        headers = {"x-request-id": NUMBER, **({"authorization": str(viewer)} if viewer else {})}
        body = {"query": document, "variables": variables}
        answer = (await self._http.post("/", json=body, headers=headers)).json()
        return json.dumps(answer)


# ── What may be asked ──

PEOPLE = [f"Person_{uuid(2, n)}" for n in (0, 1, 2, 4, 99)]
TEAMS = [f"Team_{uuid(1, n)}" for n in (0, 1, 99)]
VALUES: dict[str, tuple[list[Any], list[Any]]] = {
    "ID": ([*PEOPLE, "Team_x", ""], [7, 1.5]),
    "String": (["zoe", "zoe", "zoe", "refuse", "boom", ""], [3]),
    "Int": ([0, 3, -1, 2.0], [2**31, 1.5, "3", True]),
    "Float": ([0.5, 2, -1.5], ["0.5", False]),
    "Boolean": ([True, False], [0, "true"]),
    "Decimal": (["1.50", 3, "-0.5", 2.25], ["1e3", "", True]),
    "Date": (["2017-03-01", "0001-01-01"], ["2017-13-01", 2017]),
    "DateTime": (["2017-03-01T09:00:00Z", "2017-03-01T09:00:00.5+02:00"], ["2017-03-01", 0]),
    "UUID": (["0B9FF1D2-7A53-4C9E-8A5E-5A0D2C1C9B7E"], ["0b9ff1d2", 5]),
    "CurrencyCode": (["EUR"], ["eur", 9]),
    "EmailAddress": (["a@example.com"], ["nobody", ["a@example.com"]]),
    "PhoneNumber": (["+442079460018", "+1 202 555 0143"], ["12", 12]),
    "Position": ([0, 2**63 - 1], [2**63, -1, "0", True]),
    "JSON": ([{"a": [1]}, "{}", 3, [None]], []),
}
"""By scalar, what is right and what is wrong."""

MOST_WITHIN = 3
ODD = [None, [], {}, "", 0, "EUR", {"size": 1}, [[None]], True, 1.5]


def values(type_: Any, *, wrong: bool, depth: int = 0) -> st.SearchStrategy[Any]:
    """A value of a type; `wrong`: it may be none, in some way."""
    right = _right(type_, wrong=wrong, depth=depth)
    return st.integers(0, 15).flatmap(lambda n: right if n else st.sampled_from(ODD)) if wrong else right


def _right(type_: Any, *, wrong: bool, depth: int) -> st.SearchStrategy[Any]:
    if isinstance(type_, GraphQLNonNull):
        return _right(type_.of_type, wrong=wrong, depth=depth)
    if isinstance(type_, GraphQLList):
        inner = values(type_.of_type, wrong=wrong, depth=depth + 1)
        return st.lists(inner, max_size=3) | inner
    if isinstance(type_, GraphQLInputObjectType):
        return _members(type_, wrong=wrong, depth=depth)
    right, others = ([*type_.values], ["NONE", 0]) if isinstance(type_, GraphQLEnumType) else VALUES[type_.name]
    return st.sampled_from([*right, *(others if wrong else [])])


@st.composite
def _members(draw: st.DrawFn, type_: GraphQLInputObjectType, *, wrong: bool, depth: int) -> dict[str, Any]:
    found = {}
    for name, each in type_.fields.items():
        if is_required_input_field(each) or (depth < MOST_WITHIN and draw(st.booleans())):
            null = not isinstance(each.type, GraphQLNonNull) and draw(st.integers(0, 7)) == 0
            found[name] = None if null else draw(values(each.type, wrong=wrong, depth=depth + 1))
    if wrong and found and draw(st.integers(0, 5)) == 0:
        del found[draw(st.sampled_from(sorted(found)))]
    if wrong and draw(st.integers(0, 9)) == 0:
        found["unknown"] = 1
    return found


OF_PERSON = ["id", "__typename", "name", "newName: name", "mood", "email", "age", "salary { amount currency }", "hired",
             "team { code id }", "... on Node { id }", "name @skip(if: $sure)", "manager { id manager { name } }",
             "deals(first: $n) { totalCount nodes { title amount { amount } } }", "reports(first: $n) { nodes { id } }",
             "... @include(if: $sure) { position }", "remote", "notes", "initials"]  # fmt: skip
OF_REFUSED = ["code", "message", "path", "currentVersion", "why: code", "__typename", "code @include(if: $sure)"]


@st.composite
def selections(draw: st.DrawFn, name: str, kind: str, of_kind: list[str]) -> str:
    """What is asked for of a command: what was changed under one name, for graphql-core reads several in any order."""

    def some(of: list[str]) -> str:
        return " ".join(draw(st.lists(st.sampled_from(of), min_size=1, max_size=4)))

    changed = draw(st.sampled_from(["{}", "{}", "other: {} @skip(if: $sure)"])).format(kind.lower())
    of_payload = ["position", "at: position", "__typename", *(f"{changed} {{ {some(of_kind)} }}" for _ in range(3))]
    return some([
        "__typename", "what: __typename", f"... on Change{kind}Payload {{ {some(of_payload)} }}",
        f"... on Change{kind}Payload {{ {some(of_payload)} }}", f"... on Refused {{ {some(OF_REFUSED)} }}",
        f"... @skip(if: $sure) {{ __typename ... on Change{kind}Result {{ ...Why }} }}", "...Why",
        f"... on Change{kind}Payload {{ {some(of_payload)} }}",
    ])  # fmt: skip


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A document and its variables, most of them valid."""
    person = (
        f'{{ id: "{draw(st.sampled_from(PEOPLE))}", text: $text, mood: GRUMPY, bits: {{ size: "1", words: [$text] }} }}'
    )
    written = f'{{ id: "{PEOPLE[3]}", text: "zoe", amount: 1.50, many: $n }}'
    team = f'{{ id: "{draw(st.sampled_from(TEAMS))}" }}'
    fields = []
    for alias in draw(st.lists(st.sampled_from(["", "a: ", "b: "]), min_size=1, max_size=3, unique=True)):
        if draw(st.integers(0, 3)) == 0:
            asked = draw(selections("changeTeam", "Team", ["id", "code", "budget { amount }", "parent { code }"]))
            fields.append(f"{alias}changeTeam(input: {team}) {{ {asked} }}")
        else:
            input = draw(st.sampled_from(["$input", "$input", "$input", person, written, "$usual"]))
            asked = draw(selections("changePerson", "Person", OF_PERSON))
            directive = draw(st.sampled_from(["", "", "", "@skip(if: $sure)", "@include(if: true)"]))
            fields.append(f"{alias}changePerson(input: {input}) {directive} {{ {asked} }}")
    fields += draw(st.sampled_from([[], [], ["__typename"], ["... on Mutation { me: __typename }"]]))
    declared = {
        "input": "ChangePerson!",
        "usual": f'ChangePerson! = {{ id: "{PEOPLE[1]}", text: "usual" }}',
        "text": draw(st.sampled_from(["String!", 'String! = "zoe"'])),
        "n": "Int! = 2",
        "sure": "Boolean! = false",
    }
    body = " ".join(fields) + (" fragment Why on Refused { message }" if "...Why" in " ".join(fields) else "")
    used = {name: type_ for name, type_ in declared.items() if f"${name}" in body}
    head = f"({', '.join(f'${name}: {type_}' for name, type_ in used.items())})" if used else ""
    whole = f"mutation {head} {{ {' '.join(fields)} }}" + body[len(" ".join(fields)) :]
    given_: dict[str, Any] = {}
    wrong = draw(st.integers(0, 2)) == 0
    for name, type_ in used.items():
        if name == "input" or (name == "usual" and draw(st.booleans())):
            given_[name] = draw(values(GraphQLNonNull(CHANGE_PERSON), wrong=wrong))
        elif name == "text" and (type_ == "String!" or draw(st.booleans())):
            given_[name] = draw(st.sampled_from(["zoe", "zoe", "refuse", "boom"]))
        elif name == "n" and draw(st.booleans()):
            given_[name] = draw(st.sampled_from([0, 1, 3, 201, -1, *([None, "2"] if wrong else [])]))
        elif name == "sure" and draw(st.booleans()):
            given_[name] = draw(st.booleans())
    return whole, given_


CHANGE_PERSON: Any = build([Query], [Mutation])._schema.type_map["ChangePerson"]  # noqa: SLF001
PERMISSIONS = [(), ("change",), ("change", "email.view", "deal.view", "age.view"), ("change",)]


@pytest.fixture(scope="module")
def everybody() -> Everybody:
    return Everybody()


@pytest.fixture(scope="module")
def sides(place: Office, everybody: Everybody) -> tuple[Side, Side]:
    return Side(place, everybody, ours=True), Side(place, everybody, ours=False)


def test_any_mutation_is_answered_as_graphql_core_answers_it(
    sides: tuple[Side, Side], everybody: Everybody, loop: asyncio.AbstractEventLoop
) -> None:
    ours, theirs = sides
    heard: Counter[str] = Counter()

    @settings(max_examples=300, derandomize=True, phases=[Phase.generate])
    @given(asked=mutations(), permissions=st.sampled_from(PERMISSIONS), viewer=st.sampled_from([ME] * 9 + [None]))
    def alike(asked: tuple[str, dict[str, Any]], permissions: tuple[str, ...], viewer: UUID | None) -> None:
        everybody.permissions = frozenset(permissions)
        wanted = loop.run_until_complete(theirs.ask(*asked, viewer))
        assert loop.run_until_complete(ours.ask(*asked, viewer)) == wanted, asked
        assert ours.desk.asked == theirs.desk.asked
        assert ours.desk.meter.refusals == theirs.desk.meter.refusals
        answer = json.loads(wanted)
        heard.update(error["extensions"]["code"] for error in answer.get("errors", ()))
        heard["answered"] += bool(answer.get("data"))

    alike()
    assert {"BAD_USER_INPUT", "INTERNAL"} <= heard.keys(), heard
    assert heard["answered"] > 20, heard
    assert ours.desk.meter.refusals
    documents = ours.endpoint.reader.documents._known.values()  # noqa: SLF001
    valid = [each for document in documents for each in document.operations.values()]
    left = [each for each in valid if ours.endpoint._commands.mutation(each) is None]  # noqa: SLF001
    assert len(left) < len(valid) / 2
    assert all("initials" in each.source for each in left)


@pytest.mark.parametrize("directive", ["@skip(if: $sure)", "@include(if: $sure)"])
def test_null_for_a_directive_is_told_before_anything_is_done(
    sides: tuple[Side, Side], loop: asyncio.AbstractEventLoop, directive: str
) -> None:
    ours, theirs = sides
    team = f'changeTeam(input: {{ id: "{TEAMS[0]}" }})'
    for body in (f"query ($sure: Boolean = true) {{ people {directive} {{ totalCount }} }}",
                 f"mutation ($sure: Boolean = true) {{ {team} {directive} {{ __typename }} }}"):  # fmt: skip
        done = len(ours.desk.asked)
        answer = loop.run_until_complete(ours.ask(body, {"sure": None}, ME))
        assert answer == loop.run_until_complete(theirs.ask(body, {"sure": None}, ME))
        assert json.loads(answer)["data"] is None
        assert [each["extensions"]["code"] for each in json.loads(answer)["errors"]] == ["BAD_USER_INPUT"]
        assert len(ours.desk.asked) == done
    within = f"mutation ($sure: Boolean = true) {{ {team} {{ __typename {directive} }} }}"
    answer = json.loads(loop.run_until_complete(ours.ask(within, {"sure": None}, ME)))
    assert answer["data"] is None
    assert len(ours.desk.asked) == done


def test_any_value_of_a_variable_is_what_graphql_core_makes_of_it_or_is_left_to_it() -> None:
    graphs = (whole_schema()._schema, build([Query], [Mutation])._schema)  # noqa: SLF001
    kinds = GraphQLScalarType | GraphQLEnumType | GraphQLInputObjectType
    known = [each for graph in graphs for each in graph.type_map.values() if isinstance(each, kinds)]
    types = [each for each in known if not each.name.startswith("__")]
    seen: Counter[str] = Counter()

    @settings(max_examples=1_500, derandomize=True, phases=[Phase.generate])
    @given(data=st.data())
    def alike(data: st.DataObject) -> None:
        type_: Any = data.draw(st.sampled_from(types))
        value = data.draw(values(type_, wrong=data.draw(st.booleans())))
        wanted = coerce_input_value(value, type_)
        try:
            found = coercer(type_)(value)
        except Exception:  # noqa: BLE001 - it is left to graphql-core
            seen["wrong" if wanted is Undefined else "left"] += 1
        else:
            assert repr(found) == repr(wanted), (type_, value)
            seen["right"] += 1

    alike()
    assert seen["wrong"], seen
    assert seen["left"] < seen["right"], seen
