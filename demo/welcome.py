"""What the demo says for itself when it is served: what was wrong in the files, and as whom to look around."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from demo.dataset import Dataset
from demo.dirt import Dirt
from demo.people import OURS, SIGN_INS, employee_id


def dirt_in(dataset: Dataset) -> Iterator[str]:
    """One line for each kind, and where to find it again."""
    for dirt in Dirt:
        yield f"{dataset.dirt[dirt]:>6,} {dirt.what}: {dirt.made}"
    yield "Looked for and not found: ids twice, closed before engaged, agents, products or accounts that nobody knows."
    yield "The reason of each fact names its file and line, and says what the file said."


def people_to_be(_: Dataset) -> dict[str, UUID]:
    """One for each role: who they are, and their id."""
    ours = {person.name for person in OURS}
    return {
        f"{name}, {role.lower()}{' (ours; not in the files)' if name in ours else ''}": employee_id(name)
        for role, name in SIGN_INS.items()
    }


def first_query() -> str:
    """Something to ask: who won most in the last quarter."""
    return (
        '{ leaderboard(metric: WON_AMOUNT, period: "2017-Q4", first: 3)'
        " { entries { rank value attainment employee { name } } } }"
    )
