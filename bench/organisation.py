"""A generated organisation, brought in through the log like everything else: the same for the same size.

Everybody but the first reports to somebody: a manager has ten reports. Opportunities are assigned, two a person are
won in the first half of 2017, and their commission is calculated; managers score their people all through 2017. In a
thin organisation nothing is won, and everybody is scored by one metric in the first quarter.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID

from bench.size import Size
from domain._commission import Tier
from domain._values import Cadence
from domain.commission_plan import CommissionPlan
from domain.department import Department
from domain.employee import Employee
from domain.payout_run import Credit, PayoutRun
from domain.role import PERMISSIONS, Role
from domain.score import Metric, Score
from domain.work_item import Kind, Won, WorkItem
from store.command import Outcome
from store.log import Log
from store.recorded import Origin

SYSTEM = UUID(int=0)
SINCE = date(2016, 1, 1)
TODAY = date(2018, 1, 1)
QUARTERS = ("2017-Q1", "2017-Q2")
AT_ONCE = 2_000
"""Commands that wait at a time."""

REPORTS = 10
NAMES = ("Ann", "Bao", "Chiara", "Dmitri", "Elif", "Farid", "Grace", "Hiro", "Ines", "João", "Katya", "Liam", "王伟")
FAMILIES = ("Abara", "Berg", "Castro", "Dumont", "Eriksen", "Flores", "Grant", "Huang", "Ito", "Jansen", "O'Brien")
TIERS = (
    Tier(start=Decimal(0), end=Decimal("0.75"), rate=Decimal("0.04")),
    Tier(start=Decimal("0.75"), end=Decimal(1), rate=Decimal("0.06")),
    Tier(start=Decimal(1), end=None, rate=Decimal("0.09")),
)
MANUAL = (Metric.ATTITUDE, Metric.TEAMWORK, Metric.CUSTOMER_SATISFACTION)

Progress = Callable[[str, int, int], None]
"""Told what is being brought in, how many there are already, and how many there will be."""


def id_of(kind: str, n: int) -> UUID:
    """As scattered as random ids are, and the same each time."""
    return UUID(bytes=blake2b(f"{kind}:{n}".encode(), digest_size=16).digest())


def employee_id(n: int) -> UUID:
    return id_of("employee", n)


def department_id(n: int) -> UUID:
    return id_of("department", n)


def manager_of(n: int) -> int | None:
    return (n - 1) // REPORTS if n else None


def any_value(metric: Metric, dice: random.Random) -> Decimal:
    """Somewhere on the scale of a metric that people judge."""
    scale = metric.scale
    assert scale is not None
    lowest, highest = (int(each.scaleb(scale.places)) for each in (scale.lowest, scale.highest))
    return Decimal(dice.randrange(lowest, highest + 1)).scaleb(-scale.places)


ANALYST_ROLE, MANAGER_ROLE = id_of("role", 0), id_of("role", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command."""

    kind: type[Any]
    id: UUID
    command: Callable[..., Iterator[Any]]
    arguments: dict[str, Any]
    by: UUID = SYSTEM

    async def take(self, log: Log) -> Outcome:
        return await log.run(self.kind, self.id, self.command, origin=Origin(actor=self.by), **self.arguments)


