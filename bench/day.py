"""An ordinary day's commands on the organisation, in whatever order the dice say.

60 % scores recorded, 15 % work registered under a reference, 15 % work reassigned, 10 % personal details corrected.
Each has an idempotency key; scores and work items that are new, and people and work that history must be read for.
Keys, and ids of what is new, begin with the time, as clients are told to choose them; what another system calls work
does not.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from bench.organisation import MANUAL, SYSTEM, employee_id, id_of
from bench.size import Size
from domain.employee import Employee
from domain.score import Metric, Score
from domain.work_item import Kind, WorkItem
from store.log import Log
from store.recorded import Origin, new_uuid

HOT = 4
"""Streams that everybody wants at once."""

HOT_SHARE = 0.05

RECORD, REGISTER, REASSIGN = 0.6, 0.75, 0.9
"""Where the shares of the kinds of commands end; the rest are corrections."""

DAYS = [date(2017, 1, 1) + timedelta(days=n) for n in range(365)]
STARS = [Decimal(n) for n in range(1, 6)]


@dataclass(slots=True)
class Day:
    log: Log
    size: Size
    hot_share: float = 0.0
    seed: int = 3
    dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)

    async def one(self) -> None:
        """One command, whichever."""
        if self.hot_share and self.dice.random() < self.hot_share:
            await self._correct_hot()
        else:
            die = self.dice.random()
            if die < RECORD:
                await self.record()
            elif die < REGISTER:
                await self._register()
            else:
                await (self._reassign() if die < REASSIGN else self._correct())

    async def prepare_hot(self) -> None:
        for n in range(HOT):
            await self._run(Score, id_of("hot", n), Score.record, **self._score(Metric.CUSTOMER_SATISFACTION))

    async def _run(self, kind: type[Any], id: UUID, command: Callable[..., Any], /, **arguments: Any) -> None:
        origin = Origin(actor=SYSTEM)
        await self.log.run(kind, id, command, origin=origin, keyed=True, **arguments)

    def _anybody(self) -> UUID:
        return employee_id(self.dice.randrange(self.size.employees))

    def _score(self, metric: Metric) -> dict[str, Any]:
        return {
            "employee_id": self._anybody(),
            "metric": metric,
            "value": self.dice.choice(STARS),
            "effective": self.dice.choice(DAYS),
            "by": SYSTEM,
        }

    def record(self) -> Awaitable[None]:
        """A score, as most commands are."""
        return self._run(Score, new_uuid(), Score.record, **self._score(self.dice.choice(MANUAL)))

    def _register(self) -> Awaitable[None]:
        title = f"Opportunity {self.dice.getrandbits(64)}"
        return self._run(
            WorkItem, new_uuid(), WorkItem.register, kind=Kind.OPPORTUNITY, title=title, reference=str(uuid4())
        )

    def _reassign(self) -> Awaitable[None]:
        open_ = self.dice.randrange(self.size.won, self.size.assignments)
        arguments = {"owner_id": self._anybody(), "effective": date(2017, 6, 1)}
        return self._run(WorkItem, id_of("work", open_), WorkItem.reassign, **arguments)

    def _correct(self) -> Awaitable[None]:
        name = f"Somebody Else {self.dice.getrandbits(32)}"
        return self._run(Employee, self._anybody(), Employee.correct_personal_details, name=name)

    def _correct_hot(self) -> Awaitable[None]:
        value = Decimal(self.dice.randrange(1_001)).scaleb(-1)
        which = id_of("hot", self.dice.randrange(HOT))
        return self._run(Score, which, Score.correct, value=value, reason="Counted again.", by=SYSTEM)
