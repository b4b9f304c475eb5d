"""Whatever happens, in whichever process, and whatever is kept: everybody is answered as if nothing were.

Two processes on one database, each with its own memory, write and are asked in any order; each answer is compared with
that of a third which keeps nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain._kernel import Refused
from domain.department import Department
from domain.employee import Employee, Reason
from domain.role import Role
from domain.score import Metric, Score
from projections._build import catch_up, rebuild
from projections._fold import ReadModels
from projections._kernel import READ_MODELS
from tests._api import EVERYTHING, Api, api_of, gid
from tests.test_answers import Server, serving

PEOPLE, ROLES, DEPARTMENTS = 5, 2, 2
DAY = date(2017, 1, 1)
PERMISSIONS = ("history.view", "score.view", "employee.view", "payout.view")
SEEN = "number name title hiredOn leftOn status manager { name } department { name }"
QUESTIONS: tuple[tuple[str, Callable[[UUID, UUID], dict[str, Any]]], ...] = (
    (f"query ($id: ID!) {{ employee(id: $id) {{ {SEEN} }} }}", lambda person, _: {"id": gid("Employee", person)}),
    (
        "query ($id: ID!) { employee(id: $id) { scores(first: 3) { totalCount nodes { metric value } } } }",
        lambda person, _: {"id": gid("Employee", person)},
    ),
    (
        f"query ($id: ID!) {{ department(id: $id) {{ name members(first: 9) {{ nodes {{ {SEEN} }} }} }} }}",
        lambda _, department: {"id": gid("Department", department)},
    ),
    ('{ leaderboard(metric: ATTITUDE, period: "2017") { entries { rank value employee { name } } } }', lambda *_: {}),
    ("{ viewer { permissions employee { name title manager { name } } } }", lambda *_: {}),
    ("{ events(last: 3) { nodes { topic position actor { name } } } }", lambda *_: {}),
    (
        "query ($id: ID!) { employee(id: $id) { history(last: 2) { nodes { topic } } reports { totalCount } } }",
        lambda person, _: {"id": gid("Employee", person)},
    ),
)

somebody, some_role, some_place = st.integers(0, PEOPLE - 1), st.integers(0, ROLES - 1), st.integers(0, DEPARTMENTS - 1)
some_process, some_question = st.integers(0, 1), st.integers(0, len(QUESTIONS) - 1)
asked = st.tuples(some_process, somebody, some_question, somebody, some_place)


class Organisation(RuleBasedStateMachine):
    """Lives on from one example to the next, for nothing in it is wrong at any time."""

    runner: asyncio.Runner
    servers: list[Server]
    anew: Server
    people: list[UUID]
    roles: list[UUID]
    departments: list[UUID]
    days = count(1)

    # ── What may happen ──

    def run(self, process: int, *command: Any, **given: Any) -> None:
        self.runner.run(self.happens(process, *command, **given))

    async def happens(self, process: int, *command: Any, **given: Any) -> None:
        with suppress(Refused):
            await self.servers[process].api.run(*command, **given)

    def day(self) -> date:
        return DAY + timedelta(next(self.days))

    @rule(process=some_process, person=somebody, title=st.sampled_from(["Agent", "Chief", "Clerk"]))
    def promote(self, process: int, person: int, title: str) -> None:
        self.run(process, Employee, self.people[person], Employee.promote, title=title, effective=self.day())

    @rule(process=some_process, person=somebody, manager=somebody | st.none())
    def change_manager(self, process: int, person: int, manager: int | None) -> None:
        manager_id = None if manager is None else self.people[manager]
        command = (Employee, self.people[person], Employee.change_manager)
        self.run(process, *command, manager_id=manager_id, effective=self.day())

    @rule(process=some_process, person=somebody, place=some_place | st.none())
    def transfer(self, process: int, person: int, place: int | None) -> None:
        department_id = None if place is None else self.departments[place]
        command = (Employee, self.people[person], Employee.transfer)
        self.run(process, *command, department_id=department_id, effective=self.day())

    @rule(process=some_process, place=some_place)
    def rename(self, process: int, place: int) -> None:
        day = self.day()
        self.run(process, Department, self.departments[place], Department.rename, name=f"At {day}", effective=day)

    @rule(process=some_process, person=somebody, by=somebody, value=st.integers(1, 5))
    def score(self, process: int, person: int, by: int, value: int) -> None:
        given = {"metric": Metric.ATTITUDE, "value": Decimal(value), "effective": DAY, "by": self.people[by]}
        self.run(process, Score, uuid4(), Score.record, employee_id=self.people[person], **given)

    @rule(process=some_process, role=some_role, person=somebody, bound=st.booleans())
    def bind(self, process: int, role: int, person: int, bound: bool) -> None:  # noqa: FBT001
        if bound:
            self.run(process, Role, self.roles[role], Role.bind, employee_id=self.people[person], holder=EVERYTHING)
        else:
            self.run(process, Role, self.roles[role], Role.unbind, employee_id=self.people[person], holder=EVERYTHING)

    @rule(process=some_process, role=some_role, permission=st.sampled_from(PERMISSIONS), granted=st.booleans())
    def grant(self, process: int, role: int, permission: str, granted: bool) -> None:  # noqa: FBT001
        if granted:
            self.run(process, Role, self.roles[role], Role.grant, permission=permission, holder=EVERYTHING)
        else:
            self.run(process, Role, self.roles[role], Role.revoke, permission=permission)

    @rule(process=some_process, person=somebody, days=st.integers(-1, 1))
    def terminate_and_replace(self, process: int, person: int, days: int) -> None:
        last_day = datetime.now(UTC).date() + timedelta(days)
        given = {"last_day": last_day, "reason": Reason.RESIGNED}
        self.run(process, Employee, self.people[person], Employee.terminate, **given)
        for question in range(len(QUESTIONS)):
            self.ask((process, person, question, person, 0))
        self.people[person] = self.runner.run(self.servers[process].api.hire("Another"))

    @rule(process=some_process)
    def build_again(self, process: int) -> None:
        it = self.servers[process].api
        self.runner.run(rebuild(it.organisation.pool, it.log.keys, it.organisation.read_models))

    @rule(process=some_process, model=st.sampled_from(READ_MODELS), person=somebody)
    def fall_behind_and_catch_up(self, process: int, model: Any, person: int) -> None:
        """As when a process of another version, which does not know this read model, records something."""
        it = self.servers[process].api
        known = it.log._writer.projector  # noqa: SLF001
        it.log._writer.projector = ReadModels([each for each in READ_MODELS if each is not model])  # noqa: SLF001
        title = "Not seen by all"
        self.run(process, Employee, self.people[person], Employee.promote, title=title, effective=self.day())
        it.log._writer.projector = known  # noqa: SLF001
        for question in range(len(QUESTIONS)):
            self.ask((1 - process, person, question, person, 0))
        self.runner.run(catch_up(it.organisation.pool, it.log.keys, it.organisation.read_models))

    # ── What must hold ──

    @rule(one=asked, again=st.integers(1, 2))
    def ask(self, one: tuple[int, int, int, int, int], again: int = 1) -> None:
        self.runner.run(self.answers_are_those_of_who_keeps_nothing(one, again))

    @rule(several=st.lists(asked, min_size=2, max_size=12), process=some_process, person=somebody)
    def ask_while_something_happens(
        self, several: list[tuple[int, int, int, int, int]], process: int, person: int
    ) -> None:
        async def together() -> None:
            command = (process, Employee, self.people[person], Employee.promote)
            happens = self.happens(*command, title="Meanwhile", effective=self.day())
            asking = ((self.servers[one[0]], *self.question(one)) for one in several)
            await asyncio.gather(happens, *(it.ask(*asked, **given) for it, asked, given in asking))
            for one in several:
                await self.answers_are_those_of_who_keeps_nothing(one, 1)

        self.runner.run(together())

    @invariant()
    def everybody_is_answered_right(self) -> None:
        for question in range(len(QUESTIONS)):
            self.ask((question % 2, question % PEOPLE, question, (question + 1) % PEOPLE, 0))

    async def answers_are_those_of_who_keeps_nothing(self, one: tuple[int, int, int, int, int], again: int) -> None:
        (who, document), variables = self.question(one)
        expected = await self.anew.ask(who, document, **variables)
        for _ in range(1 + again):
            assert await self.servers[one[0]].ask(who, document, **variables) == expected

    def question(self, one: tuple[int, int, int, int, int]) -> tuple[tuple[UUID, str], dict[str, Any]]:
        _, who, question, about, place = one
        document, variables = QUESTIONS[question]
        return (self.people[who], document), variables(self.people[about], self.departments[place])


async def _founded(url: str, folder: Path, stack: AsyncExitStack) -> dict[str, Any]:
    apis: list[Api] = [await stack.enter_async_context(api_of(url, folder)) for _ in range(2)]
    found: dict[str, Any] = {
        "servers": [await stack.enter_async_context(serving(each)) for each in apis],
        "anew": await stack.enter_async_context(serving(apis[0], answers_mb=0)),
        "people": [await apis[0].hire(f"Person {n}") for n in range(PEOPLE)],
        "departments": [uuid4() for _ in range(DEPARTMENTS)],
    }
    for n, id in enumerate(found["departments"]):
        await apis[0].run(Department, id, Department.create, code=f"D{n}", name=f"Dept {n}", effective=date(2016, 1, 1))
    found["roles"] = [await apis[0].permit(found["people"][n], PERMISSIONS[n]) for n in range(ROLES)]
    return found


def test_whatever_happens_everybody_is_answered_as_if_nothing_were_kept(database_url: str, tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        found = runner.run(_founded(database_url, tmp_path, stack))
        machine: Any = type("Organisation", (Organisation,), {"runner": runner, **found})
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=8, stateful_step_count=12, derandomize=True, database=None, phases=[Phase.generate]
                ),
            )
            assert all(server.answers.hits > 100 for server in found["servers"])
        finally:
            runner.run(stack.aclose())
