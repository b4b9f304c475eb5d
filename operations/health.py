"""Whether the server is ready: PostgreSQL answers, commands are recorded, nothing that follows the log is far behind.

One look is one statement. Somebody looks every second, so that the log tells when PostgreSQL goes and comes back, and
that a writer which takes commands and answers none is found even if nobody asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import asyncpg

import logs
from store.log import Log
from store.meter import Histogram
from store.pool import LOST

LOOK_EVERY = 1.0
PATIENCE = 2.0
"""Seconds that PostgreSQL may take to tell where everything stands."""
STUCK = 10.0
"""Seconds that commands may wait while none is answered."""

STANDS = """
SELECT f.name, h.position AS head, h.position - f.position AS positions,
       coalesce(greatest(extract(epoch FROM clock_timestamp() - l.recorded_at), 0), 0)::float8 AS seconds
FROM store.head h
CROSS JOIN (
    SELECT table_name AS name, position FROM store.behind WHERE table_name = ANY($1)
    UNION ALL
    SELECT 'witness', coalesce((SELECT position FROM store.followers WHERE name = 'tree'), 0)
) f
LEFT JOIN store.log l ON l.position = f.position + 1
"""


@dataclass(frozen=True, slots=True)
class Lag:
    """How many facts are not taken in yet, and for how many seconds the oldest of them has been there."""

    positions: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Look:
    """Where everything stood at an instant of the monotonic clock."""

    at: float
    head: int
    witness: Lag
    read_models: Mapping[str, Lag]


@dataclass(eq=False, slots=True)
class Health:
    """`read_models` are the names of the read models by their tables; `limit` the lag in seconds that is red."""

    pool: asyncpg.Pool[asyncpg.Record]
    log: Log
    read_models: Mapping[str, str]
    limit: float
    last: Look | None = None
    reachable: bool = False
    late: Histogram = field(default_factory=Histogram)
    """How many seconds too late the event loop wakes who asked to be woken."""
    _answered: int = 0
    _since: float = field(default_factory=monotonic)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def watch(self) -> None:
        """Look again and again, and feel how late the event loop is. Ends by being cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self.look()
            due = loop.time() + LOOK_EVERY
            await asyncio.sleep(LOOK_EVERY)
            self.late.observe(max(loop.time() - due, 0.0))

    async def look(self) -> None:
        """Find out where everything stands; whoever asks meanwhile gets the same answer."""
        began = monotonic()
        async with self._looking:
            if self.last is not None and self.reachable and self.last.at >= began:
                return
            self._look_at_the_writer()
            try:
                async with asyncio.timeout(PATIENCE):
                    rows = await self.pool.fetch(STANDS, list(self.read_models))
            except (asyncpg.InterfaceError, asyncpg.UndefinedTableError, *LOST) as error:
                self.reachable = False
                logs.away(error)
            else:
                self.last = self._seen(rows)
                self.reachable = True
                logs.back()

    def _seen(self, rows: list[asyncpg.Record]) -> Look:
        lags = {row["name"]: Lag(row["positions"], row["seconds"] if row["positions"] else 0.0) for row in rows}
        read_models = {name: lags.get(table, Lag()) for table, name in self.read_models.items()}
        return Look(monotonic(), rows[0]["head"], lags["witness"], read_models)

    def _look_at_the_writer(self) -> None:
        meter, now = self.log.meter, monotonic()
        if meter.answered != self._answered or meter.answered == meter.asked:
            self._answered, self._since = meter.answered, now

    @property
    def waiting(self) -> int:
        """Commands that are not answered yet."""
        return self.log.meter.asked - self.log.meter.answered

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Whether all is well, and what is well and what is not."""
        look, stuck = self.last, monotonic() - self._since if self.waiting else 0.0
        checks: dict[str, dict[str, Any]] = {
            "database": {"ok": self.reachable},
            "writer": {
                "ok": self.log.alive and stuck < STUCK,
                "waiting": self.waiting,
                "stuckSeconds": round(stuck, 1),
            },
        }
        if look is not None:
            checks["witness"] = self._check(look.witness)
            behind = {name: self._check(lag) for name, lag in look.read_models.items() if lag.positions}
            checks["readModels"] = {"ok": all(each["ok"] for each in behind.values()), "behind": behind}
        ready = look is not None and all(each["ok"] for each in checks.values())
        red = [name for name, each in checks.items() if not each["ok"]]
        return ready, {
            "status": "ready" if ready else "not ready",
            **({"red": red} if red else {}),
            "position": look.head if look else None,
            "checks": checks,
        }

    def _check(self, lag: Lag) -> dict[str, Any]:
        return {
            "ok": lag.seconds <= self.limit,
            "positionsBehind": lag.positions,
            "secondsBehind": round(lag.seconds, 1),
        }
