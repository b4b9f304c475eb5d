"""What is asked: each question in the words of every server, with the same answer in the same shape.

A  one employee, 8 fields                     D  a leaderboard's first 100
B  100 employees of a department, 8 fields    E  the rank of one employee among all
C  50 employees with manager, department,     F  as A, in a document that nobody has seen before
   last 5 assignments and last 5 scores
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.clients import Asked, request
from bench.organisation import department_id, employee_id
from bench.size import Size

EIGHT = "number name workEmail title status hiredOn leftOn version"
BOARDS = ("2017-Q1", "2017", "2017-01", "2017-02", "2017-03")
"""Periods in which everybody has a standing, or nearly."""

OURS = {
    "A": f"query ($id: ID!) {{ employee(id: $id) {{ {EIGHT} }} }}",
    "B": f"query ($id: ID!) {{ department(id: $id) {{ members(first: 100) {{ nodes {{ {EIGHT} }} }} }} }}",
    "C": """query ($id: ID!) { department(id: $id) { members(first: 50) { nodes {
        number name manager { number name } department { code name }
        assignments(first: 5, orderBy: [{ field: FROM, direction: DESC }]) { nodes { state from workItem { title } } }
        scores(first: 5) { nodes { metric value effective } } } } } }""",
    "D": """query ($id: String!) { leaderboard(metric: RANKED, period: $id, first: 100) {
        entries { rank value employee { number name } } } }""",
    "E": """query ($id: ID!) { standing(employeeId: $id, metric: RANKED, period: "2017-Q1") { rank value } }""",
}

STRAWBERRY = {
    "A": OURS["A"].replace("$id: ID!", "$id: UUID!"),
    "B": OURS["B"].replace("$id: ID!", "$id: UUID!"),
    "C": """query ($id: UUID!) { department(id: $id) { members(first: 50) { nodes {
        number name manager { number name } department { code name }
        assignments { nodes { state from workItem { title } } }
        scores { nodes { metric value effective } } } } } }""",
    "D": "query ($id: String!) { leaderboard(period: $id) { entries { rank value employee { number name } } } }",
}

POSTGRAPHILE = {
    "A": f"query ($id: UUID!) {{ employee: employeeByRowId(rowId: $id) {{ {EIGHT} }} }}",
    "B": f"""query ($id: UUID!) {{ department: departmentByRowId(rowId: $id) {{
        members(first: 100, condition: {{ status: "ACTIVE" }}, orderBy: [NAME_ASC, ROW_ID_ASC]) {{
            nodes {{ {EIGHT} }} }} }} }}""",
    "C": """query ($id: UUID!) { department: departmentByRowId(rowId: $id) {
        members(first: 50, condition: { status: "ACTIVE" }, orderBy: [NAME_ASC, ROW_ID_ASC]) { nodes {
            number name manager { number name } department { code name }
            assignments(first: 5, orderBy: [SINCE_DESC, ROW_ID_DESC]) {
                nodes { state from: since workItem { title } } }
            scores(first: 5, orderBy: [EFFECTIVE_DESC, ROW_ID_DESC]) { nodes { metric value effective } } } } } }""",
    "D": """query ($id: String!) { leaderboard(period: $id, first: 100) {
        entries: nodes { rank value employee { number name } } } }""",
}

ID = "PUT-HERE-WHOM-OR-WHAT-IT-IS-ASKED-OF"
ALIAS = "n00000000"
UNSEEN = count(1)
"""Numbers the documents that nobody has seen before: each is sent once, to whomever."""

Asks = Callable[[bytes], bytes]
"""From what a question is asked of to the request that asks it."""


@dataclass(slots=True)
class Questions:
    """Makes requests: of anybody, any department, any period. The same dice for everybody."""

    size: Size
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    _whom: dict[str, list[bytes]] = field(default_factory=dict)

    def whom(self, letter: str) -> list[bytes]:
        """All that a question can be asked of: ids, or periods."""
        what = {"B": "departments", "C": "departments", "D": "boards"}.get(letter, "employees")
        if what not in self._whom:
            self._whom[what] = list(self._all(what))
        return self._whom[what]

    def _all(self, what: str) -> Iterator[bytes]:
        match what:
            case "boards":
                yield from (each.encode() for each in BOARDS)
            case "departments":
                yield from (str(department_id(n)).encode() for n in range(self.size.departments))
            case _:
                yield from (str(employee_id(n)).encode() for n in range(self.size.employees))

    def any(self, letter: str) -> bytes:
        return self.dice.choice(self.whom(letter))

    def always(self, letter: str, asks: Asks) -> Iterator[Asked]:
        """One request after the other, each of whomever the dice say."""
        whom, dice = self.whom(letter), random.Random(self.dice.random()).random
        several = len(whom)
        while True:
            of = whom[int(dice() * several)]
            yield of, asks(of)

    # ── In each server's words ──

    def ours(self, letter: str, token: str) -> Asks:
        headers = {"Authorization": f"Bearer {token}"}
        kind = "" if letter == "D" else "Department_" if letter in "BC" else "Employee_"
        body = self._body(letter, OURS, kind)
        return _filled("/graphql", body, letter, headers)

    def graphql(self, letter: str, documents: dict[str, str]) -> Asks:
        return _filled("/graphql", self._body(letter, documents, ""), letter)

    def bare(self, letter: str, path: str = "") -> Asks:
        return _filled(f"{path}/{letter}", {"id": ID}, letter)

    def _body(self, letter: str, documents: dict[str, str], kind: str) -> dict[str, Any]:
        document = documents["A" if letter == "F" else letter].replace("RANKED", self.size.ranked)
        if letter == "F":
            document = document.replace("number", f"{ALIAS}: number")
        return {"query": document, "variables": {"id": kind + ID}}


def _filled(path: str, body: dict[str, Any], letter: str, headers: dict[str, str] | None = None) -> Asks:
    """The request, made once for each length of what it is asked of, and filled in."""
    made: dict[int, list[bytes]] = {}

    def ask(of: bytes) -> bytes:
        parts = made.get(len(of))
        if parts is None:
            stand_in = b"#" * len(of)
            whole = request(path, _with(body, stand_in.decode()), headers)
            parts = made[len(of)] = re.split(b"(?:%s|%s)" % (stand_in, ALIAS.encode()), whole)
        if letter == "F" and len(parts) > 2:  # noqa: PLR2004  # before, between and after
            return b"%sn%08d%s%s%s" % (parts[0], next(UNSEEN), parts[1], of, parts[2])
        return parts[0] + of + parts[1]

    return ask


def _with(body: dict[str, Any], of: str) -> dict[str, Any]:
    if "variables" in body:
        return {**body, "variables": {"id": body["variables"]["id"].replace(ID, of)}}
    return {"id": of}


def comparable(answer: Any) -> Any:
    """An answer without what servers may differ in: how many noughts a decimal ends in, and aliases never seen."""
    match answer:
        case dict():
            return {_plain(name): comparable(value) for name, value in answer.items() if name != "extensions"}
        case list():
            return [comparable(each) for each in answer]
        case str() if answer.replace(".", "", 1).isdecimal() and "." in answer:
            return answer.rstrip("0").rstrip(".")
    return answer


def _plain(name: str) -> str:
    return "number" if re.fullmatch(r"n\d{8}", name) else name
