"""The worst documents that we could make, each named by what is bad about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from graphql import get_introspection_query


@dataclass(frozen=True, slots=True)
class Worst:
    """A document with its variables; `refused` for being too much before anything else is looked at."""

    document: str
    variables: dict[str, Any] = field(default_factory=dict)
    refused: bool = False


def _fields(make: Callable[[int], str], count: int) -> str:
    return " ".join(map(make, range(count)))


def _of_employees(selection: str, arguments: str = "(first: 1)") -> str:
    return f"{{ employees{arguments} {{ nodes {{ {selection} }} }} }}"


def _fragments(count: int, make: Callable[[int], str], on: str = "Employee") -> str:
    return (
        " ".join(f"fragment f{n} on {on} {{ {make(n)} }}" for n in range(count))
        + f" fragment f{count} on {on} {{ id }}"
    )


_ID = "0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e"
_CONDITION = '{name: {eq: "a"}} '
_SORTED = "(first: 1, orderBy: [{field: NAME}, {field: TITLE}, {field: NUMBER}])"
_OF_2017 = '(employeeId: "x", metric: WON_AMOUNT, period: "2017")'
_BOARD_OF_2017 = '(departmentId: "x", metric: WON_AMOUNT, period: "2017")'
_STANDING = "rank value target attainment employee { name }"
_WHERE = "query ($w: EmployeeWhere) { employees(where: $w) { totalCount } }"

WORST: dict[str, Callable[[], Worst]] = {
    "as many tokens as can be": lambda: Worst("{ " + "__typename " * 2_990 + "}", refused=True),
    "as many fields as can be": lambda: Worst(_of_employees(_fields(lambda n: f"a{n}: name", 245) + " name" * 240)),
    "the same field": lambda: Worst(_of_employees("name " * 490)),
    "the same object, to be merged": lambda: Worst(_of_employees("manager { manager { name } } " * 70)),
    "objects under other names": lambda: Worst(_of_employees(_fields(lambda n: f"a{n}: manager {{ id }}", 125))),
    "pages within a page": lambda: Worst(
        _of_employees(
            _fields(lambda n: f"a{n}: reports(first: 1) {{ nodes {{ id }} pageInfo {{ startCursor endCursor }} }}", 14)
        )
    ),
    "cursors": lambda: Worst(_of_employees("id } edges { " + _fields(lambda n: f"a{n}: cursor", 46), _SORTED)),
    "cursors of ends": lambda: Worst(
        _of_employees("id } pageInfo { " + _fields(lambda n: f"a{n}: endCursor", 46), _SORTED)
    ),
    "pages with everything": lambda: Worst(
        "{ "
        + _fields(
            lambda n: (
                f"a{n}: employees(first: 1, orderBy: [{{field: NAME}}, {{field: NAME}}, {{field: NAME}}])"
                " { totalCount edges { cursor } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } }"
            ),
            14,
        )
        + " }"
    ),
    "unknown fields": lambda: Worst(_of_employees(_fields(lambda n: f"nam{n}", 490))),
    "unknown arguments": lambda: Worst("{ employees(" + _fields(lambda n: f"firs{n}: 1", 950) + ") { totalCount } }"),
    "unknown directives": lambda: Worst("{ viewer { " + _fields(lambda n: f"id @ski{n}", 200) + " } }"),
    "unknown types": lambda: Worst(
        '{ node(id: "x") { ' + _fields(lambda n: f"... on DepartmentTransferConection{n} {{ id }}", 12) + " } }"
    ),
    "unknown fields of long names": lambda: Worst("{ " + _fields(lambda n: "x" * 5_000 + str(n), 12) + " }"),
    "the same argument": lambda: Worst("{ employees(" + "first: 1 " * 900 + ") { totalCount } }", refused=True),
    "pages that can't be merged": lambda: Worst(
        _of_employees(_fields(lambda n: f"a: reports(first: {n}) {{ nodes {{ id }} }}", 150))
    ),
    "values of no enum": lambda: Worst(
        "{ employees(where: {status: {in: [" + "ACTIV " * 2_900 + "]}}) { totalCount } }"
    ),
    "a long list": lambda: Worst("{ employees(where: {id: {in: [" + '"a" ' * 2_900 + "]}}) { totalCount } }"),
    "conditions": lambda: Worst("{ employees(where: {and: [" + _CONDITION * 190 + "]}) { totalCount } }"),
    "conditions on what is hidden": lambda: Worst(
        "{ employees(where: {and: [" + '{hiredOn: {eq: "2017-01-01"}} ' * 190 + "]}) { totalCount } }"
    ),
    "long names of objects": lambda: Worst(
        _of_employees(_fields(lambda n: f"{'a' * 100}{n}: manager {{ {'b' * 100}: name }}", 60))
    ),
    "conditions in a fragment": lambda: Worst(
        "{ "
        + _fields(lambda n: f'a{n}: department(id: "x") {{ ...f }}', 25)
        + " } fragment f on Department { members(where: {and: ["
        + _CONDITION * 300
        + "]}) { totalCount } }",
        refused=True,
    ),
    "a chain of fragments": lambda: Worst(_of_employees("...f0") + _fragments(55, lambda n: f"name ...f{n + 1}")),
    "fragments twice, 30 deep": lambda: Worst(
        _of_employees("...f0") + _fragments(30, lambda n: f"a: manager {{ ...f{n + 1} }} b: manager {{ ...f{n + 1} }}"),
        refused=True,
    ),
    "fragments that spread all others": lambda: Worst(
        "{ ...f0 }"
        + _fragments(50, lambda n: _fields(lambda m: f"...f{m + n + 1}", 50 - n), "Query").replace(
            "{ id }", "{ __typename }"
        ),
        refused=True,
    ),
    "809 bytes": lambda: Worst(
        "{...a}"
        + " ".join(f"fragment {chr(97 + n)} on Query{{...{chr(98 + n)} ...{chr(98 + n)}}}" for n in range(25))
        + " fragment z on Query{__typename}",
        refused=True,
    ),
    "nothing, spread twice": lambda: Worst(
        "{ ...f0 }" + _fragments(50, lambda n: f"...f{n + 1} ...f{n + 1}", "Query").replace("{ id }", "{ }")
    ),
    "fragments within each other": lambda: Worst(
        "{ ...f0 }" + " ".join(f"fragment f{n} on Query {{ {_fields(lambda m: f'...f{m}', 20)} }}" for n in range(20))
    ),
    "operations": lambda: Worst(
        " ".join(f"query q{n} {{ ...f }}" for n in range(20))
        + " fragment f on Query { "
        + _fields(lambda n: f"a{n}: employee(id: $x) {{ id }}", 25)
        + " }"
    ),
    "operations with a long list": lambda: Worst(
        " ".join(f"query q{n} {{ ...f }}" for n in range(20))
        + " fragment f on Query { nobody employees(where: {id: {in: ["
        + '"a" ' * 2_700
        + "]}}) { totalCount } }"
    ),
    "standings": lambda: Worst("{ " + _fields(lambda n: f"a{n}: standing{_OF_2017} {{ {_STANDING} }}", 6) + " }"),
    "boards": lambda: Worst(
        "{ " + _fields(lambda n: f"a{n}: leaderboard{_BOARD_OF_2017} {{ entries {{ {_STANDING} }} }}", 6) + " }"
    ),
    "objects of any type": lambda: Worst("{ " + _fields(lambda n: f'a{n}: node(id: "x") {{ id }}', 17) + " }"),
    "values that are expressions": lambda: Worst(
        '{ department(id: "x") { ' + _fields(lambda n: f"a{n}: headCount", 80) + " } }"
    ),
    "types that can't be": lambda: Worst('{ node(id: "x") { ' + "... on Role { ... on Score { id } } " * 240 + "} }"),
    "of many types": lambda: Worst(
        '{ node(id: "x") { '
        + "".join(f"... on {each} {{ id }} ... {{ id }} " for each in ("Employee", "Role", "Score", "Target")) * 20
        + "} }"
    ),
    "inline fragments": lambda: Worst("{ " + "... { " * 190 + "__typename" + " }" * 190 + " }", refused=True),
    "a deep value": lambda: Worst(
        "{ employees(where: " + "{not: " * 190 + "{}" + "}" * 190 + ") { totalCount } }", refused=True
    ),
    "a long text": lambda: Worst('{ employee(id: "' + "\\u0041" * 10_000 + '") { id } }'),
    "a block of lines": lambda: Worst('{ employee(id: """' + " x\n" * 20_000 + '""") { id } }'),
    "a long name": lambda: Worst("{ " + "x" * 63_000 + " }"),
    "a comment": lambda: Worst("#" * 63_000 + "\n{ viewer { id } }"),
    "nothing but space": lambda: Worst(" " * 63_000 + "{ viewer { id } }"),
    "no end": lambda: Worst("{ a(b: [" * 60),
    "commands": lambda: Worst(
        "mutation { "
        + _fields(lambda n: f'a{n}: retireRole(input: {{id: "x"}}) {{ ... on Refused {{ code }} }}', 10)
        + " }"
    ),
    "commands in a fragment": lambda: Worst(
        "mutation { ...f } fragment f on Mutation { "
        + _fields(lambda n: f'a{n}: retireRole(input: {{id: "x"}}) {{ ... on Refused {{ code }} }}', 240)
        + " }",
        refused=True,
    ),
    "the whole schema": lambda: Worst(get_introspection_query(specified_by_url=True, input_value_deprecation=True)),
    "ids, as a variable": lambda: Worst(_WHERE, {"w": {"id": {"in": [f"Employee_{_ID}"] * 1_990}}}),
    "conditions, as a variable": lambda: Worst(_WHERE, {"w": {"and": [{"name": {"eq": "a"}}] * 190}}),
    "conditions, within each other": lambda: Worst(
        _WHERE, {"w": {"not": {"or": [{"and": [{"name": {"eq": "a"}}] * 12}] * 15}}}
    ),
    "conditions, in many places": lambda: Worst(
        "query ($w: EmployeeWhere) { " + _fields(lambda n: f"a{n}: employees(where: $w) {{ totalCount }}", 20) + " }",
        {"w": {"and": [{"name": {"eq": "a"}}] * 300}},
    ),
    "ids, in many places": lambda: Worst(
        "query ($w: EmployeeWhere) { " + _fields(lambda n: f"a{n}: employees(where: $w) {{ totalCount }}", 4) + " }",
        {"w": {"id": {"in": [f"Employee_{_ID}"] * 1_990}}},
    ),
    "conditions, counted many times": lambda: Worst(
        "query ($w: EmployeeWhere) { employees(where: $w) { " + _fields(lambda n: f"a{n}: totalCount", 240) + " } }",
        {"w": {"and": [{"name": {"eq": "a"}}] * 200}},
    ),
    "conditions, counted": lambda: Worst(
        "query ($w: EmployeeWhere) { employees(where: $w) { " + _fields(lambda n: f"a{n}: totalCount", 240) + " } }",
        {"w": {"name": {"eq": "a"}}},
    ),
    "a megabyte, in many cursors": lambda: Worst(
        "query ($w: EmployeeWhere) { employees(where: $w, first: 1) { edges { "
        + _fields(lambda n: f"a{n}: cursor", 240)
        + " } } }",
        {"w": {"name": {"eq": "x" * 990_000}}},
    ),
    "a megabyte, as a cursor": lambda: Worst(
        f"query ($c: String) {{ employees(after: $c, {_SORTED[1:]} {{ nodes {{ id }} }} }}", {"c": "x" * 990_000}
    ),
    "unknown members, as a variable": lambda: Worst(_WHERE, {"w": {f"nam{n}": 1 for n in range(1_990)}}),
    "no enum, as a variable": lambda: Worst(_WHERE, {"w": {"status": {"eq": "x" * 990_000}}}),
    "everything at once": lambda: Worst(
        "query ($w: EmployeeWhere) { "
        + _fields(lambda n: f"a{n}: employees(first: 1, where: $w) {{ nodes {{ ...f }} pageInfo {{ endCursor }} }}", 3)
        + " } fragment f on Employee { "
        + _fields(lambda n: f"b{n}: manager {{ id name }}", 15)
        + " name " * 20
        + "}",
        {"w": {"and": [{"name": {"contains": "x" * 2_000}}] * 30}},
    ),
    "a megabyte, as a variable": lambda: Worst(_WHERE, {"w": {"name": {"contains": "x" * 990_000}}}),
    "a megabyte for an address": lambda: Worst(
        "query ($i: HireEmployeeInput!) { __typename }".replace("query", "mutation").replace(
            "{ __typename }", "{ hireEmployee(input: $i) { __typename } }"
        ),
        {
            "i": {
                "workEmail": "a@" + "b." * 490_000,
                "effective": "2017-01-01",
                "number": "1",
                "name": "x",
                "title": "x",
            }
        },
    ),
}


def worst(name: str) -> Worst:
    return WORST[name]()
