"""Changes of rows: folded and written at once, they come to what they come to one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, Numeric, Text, Uuid, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB

from projections._build import ensure
from projections._derived import Rank
from projections._fold import ReadModels
from projections._kernel import READ_MODELS, Add, Change, Drop, Patch, Put, Ranked, ReadModel, projection, read_model
from projections._statements import POSTGRESQL
from store.batch import Indigestible
from store.recorded import Origin, Recorded
from tests._ledger import rows
from tests._naive import folded

loose = read_model(
    "fold_loose",
    Column("branch", Text, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("n", BigInteger),
    Column("amount", Numeric),
    Column("note", Text),
    Column("more", JSONB),
)
strict = read_model(
    "fold_strict",
    Column("name", Text, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("note", Text),
)
people = read_model("fold_people", Column("boss", Uuid, index=True), tree="boss")
board = read_model("fold_board", Column("team", Text, nullable=False), Column("points", Numeric, nullable=False),
                   ranked=Ranked("points", ("team",)))  # fmt: skip
MODELS = [loose, strict, people, board]
for _model in MODELS:
    READ_MODELS.remove(_model)


@dataclass(frozen=True)
class Told:
    """A fact that says itself what it changes."""

    changes: tuple[Change, ...]


def _project(recorded: Recorded) -> Iterator[Change]:
    for change in recorded.fact.changes:  # a projection makes its changes anew each time
        yield type(change)(change.key, *([dict(change.values)] if not isinstance(change, Drop) else []))


for _model in MODELS:
    projection(_model)(_project)


def told(n: int, id: UUID, *changes: Change) -> Recorded:
    return Recorded(
        stream_id=id,
        version=n,
        position=n,
        fact=Told(changes),
        effective=date(2017, 1, 1),
        recorded_at=datetime(2017, 1, 1, tzinfo=UTC),
        origin=Origin(actor=id),
    )


@dataclass(frozen=True)
class Tables:
    """These read models in a database of their own, and a connection to it."""

    runner: asyncio.Runner
    connection: asyncpg.Connection

    def compare(self, model: ReadModel, facts: list[Recorded], cuts: set[int]) -> None:
        """Batches that end at these cuts come to the same as one fact after the other."""
        self.runner.run(self._compare(model, facts, cuts))

    async def _compare(self, model: ReadModel, facts: list[Recorded], cuts: set[int]) -> None:
        for name in folded(model, ()):
            await self.connection.execute(f"DELETE FROM read.{name}")
        for a, b in pairwise([0, *sorted(cut for cut in cuts if cut < len(facts)), len(facts)]):
            for statement in ReadModels([model]).fold(facts[a:b], {model.table.name}):
                await self.connection.execute(statement.sql, *statement.arguments)
        assert await rows(self.connection, model) == folded(model, facts)

    def fetch(self, statement: Any) -> list[tuple[Any, ...]]:
        sql = str(statement.compile(dialect=POSTGRESQL, compile_kwargs={"literal_binds": True}))
        return sorted(tuple(row.values()) for row in self.runner.run(self.connection.fetch(sql)))


@pytest.fixture(scope="module")
def tables(module_database_url: str) -> Iterator[Tables]:
    async def create() -> asyncpg.Connection:
        async with asyncpg.create_pool(module_database_url, min_size=1, max_size=1) as pool:
            await ensure(pool, ReadModels(MODELS))
        return await asyncpg.connect(module_database_url)

    with asyncio.Runner() as runner:
        connection = runner.run(create())
        yield Tables(runner, connection)
        runner.run(connection.close())


quick = settings(max_examples=40, derandomize=True, database=None)
cuts = st.sets(st.integers(1, 12), max_size=4)
IDS = [UUID(int=n) for n in range(1, 8)]

# ── Put, Patch, Add, Drop ──

loose_values = {
    "n": st.integers(-(2**40), 2**40),
    "amount": st.decimals(-10_000, 10_000, places=3),
    "note": st.none() | st.sampled_from("ab"),
    "more": st.none() | st.sampled_from(['{"a": "b"}', "[]"]),
}
numbers = {name: loose_values[name] for name in ("n", "amount")}
keys = st.tuples(st.sampled_from(["north", "south"]), st.sampled_from([2016, 2017]))


def some(of: dict[str, Any]) -> Any:
    return st.fixed_dictionaries({}, optional=of)


loose_changes = (
    st.builds(Put, keys, some({name: st.none() | each for name, each in loose_values.items() if name != "more"}))
    | st.builds(Patch, keys, some({name: st.none() | each for name, each in loose_values.items() if name != "more"}))
    | st.builds(Add, keys, some(numbers).filter(bool))
    | st.builds(Drop, keys)
)


@given(changes=st.lists(st.lists(loose_changes, max_size=3), max_size=12), cuts=cuts)
@quick
def test_changes_folded_are_changes_one_by_one(tables: Tables, changes: Any, cuts: set[int]) -> None:
    facts = [told(n, IDS[0], *each) for n, each in enumerate(changes, start=1)]
    tables.compare(loose, facts, cuts)


KINDS = ["patch", "name", "add", "add", "touch", "drop"]


def strict_change(kind: str, n: int) -> Any:
    def of(id: UUID) -> Change:
        match kind:
            case "put":
                return Put((id,), {"name": str(n), "n": n})
            case "patch":
                return Patch((id,), {"note": str(n)})
            case "name":
                return Patch((id,), {"name": str(n)})
            case "add":
                return Add((id,), {"n": n})
            case "touch":
                return Patch((id,), {})
            case _:
                return Drop((id,))

    return of


@given(data=st.data(), cuts=cuts)
@quick
def test_rows_of_streams_stand_at_the_last_fact_that_touched_them(
    tables: Tables, data: st.DataObject, cuts: set[int]
) -> None:
    facts: list[Recorded] = []
    there: set[UUID] = set()
    for n in range(1, data.draw(st.integers(1, 12)) + 1):
        id = data.draw(st.sampled_from(IDS[:3]))
        kind = data.draw(
            st.sampled_from(["put", "patch", "name", "add", "add", "touch", "drop"] if id in there else ["put"])
        )
        (there.discard if kind == "drop" else there.add)(id)
        facts.append(told(n, id, strict_change(kind, data.draw(st.integers(-5, 5)))(id)))
    tables.compare(strict, facts, cuts)


@pytest.mark.parametrize(
    "change",
    [
        Put((IDS[0],), {"name": "x"}),
        Put((IDS[0],), {"name": None, "n": 1}),
        Patch((IDS[0],), {"name": None}),
        Patch((IDS[0],), {"colour": "red"}),
        Patch((IDS[0],), {"version": 7}),
        Patch((IDS[0], IDS[1]), {"note": "x"}),
        Drop(()),
        Drop((None,)),
    ],
    ids=repr,
)
def test_a_change_that_does_not_fit_its_table_is_found_even_if_a_later_one_would_mend_it(change: Change) -> None:
    mended = [told(1, IDS[0], change), told(2, IDS[0], Put((IDS[0],), {"name": "x", "n": 1}))]
    with pytest.raises(Indigestible) as found:
        list(ReadModels([strict]).fold(mended, {strict.table.name}))
    assert found.value.index == 0


# ── Trees ──


@given(
    moves=st.lists(
        st.tuples(st.sampled_from(IDS), st.sampled_from([None, *IDS]), st.sampled_from(["put", "patch", "drop"])),
        max_size=25,
    ),
    cuts=cuts,
)
@quick
def test_a_closure_is_who_is_above_whom(tables: Tables, moves: Any, cuts: set[int]) -> None:
    """Circles too, and those whose boss is not there, or not there yet."""
    change: dict[str, Callable[..., Change]] = {"put": people.put, "patch": people.patch}
    facts = [
        told(n, id, people.drop(id) if how == "drop" else change[how](id, boss=boss))
        for n, (id, boss, how) in enumerate(moves, start=1)
    ]
    tables.compare(people, facts, {2 * cut for cut in cuts})


# ── Ranks ──

points = (
    st.decimals(-20, 20, places=1)
    | st.decimals(-(10**5), 10**5, places=2)
    | st.decimals(-(10**19), 10**19, places=3)
    | st.sampled_from(
        [Decimal(sign * 2**e + by) for sign in (-1, 1) for e in (3, 9, 15, 21, 62) for by in (-1, 0, 1)]
        + [Decimal("7." + "9" * 30), Decimal("-0." + "0" * 30 + "1"), Decimal("2097151." + "9" * 12)]
        + [Decimal(80_000_000_000_000_007), Decimal(-80_000_000_000_000_007)]
        + [
            Decimal(edge).scaleb(e) + by
            for edge in ("1", "1.23", "9.99")
            for e in (0, 1, 2, 5, 16, 17, 18, 19)
            for by in (Decimal("-0.001"), Decimal(0), Decimal("0.001"))
        ]
    )
)


@given(
    scores=st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from(["red", "blue"]), points, st.sampled_from(["put", "add", "drop"])
        ),
        min_size=1,
        max_size=25,
    ),
    cuts=cuts,
)
@quick
def test_a_rank_is_the_one_that_a_window_function_gives(tables: Tables, scores: Any, cuts: set[int]) -> None:
    there: set[UUID] = set()
    facts = []
    for n, (id, team, value, how) in enumerate(scores, start=1):
        if how == "drop":
            there.discard(id)
            facts.append(told(n, id, board.drop(id)))
        elif how == "add" and id in there:
            facts.append(told(n, id, board.add(id, points=value)))
        else:
            there.add(id)
            facts.append(told(n, id, board.put(id, team=team, points=value)))

    tables.compare(board, facts, {2 * cut for cut in cuts})
    b = board.c
    window = select(b.id, func.rank().over(partition_by=b.team, order_by=b.points.desc()))
    assert tables.fetch(select(b.id, Rank(board, b.points, {"team": b.team}))) == tables.fetch(window)
    top = Rank(board, literal(Decimal(2**65), Numeric), {"team": literal("red", Text)})
    assert tables.fetch(select(top)) == [(1,)]
