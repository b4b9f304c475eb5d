"""What is asked: each question in the words of every server, with the same answer in the same shape.

A  one employee, 8 fields                     D  a leaderboard's first 100
B  100 employees of a department, 8 fields    E  the rank of one employee among all
C  50 employees with manager, department,     F  as A, in a document that nobody has seen before
   last 5 assignments and last 5 scores
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from bench.clients import Next, request
from bench.organisation import QUARTERS, department_id, employee_id
from bench.size import Size

EIGHT = "number name workEmail title status hiredOn leftOn version"

OURS = {
    "A": f"query ($id: ID!) {{ employee(id: $id) {{ {EIGHT} }} }}",
    "B": f"query ($id: ID!) {{ department(id: $id) {{ members(first: 100) {{ nodes {{ {EIGHT} }} }} }} }}",
    "C": """query ($id: ID!) { department(id: $id) { members(first: 50) { nodes {
        number name manager { number name } department { code name }
        assignments(first: 5, orderBy: [{ field: FROM, direction: DESC }]) { nodes { state from workItem { title } } }
        scores(first: 5) { nodes { metric value effective } } } } } }""",
    "D": """query ($id: String!) { leaderboard(metric: WON_AMOUNT, period: $id, first: 100) {
        entries { rank value employee { number name } } } }""",
    "E": """query ($id: ID!) { standing(employeeId: $id, metric: WON_AMOUNT, period: "2017-Q1") { rank value } }""",
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


@dataclass(slots=True)
class Questions:
    """Makes requests: of anybody, any department, any quarter. The same dice for everybody."""

    size: Size
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    unseen: count[int] = field(default_factory=count)

    def plain(self, letter: str) -> str:
        """What a question is asked of: an id, or a period."""
        match letter:
            case "B" | "C":
                return str(department_id(self.dice.randrange(self.size.departments)))
            case "D":
                return self.dice.choice(QUARTERS)
        return str(employee_id(self.dice.randrange(self.size.employees)))

    def ours(self, letter: str, token: str) -> Callable[[str], bytes]:
        headers = {"Authorization": f"Bearer {token}"}
        kind = "Department" if letter in "BC" else "Employee"
        document = OURS["A" if letter == "F" else letter]

        def asked(of: str) -> bytes:
            id = of if letter == "D" else f"{kind}_{of}"
            return request("/graphql", {"query": self._document(letter, document), "variables": {"id": id}}, headers)

        return asked

    def graphql(self, letter: str, documents: dict[str, str]) -> Callable[[str], bytes]:
        document = documents["A" if letter == "F" else letter]
        return lambda of: request("/graphql", {"query": self._document(letter, document), "variables": {"id": of}})

    def bare(self, letter: str) -> Callable[[str], bytes]:
        return lambda of: request(f"/{letter}", {"id": of})

    def always(self, letter: str, asked: Callable[[str], bytes]) -> Next:
        return lambda: asked(self.plain(letter))

    def _document(self, letter: str, document: str) -> str:
        """For F, another alias each time."""
        return document if letter != "F" else document.replace("number", f"n{next(self.unseen)}: number")


def comparable(answer: Any) -> Any:
    """An answer without what servers may differ in: how many noughts a decimal ends in."""
    match answer:
        case dict():
            return {name: comparable(value) for name, value in answer.items() if name != "extensions"}
        case list():
            return [comparable(each) for each in answer]
        case str() if answer.replace(".", "", 1).isdecimal() and "." in answer:
            return answer.rstrip("0").rstrip(".")
    return answer
