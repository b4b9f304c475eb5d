"""Who sees what because they stand above somebody: whatever happened before, the same as by walking up one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain._kernel import Refused
from domain.employee import Employee, Reason
from domain.score import Metric, Score
from projections._build import rebuild
from tests._api import EVERYTHING, Api, gid

STEPS, AT_ONCE, MANY = 60, 12, 8

SEEN = """query ($one: ID!) {
    all: employees(first: 100) { nodes { id hiredOn } }
    found: employees(first: 100, where: { hiredOn: { isNull: false } }) { nodes { id } }
    sorted: employees(first: 100, orderBy: [{ field: HIRED_ON }]) { nodes { id hiredOn since: hiredOn } }
    board: leaderboard(metric: CUSTOMER_SATISFACTION, period: "2016") { entries { value employee { id hiredOn } } }
    values: leaderboard(metric: CUSTOMER_SATISFACTION, period: "2016") { entries { value again: value } }
    one: employee(id: $one) { id hiredOn timeline { totalCount } }
}"""


class People:
    """Everybody who was ever hired, whom they report to, and who works here."""

    def __init__(self, api: Api, seed: int) -> None:
        self.api, self.dice = api, random.Random(seed)
        self.managers: dict[UUID, UUID | None] = {}
        self.working: set[UUID] = set()
        self.scores: dict[str, Decimal] = {}
        self.day = date(2016, 1, 1)
        self.deepest = 0

    def above(self, id: UUID | None) -> Iterator[UUID]:
        while id is not None:
            yield id
            id = self.managers[id]

    async def step(self) -> None:
        """Whatever may happen to the line; what is refused does not."""
        self.day += timedelta(days=1)
        whom = self.dice.choice([None, *self.managers]) if len(self.managers) >= MANY else None
        manager = self.dice.choice([None, *self.working])
        with suppress(Refused):
            if whom is None:
                await self._hire(manager)
            elif whom not in self.working:
                await self._come_back(whom, manager)
            elif self.dice.random() < 0.2:
                await self.api.run(Employee, whom, Employee.terminate, last_day=self.day, reason=Reason.RESIGNED)
                self.working.remove(whom)
            else:
                later = timedelta(days=self.dice.choice([0, 0, 0, 9_000]))
                day = self.day + later
                await self.api.run(Employee, whom, Employee.change_manager, manager_id=manager, effective=day)
                self.managers[whom] = manager

    async def _hire(self, manager: UUID | None) -> None:
        id = await self.api.hire(manager_id=manager, effective=self.day, today=self.day)
        self.managers[id] = manager
        self.working.add(id)
        self.scores[gid("Employee", id)] = value = Decimal(len(self.managers)).scaleb(-1)
        score: dict[str, Any] = {"metric": Metric.CUSTOMER_SATISFACTION, "value": value, "effective": self.day}
        await self.api.run(Score, uuid4(), Score.record, employee_id=id, **score)

    async def _come_back(self, whom: UUID, manager: UUID | None) -> None:
        again: dict[str, Any] = {"work_email": f"{uuid4().hex}@example.com", "title": "Adviser", "manager_id": manager}
        again |= {"effective": self.day, "today": self.day, "holder": EVERYTHING, "roles": []}
        await self.api.run(Employee, whom, Employee.rehire, **again)
        self.managers[whom] = manager
        self.working.add(whom)

    async def look(self) -> None:
        """Each sees of whom they should, however it is asked."""
        everybody = {gid("Employee", id) for id in self.managers}
        for viewer in self.working:
            self.deepest = max(self.deepest, *(len([*self.above(id)]) for id in self.managers))
            theirs = {gid("Employee", id) for id in self.managers if viewer in self.above(id)}
            one = gid("Employee", self.dice.choice([*self.managers]))
            seen = await self.api.data(viewer, SEEN, one=one)
            for way in ("all", "sorted"):
                assert {each["id"] for each in seen[way]["nodes"]} == everybody
                assert {each["id"] for each in seen[way]["nodes"] if each["hiredOn"]} == theirs
            assert {each["id"] for each in seen["found"]["nodes"]} == theirs
            board = {each["employee"]["id"]: each for each in seen["board"]["entries"]}
            assert board.keys() == everybody
            assert len(seen["board"]["entries"]) == len(everybody)
            shown = {id: Decimal(each["value"]) for id, each in board.items() if each["value"] is not None}
            assert shown == {id: self.scores[id] for id in theirs}
            assert {id for id, each in board.items() if each["employee"]["hiredOn"]} == theirs
            assert sum(each["value"] is not None for each in seen["values"]["entries"]) == len(theirs)
            assert seen["one"]["id"] == one
            assert (seen["one"]["hiredOn"] is not None) == (seen["one"]["timeline"] is not None) == (one in theirs)


@pytest.mark.parametrize("seed", range(3))
async def test_everybody_sees_of_whoever_is_below_them_at_any_time(api: Api, seed: int) -> None:
    people = People(api, seed)
    for n in range(1, STEPS + 1):
        await people.step() if n % AT_ONCE else await people.look()
    await rebuild(api.organisation.pool, api.log.keys, api.organisation.read_models)
    await people.look()
    assert people.deepest > 3
