"""No document takes the server long: what is too much is refused before the work that it would be."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from graphql import OverlappingFieldsCanBeMergedRule, get_introspection_query, parse, validate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.corpus import WORST, worst
from bench.worst_documents import outcome
from schema import schema
from schema._cost import MOST_COST
from schema._documents import MOST_ERRORS, Documents, Invalid, check_cost
from schema._limits import MOST_COMMANDS, MOST_FIELDS, MOST_TOKENS
from schema._overlaps import LONGEST_WALK, Overlaps
from schema._rates import BURST, Rates
from tests._api import Api
from tests._door import calling, door

GRAPH = schema()._schema  # noqa: SLF001
DOCUMENTS = Documents(GRAPH)


def codes(document: str) -> list[str]:
    return [(error.extensions or {})["code"] for error in DOCUMENTS.get(document).errors]


@pytest.mark.parametrize("name", WORST)
def test_the_worst_documents_are_refused_or_within_the_limits(name: str) -> None:
    found = worst(name)
    read = Documents(GRAPH).get(found.document)
    assert len(read.errors) <= MOST_ERRORS + 1
    assert sum(len(error.message) for error in read.errors) < 4_000
    if found.refused:
        assert [(error.extensions or {})["code"] for error in read.errors] == ["QUERY_TOO_COMPLEX"]


MOST_CALLS = 450_000
"""Of functions; some 30 ms of processor time."""

LONGEST_STATEMENT = 60_000
"""Characters; some 30 ms, too, for SQLAlchemy does more with each call."""


@pytest.mark.parametrize("name", WORST)
def test_the_worst_documents_are_little_work(name: str) -> None:
    """Counted, for time depends on who else uses the machine."""
    found, calls = worst(name), 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    outcome(found, frozenset())  # whatever is done once for all documents is done
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        said = outcome(found, frozenset())
    finally:
        sys.setprofile(before)
    assert calls < MOST_CALLS
    assert len(said) < LONGEST_STATEMENT


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "__typename " * (MOST_TOKENS + 1) + "}",
        "{ employees(where: { name: { in: [" + "1," * MOST_TOKENS + "] } }) { totalCount } }",
        "{ viewer { " + "id " * (MOST_FIELDS + 1) + "} }",
        "{ employees { nodes { " + "manager { " * 20 + "id" + " }" * 20 + " } } }",
        "{ " + " ".join(f"a{n}: __typename" for n in range(300)) + " }",
        "{ " + "... { " * 70 + "__typename" + " }" * 70 + " }",
        "{ viewer { id " + "@skip(if: false) " * 201 + "} }",
        "query (" + " ".join(f"$v{n}: Int" for n in range(101)) + ") { viewer { id } }",
        " ".join(f"query q{n} {{ viewer {{ id }} }}" for n in range(21)),
        " ".join(f"fragment f{n} on Query {{ viewer {{ id }} }}" for n in range(101)),
        "{ employees(where: " + "{not: " * 20 + "{}" + "}" * 20 + ") { totalCount } }",
        "{ " + " ".join(f"a{n}: employees {{ nodes {{ id }} pageInfo {{ endCursor }} }}" for n in range(30)) + " }",
        "{ employees(" + "first: 1 " * 101 + ") { totalCount } }",
        "{ employees(where: {" + 'name: {eq: "a"} ' * 101 + "}) { totalCount } }",
        "{ viewer { id @skip(" + "if: true " * 101 + ") } }",
        "#\n" * 501 + "{ viewer { id } }",
        "#" * 70_000 + "\n{ viewer { id } }",
        "{ a: __schema { types { name } } b: __schema { types { name } } }",
        "{ __schema { a: types { name } b: types { name } } }",
        "{ __schema { types { fields { type { fields { name } } } } } }",
        "{ ...f } fragment f on Query {__schema { types { fields { type { ...g}}}}} fragment g on __Type { fields }",
    ],
)
def test_too_much_is_refused(document: str) -> None:
    assert codes(document) == ["QUERY_TOO_COMPLEX"]


def test_a_fragment_within_itself_is_refused_as_that() -> None:
    for document in (
        "{ ...f } fragment f on Query { ...f }",
        "{ ...f } fragment f on Query { viewer { employee { ...g } } } fragment g on Employee { manager { ...g } }",
        "{ ...f } fragment f on Query { ...g ...h } fragment g on Query { ...h } fragment h on Query { ...f }",
    ):
        assert set(codes(document)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_what_else_it_could_be_is_suggested_for_the_mistakes_that_people_make() -> None:
    def said(document: str) -> str:
        return " ".join(error.message for error in DOCUMENTS.get(document).errors)

    assert said("{ viewr { id } emploee }").count("Did you mean") == 2
    assert "Did you mean" not in said("{ viewr a: viewr b: viewr c: viewr }")
    assert "Did you mean" not in said("{ viewr { id } } # " + "x" * 31)
    assert "Did you mean" not in said("{ viewer { ...f } } fragment f on Viewr { id }")
    assert "Did you mean" not in said("{ viewr { " + "id " * 499 + " } }")


def test_of_wrong_variables_no_more_is_looked_at_than_is_told() -> None:
    operation = DOCUMENTS.get("query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }").operation(None)
    for wrong in ({f"nam{n}": 1 for n in range(500)}, {"and": [{"nam": 1}] * 500}, {"status": {"in": ["x"] * 500}}):
        with pytest.raises(Invalid) as found:
            operation.coerced(GRAPH, {"w": wrong})
        assert len(found.value.errors) == MOST_ERRORS
        assert {(error.extensions or {})["code"] for error in found.value.errors} == {"BAD_USER_INPUT"}


def test_an_error_does_not_keep_the_document_that_it_is_about() -> None:
    for document in ("{ viewr { id } }", "{ " + "a " * 600 + "}", "{ ...f } fragment f on Query { ...f }", "{ a("):
        for error in DOCUMENTS.get(document).errors:
            assert error.locations
            assert error.nodes is None
            assert error.__traceback__ is None


def test_text_in_a_document_has_no_nul() -> None:
    assert codes('{ employee(id: "\\u0000") { id } }') == ["BAD_USER_INPUT"]


def test_tools_may_ask_for_the_schema() -> None:
    everything = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True
    )
    assert not codes(everything)


# ── Costs ──


@pytest.mark.parametrize(
    ("document", "variables", "cost"),
    [
        ("{ viewer { id } }", {}, 2),
        ("{ employees(first: 10) { nodes { id name } } }", {}, 1 + 10 * 3),
        ("{ employees { totalCount nodes { id } } }", {}, 1 + 50 + 50 * 2),
        ('{ employees(where: { name: { contains: "a" } }) { nodes { id } } }', {}, 51 + 50 * 2),
        ("{ employees(orderBy: [{ field: TITLE }], first: 10) { nodes { department { headCount code } } } }",
         {}, 51 + 10 * (1 + 1 + 50 + 1)),
        ("{ employees(first: 10) { nodes { scores(first: 1) { nodes { currency } } } } }", {}, 1 + 10 * (1 + 1 + 2)),
        ("{ employees(last: 5) { edges { cursor node { id } } } }", {}, 1 + 5 * 4),
        ("query ($n: Int) { employees(first: $n) { nodes { id } } }", {"n": 20}, 1 + 20 * 2),
        ("query ($n: Int) { employees(first: $n) { nodes { id } } }", {}, 1 + 50 * 2),
        ("query ($n: Int) { employees(first: $n) { nodes { id } } }", {"n": -3}, 1),
        ("query ($n: Int) { employees(first: $n) { nodes { id } } }", {"n": 10**9}, 1 + 200 * 2),
        ("{ employees(first: 10) { nodes { reports(first: 5) { nodes { id } } } } }", {}, 1 + 10 * (1 + 1 + 5 * 2)),
        ("query ($a: Int, $b: Int) { employees(first: $a) { nodes { reports(first: $b) { nodes { id } } } } }",
         {"a": 10, "b": 5}, 1 + 10 * (1 + 1 + 5 * 2)),
        ("{ ...f ...f } fragment f on Query { viewer { id } }", {}, 4),
        ("{ events(first: 10) { nodes { at data redacted } } }", {}, 1 + 10 * (1 + 1 + 5 + 5)),
        ("{ __schema { queryType { name } } viewer { id } }", {}, 2_500 + 2),
    ],
)  # fmt: skip
def test_a_cost_is_the_product_of_the_pages(document: str, variables: dict[str, Any], cost: int) -> None:
    assert DOCUMENTS.get(document).operation(None).cost.of(variables) == cost


def test_what_costs_too_much_is_refused_and_told() -> None:
    operation = DOCUMENTS.get(
        "query ($n: Int) { employees(first: $n) { nodes { reports(first: $n) { nodes { id name } } } } }"
    ).operation(None)
    assert check_cost(operation, {"n": 50}) == 1 + 50 * (2 + 50 * 3)
    with pytest.raises(Invalid) as refused:
        check_cost(operation, {"n": 200})
    (error,) = refused.value.errors
    assert error.extensions == {"code": "QUERY_TOO_COMPLEX", "cost": 1 + 200 * (2 + 200 * 3), "mostCost": MOST_COST}


def test_what_is_given_is_work_wherever_it_is_used() -> None:
    """All conditions are planned once for each place that asks for them."""
    conditions = {"and": [{"name": {"eq": "a"}}] * 180}
    for places, refused in (1, False), (2, True):
        fields = " ".join(f"a{n}: employees(where: $w) {{ totalCount }}" for n in range(places))
        operation = DOCUMENTS.get(f"query ($w: EmployeeWhere) {{ {fields} }}").operation(None)
        if not refused:
            check_cost(operation, {"w": conditions})
            continue
        with pytest.raises(Invalid) as found:
            check_cost(operation, {"w": conditions})
        assert (found.value.errors[0].extensions or {})["code"] == "QUERY_TOO_COMPLEX"


def test_what_is_given_to_a_page_is_work_each_time_that_it_is_counted() -> None:
    twenty = "{and: [" + '{name: {eq: "a"}} ' * 20 + "]}"
    counted = [
        f"{{ employees(where: {twenty}) {{ {' '.join(f'a{n}: totalCount' for n in range(most))} }} }}"
        for most in (8, 20)
    ]
    assert [codes(each) for each in counted] == [[], ["QUERY_TOO_COMPLEX"]]
    of_a_fragment = "{ employees(where: " + twenty + ") { ...f } } fragment f on EmployeeConnection { "
    assert codes(of_a_fragment + " ".join(f"a{n}: totalCount" for n in range(20)) + " }") == ["QUERY_TOO_COMPLEX"]


def test_long_texts_are_work_wherever_they_are_used() -> None:
    def work(document: str, text: str) -> int:
        return DOCUMENTS.get(document).operation(None).cost.work.with_({"c": text})

    once = "query ($c: String) { employees(after: $c) { totalCount } }"
    twice = "query ($c: String) { a: employees(after: $c) { totalCount } b: employees(after: $c) { totalCount } }"
    assert work(once, "x" * 900_000) - work(once, "x") == 900
    assert work(twice, "x" * 900_000) - work(twice, "x") == 1_800
    with pytest.raises(Invalid):
        check_cost(DOCUMENTS.get(twice).operation(None), {"c": "x" * 900_000})


def test_a_dashboard_of_several_boards_is_answered() -> None:
    place = "rank value target attainment employee { name }"
    boards = " ".join(
        f'b{n}: leaderboard(metric: {metric}, period: "2017") {{ period entries {{ {place} }} }}'
        for n, metric in enumerate(("WON_AMOUNT", "DEALS_WON", "CUSTOMER_SATISFACTION"))
    )
    mine = " ".join(
        f's{n}: standing(employeeId: $id, metric: WON_AMOUNT, period: "{period}") {{ rank value attainment }}'
        for n, period in enumerate(("2017", "2017-Q2", "2017-04"))
    )
    me = "employee(id: $id) { name title department { name } manager { name } }"
    operation = DOCUMENTS.get(f"query ($id: ID!) {{ {boards} {mine} {me} }}").operation(None)
    assert check_cost(operation, {"id": "Employee_x"})


def test_commands_are_counted_wherever_they_stand() -> None:
    commands = " ".join(f'a{n}: retireRole(input: {{ id: "x" }}) {{ __typename }}' for n in range(MOST_COMMANDS))
    one_more = 'b: retireRole(input: { id: "x" }) { __typename }'
    assert not codes(f"mutation {{ ...f }} fragment f on Mutation {{ {commands} }}")
    assert codes(f"mutation {{ ...f {one_more} }} fragment f on Mutation {{ {commands} }}") == ["QUERY_TOO_COMPLEX"]
    assert codes(f"mutation {{ ... {{ {commands} {one_more} }} }}") == ["QUERY_TOO_COMPLEX"]


async def test_what_functions_of_our_own_answer_may_cost_less(api: Api) -> None:
    somebody = await api.administrator()
    page = "nodes { id name number title status manager { id name number title status version position } version }"
    alone = f"{{ employees(first: 200) {{ {page} }} a: employees(first: 200) {{ {page} }} }}"
    assert (await api(somebody, alone))["data"]
    beside = await api(somebody, alone.replace("{ employees", "{ permissions { name } employees", 1))
    assert [error["extensions"]["code"] for error in beside["errors"]] == ["QUERY_TOO_COMPLEX"]


async def test_the_cost_is_told_with_the_answer() -> None:
    async with calling(door()) as call:
        assert (await call.ask("{ a: __typename b: __typename }")).json()["extensions"] == {"cost": 2}


# ── Rates ──


def test_who_asks_too_often_waits_and_nobody_else_does() -> None:
    now = [0.0]
    rates = Rates(2.0, clock=lambda: now[0])
    assert [rates.wait("a") for _ in range(2 * BURST)] == [0.0] * 2 * BURST
    assert rates.wait("a") == 0.5
    assert rates.wait("b") == 0.0
    now[0] = 0.5
    assert rates.wait("a") == 0.0
    assert rates.wait("a") == 0.5
    assert not any(Rates(0).wait("a") for _ in range(10_000))


async def test_too_many_requests_are_429_and_told_when_to_try_again() -> None:
    async with calling(door(address_rate=0.5)) as call:
        answers = [await call.ask("{ __typename }") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 429, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert answers[-1].json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


# ── Fields that can't be merged: the verdicts are those of graphql-core ──

FIELDS = st.sampled_from(["id", "name", "title: name", "name: title", "id: name", "number", "version", "name: version",
                          "id: status", "name: number"])  # fmt: skip
OBJECTS = ["manager", "department", "a: manager", "a: department", "manager: department"]
PAGES = ["reports", "reports(first: 1)", "reports(first: 2)", "timeline: reports", "reports(first: 1, last: 2)",
         "reports(last: 2, first: 1)"]  # fmt: skip


def _selections(depth: int) -> st.SearchStrategy[str]:
    if depth == 0:
        return st.lists(FIELDS, min_size=1, max_size=3).map(" ".join)
    inner = _selections(depth - 1)
    whole = st.builds(lambda name, each: f"{name} {{ {each} }}", st.sampled_from(OBJECTS), inner)
    paged = st.builds(lambda name, each: f"{name} {{ nodes {{ {each} }} }}", st.sampled_from(PAGES), inner)
    parts = st.builds(
        lambda type_, each: f"... on {type_} {{ {each} }}", st.sampled_from(["Employee", "Department", "Node"]), inner
    )
    spread = st.sampled_from(["...f", "...g"])
    return st.lists(st.one_of(FIELDS, whole, paged, parts, spread), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=400)
@example(root="name ... on Department { name }", f="name", g="id")
@given(root=_selections(3), f=_selections(1).filter(lambda it: "..." not in it), g=_selections(2))
def test_what_can_not_be_merged_is_what_graphql_core_says(root: str, f: str, g: str) -> None:
    g = g.replace("...g", "...f")
    document = parse(
        f'{{ node(id: "x") {{ {root} ...f ...g }} }} fragment f on Employee {{ {f} }} fragment g on Node {{ {g} }}'
    )
    ours = validate(GRAPH, document, [Overlaps])
    theirs = validate(GRAPH, document, [OverlappingFieldsCanBeMergedRule])
    assert bool(ours) == bool(theirs), (ours, theirs)


def test_the_walk_has_an_end() -> None:
    wide = " ".join(f"... on Employee {{ a{n}: manager {{ id }} }}" for n in range(LONGEST_WALK // 3))
    (error,) = validate(GRAPH, parse(f'{{ node(id: "x") {{ {wide} }} }}'), [Overlaps])
    assert (error.extensions or {})["code"] == "QUERY_TOO_COMPLEX"
