"""What the demo says for itself when it is served: what was wrong in the files, and as whom to look around."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from demo.dataset import Dataset
from demo.people import ADMIN, PAYROLL, REVIEWER, employee_id


def dirt_in(dataset: Dataset) -> Iterator[str]:
    """One line for each kind."""
    for dirt, times in dataset.dirt.items():
        yield f"{times:>6} {dirt.what}: {dirt.made}"


def people_to_be(dataset: Dataset) -> dict[str, UUID]:
    """One of each kind; the agent is one of the manager's."""
    agent = dataset.agents[0]
    ours = {f"{it.name}, {it.title.lower()}": it.id for it in (ADMIN, PAYROLL, REVIEWER)}
    return ours | {
        f"{agent.manager}, sales manager": employee_id(agent.manager),
        f"{agent.name}, sales agent": employee_id(agent.name),
    }
