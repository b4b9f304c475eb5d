"""Rules: who sees what, decided once where it can be and asked of the row where it must be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import strawberry
from strawberry.types.base import StrawberryObjectDefinition

import schema
from schema import _rules
from schema._declare import SHAPES, reads, seen_by
from schema._kernel import MY_REPORTS, OWN, STAFF, may
from schema._link import link
from schema._rules import NOBODYS, Below, How, Line, Of, Rule
from tests._office import BELOW_ME, office, people, teams, uuid
from tests._reading import Office, loop, place

__all__ = ["loop", "place"]

NOBODY: frozenset[str] = frozenset()


def test_permissions_decide_a_rule_before_any_row_is_seen() -> None:
    assert STAFF.fold(NOBODY) is True
    assert may("x").fold(NOBODY) is False
    assert may("x").fold(frozenset({"x"})) is True
    assert (OWN | may("x")).fold(frozenset({"x"})) is True
    assert (OWN | may("x")).fold(NOBODY) == OWN
    assert (OWN & may("x")).fold(NOBODY) is False
    assert (OWN & may("x")).fold(frozenset({"x"})) == OWN


def test_own_or_my_reports_is_one_look_into_the_tree() -> None:
    assert (OWN | MY_REPORTS).fold(NOBODY) == Below("employees", nearest=0)
    assert (MY_REPORTS | may("x") | OWN).fold(NOBODY) == Below("employees", nearest=0)


def test_a_rule_says_its_name() -> None:
    assert str((OWN | MY_REPORTS) & may("pay.view")) == '(OWN | MY_REPORTS) & may("pay.view")'


@pytest.mark.parametrize("api", [office, schema.schema()], ids=["office", "api"])
def test_every_field_says_who_may_see_it(api: strawberry.Schema) -> None:
    silent = [
        f"{each.definition.name}.{field.name}"
        for each in api.schema_converter.type_map.values()
        if isinstance(each.definition, StrawberryObjectDefinition) and not each.definition.is_input
        for field in each.definition.fields
        if not isinstance(field.metadata.get("rule"), Rule)
    ]
    assert silent == []


# ── Declarations that can't be ──


def declared(rule: Rule, type_: Any, person: str | None = None) -> None:
    members = {"__annotations__": {"name": type_}, "name": seen_by(rule), "__module__": __name__}
    try:
        reads(people, rows=STAFF, person=person)(type("Broken", (), members))
        link([])
    finally:
        del SHAPES["Broken"]


def test_a_field_that_may_be_hidden_is_nullable() -> None:
    with pytest.raises(TypeError, match="must be nullable"):
        declared(may("x"), str)


def test_a_rule_about_a_person_needs_one() -> None:
    with pytest.raises(TypeError, match="names none"):
        declared(OWN | may("x"), str | None)


def test_a_field_that_can_not_be_null_has_a_column_that_can_not() -> None:
    members = {"__annotations__": {"email": str}, "email": seen_by(STAFF), "__module__": __name__}
    reads(people, rows=STAFF)(type("Broken", (), members))
    try:
        with pytest.raises(TypeError, match="can't be null"):
            link([])
    finally:
        del SHAPES["Broken"]


# ── In the answers ──


def ask(place: Office, loop: asyncio.AbstractEventLoop, document: str, n: int = 1, **variables: Any) -> Any:
    return loop.run_until_complete(place.ask(document, uuid(2, n), **variables))


def test_a_denied_field_is_null_and_said_once(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    answer = ask(place, loop, "{ people { nodes { years: age team { budget { amount } } } } }")
    assert {each["years"] for each in answer["data"]["people"]["nodes"]} == {None}
    assert answer["extensions"]["denied"] == [
        {"path": ["people", "nodes", "years"], "code": "FORBIDDEN_FIELD"},
        {"path": ["people", "nodes", "team", "budget"], "code": "FORBIDDEN_FIELD"},
    ]


@pytest.mark.parametrize("argument", ["where: {age: {gt: 1}}", "where: {not: {or: [{age: {isNull: true}}]}}",
                                      "orderBy: [{field: AGE}]"])  # fmt: skip
def test_what_is_hidden_neither_filters_nor_sorts(
    place: Office, loop: asyncio.AbstractEventLoop, argument: str
) -> None:
    answer = ask(place, loop, f"{{ people({argument}) {{ totalCount }} }}")
    assert answer["data"] is None
    assert [error["code"] for error in answer["errors"]] == ["FORBIDDEN_FIELD"]


def test_a_filter_finds_only_rows_whose_field_is_shown(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    document = '{ people(where: {salary: {gte: "0"}}) { nodes { salary { amount } } } }'
    found = [each["salary"] for each in ask(place, loop, document)["data"]["people"]["nodes"]]
    assert found
    assert None not in found


def test_a_change_of_rights_is_noticed_by_the_next_read(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    """The cached rights are of policy 0; the database knows that they changed."""
    document = "{ people(first: 1) { nodes { notes } } }"
    viewers, policy = place.everybody, place.reader.policy
    try:
        viewers.permissions = frozenset({"notes.view"})
        viewers.version = 0
        place.reader.policy = "7::bigint"
        seen: list[Any] = []
        original = viewers.get

        async def get(id: Any, *, since: int | None = None) -> Any:
            seen.append(since)
            if since is not None:
                viewers.permissions = NOBODY
            return await original(id, since=since)

        viewers.get = get  # type: ignore[method-assign]
        answer = loop.run_until_complete(place.fast(document, {}, uuid(2, 1)))
        assert answer["extensions"]["denied"]
        assert seen == [None, 7]
    finally:
        place.reader.policy, viewers.version, viewers.permissions = policy, 0, NOBODY
        del viewers.get


def test_nobody_sees_nothing(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    answer = loop.run_until_complete(place.slow("{ __typename people { totalCount } }", {}, None))
    assert answer["data"] is None
    assert [error["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert loop.run_until_complete(place.slow("{ __typename }", {}, None))["data"] == {"__typename": "Query"}


def test_identity_is_bound_and_never_written(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    me = uuid(2, 1)
    ask(place, loop, "{ deals { totalCount } }")
    assert not [plan for plan in place.reader._plans.values() if str(me) in plan.sql]  # noqa: SLF001


@pytest.mark.parametrize("few", [0, 1, 256])
@pytest.mark.parametrize("rule", [BELOW_ME, (OWN | BELOW_ME).fold(NOBODY), BELOW_ME | NOBODYS], ids=str)
def test_a_rule_holds_for_the_same_people_however_it_is_asked(
    place: Office, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch, rule: Rule, few: int
) -> None:
    monkeypatch.setattr(_rules, "FEW", few)

    def held(how: How) -> list[Any]:
        condition = rule.sql("person.id", "viewer.id", how)
        asked = f"SELECT person.id, viewer.id FROM {people.table} person, {people.table} viewer WHERE {condition}"
        return sorted(loop.run_until_complete(place.reader.pool.fetch(asked)))

    line = Line(people, "person.line")
    assert held(Of.ROWS) == held(Of.ROW) == held(Of.EACH) == held(line) != []


def test_a_line_of_another_tree_tells_nothing(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    person, viewer, elsewhere = "person.id", "viewer.id", Line(teams, "NULL::uuid[]")
    assert BELOW_ME.sql(person, viewer, elsewhere) == BELOW_ME.sql(person, viewer, Of.EACH)


def statements_with(place: Office, words: str) -> list[str]:
    return [plan.sql for plan in place.reader._plans.values() if words in plan.sql]  # noqa: SLF001


def test_a_person_s_own_row_tells_who_is_above_them(place: Office, loop: asyncio.AbstractEventLoop) -> None:
    ask(place, loop, "{ people { nodes { ownRow: salary { amount } deals { totalCount } } } }")
    ask(place, loop, "query ($id: ID!) { person(id: $id) { ownRow: salary { amount } } }", id=f"Person_{uuid(2, 4)}")
    ask(place, loop, "{ board { entries { ownRow: total person { name } again: person { salary { amount } } } } }")
    statements = statements_with(place, "ownRow")
    assert len(statements) >= 3
    assert not [sql for sql in statements if "OFFSET 256" in sql]


@pytest.mark.parametrize("alias", ["pay", "p" * 64])
def test_what_several_fields_would_look_up_is_looked_up_once(
    place: Office, loop: asyncio.AbstractEventLoop, alias: str
) -> None:
    assert ask(place, loop, f"{{ board {{ entries {{ total {alias}: total }} }} }}")["data"]["board"]["entries"]
    assert {sql.count("OFFSET 256") for sql in statements_with(place, alias)} == {1}