@dataclass(slots=True)
class Organisation:
    """Brings itself into a log. `credits` are what its won deals count for, by quarter."""

    size: Size
    progress: Progress
    credits: dict[str, list[Credit]] = field(default_factory=lambda: {each: [] for each in QUARTERS})

    async def bring_into(self, log: Log) -> None:
        size = self.size
        await self._take(log, "departments", 1, self._departments(range(1)))
        await self._take(log, "departments", size.departments, self._departments(range(1, size.departments)), done=1)
        done, level = 0, 1
        while done < size.employees:
            until = min(done + level, size.employees)
            await self._take(log, "employees", size.employees, self._employees(range(done, until)), done=done)
            done, level = until, level * REPORTS
        await self._roles(log)
        await self._take(log, "opportunities", size.assignments, self._work())
        await self._take(log, "scores", size.scores, self._scores())
        if size.won:
            await self._payouts(log)

    async def _take(
        self,
        log: Log,
        what: str,
        total: int,
        things: Iterable[Sequence[Step]],
        *,
        done: int = 0,
    ) -> None:
        """Many things at once, so that whatever waits is recorded together; of one thing, one step after the other."""
        waiting = iter(things)

        async def work() -> None:
            nonlocal done
            for steps in waiting:
                for step in steps:
                    self._credit(step, await step.take(log))
                done += 1
                if done % 1_000 == 0 or done == total:
                    self.progress(what, done, total)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))

    # ── Who there is ──

    def _departments(self, which: Iterable[int]) -> Iterator[Sequence[Step]]:
        for n in which:
            arguments = {"code": f"D-{n}", "name": f"Department {n}", "effective": SINCE}
            arguments |= {"parent_id": department_id(0)} if n else {}
            yield (Step(kind=Department, id=department_id(n), command=Department.create, arguments=arguments),)

    def _employees(self, which: Iterable[int]) -> Iterator[Sequence[Step]]:
        for n in which:
            manager = manager_of(n)
            arguments = {
                "number": f"E-{n}",
                "name": f"{NAMES[n % len(NAMES)]} {FAMILIES[n // len(NAMES) % len(FAMILIES)]} {n}",
                "work_email": f"person{n}@example.com",
                "title": "Sales manager" if n * REPORTS + 1 < self.size.employees else "Sales agent",
                "department_id": department_id(n % self.size.departments),
                "manager_id": None if manager is None else employee_id(manager),
                "effective": SINCE + timedelta(days=n * 300 // self.size.employees),
                "today": TODAY,
            }
            yield (Step(kind=Employee, id=employee_id(n), command=Employee.hire, arguments=arguments),)

    async def _roles(self, log: Log) -> None:
        """Number 0 may see and do everything; number 1 manages, and sees what managers see."""
        everything = frozenset(PERMISSIONS)
        for role_id, name, permissions, member in (
            (ANALYST_ROLE, "Analyst", sorted(PERMISSIONS), 0),
            (MANAGER_ROLE, "Manager", ["score.record"], 1),
        ):
            steps: list[tuple[Any, dict[str, Any]]] = [(Role.define, {"name": name})]
            steps += [(Role.grant, {"permission": each, "holder": everything}) for each in permissions]
            steps += [(Role.bind, {"employee_id": employee_id(member), "holder": everything})]
            for command, arguments in steps:
                await Step(kind=Role, id=role_id, command=command, arguments=arguments).take(log)

    # ── What they do ──

    def _owner(self, n: int) -> int:
        return n % self.size.employees

    def _work(self) -> Iterator[Sequence[Step]]:
        dice = random.Random(1)
        for n in range(self.size.assignments):
            titled = {"kind": Kind.OPPORTUNITY, "title": f"Opportunity {n}", "reference": f"O-{n}"}
            owned = {"owner_id": employee_id(self._owner(n)), "effective": date(2016, 12, 1)}
            steps: list[tuple[Any, dict[str, Any]]] = [(WorkItem.register, titled), (WorkItem.assign, owned)]
            if n < self.size.won:
                first = date(2017, 1, 1) if n < self.size.employees else date(2017, 4, 1)
                amount = Decimal(dice.randrange(100_000, 10_000_000)).scaleb(-2)
                closed = first + timedelta(days=dice.randrange(90))
                steps.append((WorkItem.win, {"amount": amount, "currency": "USD", "effective": closed}))
            id = id_of("work", n)
            yield [Step(kind=WorkItem, id=id, command=command, arguments=given) for command, given in steps]

    def _credit(self, step: Step, outcome: Outcome) -> None:
        won = outcome.facts[-1] if outcome.facts else None
        if not isinstance(won, Won):
            return
        quarter = QUARTERS[won.effective.month > 3]  # noqa: PLR2004
        credit = Credit(
            work_item_id=step.id,
            employee_id=won.owner_id,
            amount=won.amount,
            currency=won.currency,
            closed_on=won.effective,
            position=outcome.position,
        )
        self.credits[quarter].append(credit)

    def _scores(self) -> Iterator[Sequence[Step]]:
        dice = random.Random(2)
        metrics, days = (MANUAL, 365) if self.size.won else ((self.size.ranked,), 90)
        for n in range(self.size.scores):
            of = n % self.size.employees
            metric = metrics[n % len(metrics)]
            arguments = {
                "employee_id": employee_id(of),
                "metric": metric,
                "value": any_value(metric, dice),
                "effective": date(2017, 1, 1) + timedelta(days=dice.randrange(days)),
                "by": employee_id(manager_of(of) or (1 if of == 0 else 0)),
            }
            yield (Step(kind=Score, id=id_of("score", n), command=Score.record, arguments=arguments),)

    async def _payouts(self, log: Log) -> None:
        """A run a quarter pays everybody, under one plan; it is calculated and not approved."""
        plan_id = id_of("plan", 0)
        terms = {"name": "Everybody", "currency": "USD", "cadence": Cadence.QUARTER, "tiers": TIERS}
        drafted = {**terms, "quota": Decimal(100_000), "by": employee_id(0)}
        await Step(kind=CommissionPlan, id=plan_id, command=CommissionPlan.draft, arguments=drafted).take(log)
        approved = {"by": SYSTEM}
        await Step(kind=CommissionPlan, id=plan_id, command=CommissionPlan.approve, arguments=approved).take(log)
        for done, quarter in enumerate(QUARTERS, start=1):
            run_id = id_of("run", done)
            opened = {"plan_id": plan_id, "period": quarter, "today": TODAY, "by": employee_id(0)}
            await Step(kind=PayoutRun, id=run_id, command=PayoutRun.open, arguments=opened).take(log)
            inputs = {"credits": self.credits[quarter], "cutoff": await log.head(), "by": employee_id(0)}
            await Step(kind=PayoutRun, id=run_id, command=PayoutRun.calculate, arguments=inputs).take(log)
            self.progress("payout runs", done, len(QUARTERS))
