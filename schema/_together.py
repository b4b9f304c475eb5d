"""Objects by their ids, many in one statement: whoever asks alike, for other ids, while others are answered waits a
moment and is answered with all who wait.

A statement of its own costs more, here and in PostgreSQL, than what it finds. Nobody who comes alone waits, and nobody
is answered by a statement that was begun before they came. Where there were several the last time, those who come at
the same time go together from the first. What goes wrong for all is tried for each by itself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncpg import PostgresError, Record

from schema._held import ReadingPool
from schema._plan import Cache

AT_ONCE = 2
"""Statements of one kind that are under way at a time; the second only if the first is slow."""

SLOW = 0.005
"""Seconds after which those who wait for one do not wait for it any longer."""

MOST = 64
"""Objects that one statement finds."""

STATEMENTS = 2_000
ASKED_ONCE = ""

_PARAMETER = re.compile(r"(?<![\w$])\$(\d+)(::\w+)?")
_ID = re.compile(r"(?<![\w$])(?:= \$(?=\d+::UUID\b)|\$(?=\d+::UUID = ANY\b))(\d+)")
_MORE_THAN_A_ROW = re.compile(
    r"\b(\w+_agg|count|sum|avg|array)\s*\(|\b(OVER|LIMIT|OFFSET (?!0\b)|GROUP|WITH|UNION|VALUES)\b"
)


def for_many(sql: str) -> str | None:
    """The statement for arrays of ids: a row for each, in their order. None if it does more than look ids up.

    Where a parameter stands in nothing but `column = $1` or `$1 = ANY (column)`, the same value as a column of another
    row means the same.
    """
    places = _PARAMETER.findall(sql)
    ids = sorted({int(n) for n in _ID.findall(sql)})
    if not places or len(places) != len(_ID.findall(sql)) or _MORE_THAN_A_ROW.search(sql):
        return None
    if ids != list(range(1, len(ids) + 1)):
        return None
    arrays, names = (", ".join(form.format(n) for n in ids) for form in ("${}::uuid[]", "p{}"))
    each = _PARAMETER.sub(r"v.p\1", sql)
    return f"SELECT q.* FROM unnest({arrays}) WITH ORDINALITY AS v ({names}, n), LATERAL ({each}) AS q ORDER BY v.n"  # noqa: S608


Asked = tuple[Sequence[Any], "asyncio.Future[Record | None]"]


@dataclass(slots=True)
class Kind:
    """One statement that looks ids up: how many of it are under way, since when the last is, and who waits.

    `several`: whether more than one was answered the last time.
    """

    sql: str
    many: str
    under_way: int = 0
    begun: float = 0.0
    several: bool = False
    waiting: list[Asked] = field(default_factory=list)


class Together:
    """Finds the one row of a statement; see above."""

    def __init__(self, pool: ReadingPool) -> None:
        self._pool = pool
        self._kinds: Cache[str, Kind | str] = Cache(STATEMENTS)
        self._tasks: set[asyncio.Task[None]] = set()

    def known(self, sql: str) -> Kind | str | None:
        """What is known of a statement; None if it is asked for the first time.

        To find out what it is takes as long as to ask it, and most new ones are never asked again.
        """
        known = self._kinds.find(sql)
        if known is None:
            self._kinds.keep(sql, ASKED_ONCE)
        return self._look(sql) if known == ASKED_ONCE else known

    def kind(self, sql: str) -> Kind | None:
        """What a statement is that only looks ids up, so that it can be asked together with others of its kind."""
        kind = self._kinds.find(sql) or self._look(sql)
        return kind if isinstance(kind, Kind) else None

    def _look(self, sql: str) -> Kind | str:
        many = for_many(sql)
        return self._kinds.keep(sql, Kind(sql, many) if many else sql)

    async def row(self, sql: str, values: Sequence[Any]) -> Record | None:
        kind = self.kind(sql)
        if kind is None:
            found: Record | None = await self._pool.fetchrow(sql, *values)
            return found
        return await self.row_of(kind, values)

    async def row_of(self, kind: Kind, values: Sequence[Any]) -> Record | None:
        loop = asyncio.get_running_loop()
        if not kind.under_way and not kind.several:
            return await self._alone(kind, values, loop.time())
        answer: asyncio.Future[Record | None] = loop.create_future()
        kind.waiting.append((values, answer))
        if not kind.under_way:
            kind.under_way = 1
            loop.call_soon(self._next, kind)
        elif len(kind.waiting) == 1:
            loop.call_later(SLOW, self._hurry, kind)
        return await answer

    def _hurry(self, kind: Kind) -> None:
        """Unless another was begun meanwhile, the one that is under way takes long; whoever waits need not."""
        if kind.waiting and kind.under_way < AT_ONCE and asyncio.get_running_loop().time() - kind.begun > SLOW / 2:
            kind.under_way += 1
            self._next(kind)

    async def _alone(self, kind: Kind, values: Sequence[Any], now: float) -> Record | None:
        kind.under_way, kind.begun = 1, now
        try:
            found: Record | None = await self._pool.fetchrow(kind.sql, *values)
            return found
        finally:
            self._next(kind)

    def _next(self, kind: Kind) -> None:
        """One statement has ended, or none was under way; whoever waits by now is next."""
        waiting = [each for each in kind.waiting if not each[1].done()]
        chosen, kind.waiting = waiting[:MOST], waiting[MOST:]
        if not chosen:
            kind.under_way -= 1
            return
        kind.several = len(chosen) > 1
        loop = asyncio.get_running_loop()
        kind.begun = loop.time()
        if kind.waiting:
            loop.call_later(SLOW, self._hurry, kind)
        task = loop.create_task(self._answer(kind, chosen))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, kind: Kind, chosen: list[Asked]) -> None:
        try:
            if len(chosen) > 1 and await self._answered(kind, chosen):
                return
            for values, answer in chosen:
                if not answer.done():
                    await _tell(answer, self._pool.fetchrow(kind.sql, *values))
        finally:
            for _, answer in chosen:
                answer.cancel()  # unless it is there, as it always is where this was not broken off
            self._next(kind)

    async def _answered(self, kind: Kind, chosen: list[Asked]) -> bool:
        try:
            rows = await self._pool.fetchrows(
                kind.many, *map(list, zip(*(values for values, _ in chosen), strict=True))
            )
        except (PostgresError, ValueError, TypeError):
            return False  # something is wrong with one of them, and each will see whether it is with theirs
        except Exception as error:  # noqa: BLE001 - nothing answers, whoever it is that asks
            for _, answer in chosen:
                if not answer.done():
                    answer.set_exception(error)
            return True
        for (_, answer), row in zip(chosen, rows, strict=True):
            if not answer.done():
                answer.set_result(row)
        return True


async def _tell(answer: asyncio.Future[Record | None], asked: Any) -> None:
    try:
        found = await asked
    except Exception as error:  # noqa: BLE001 - it is theirs
        if not answer.done():
            answer.set_exception(error)
    else:
        if not answer.done():
            answer.set_result(found)
