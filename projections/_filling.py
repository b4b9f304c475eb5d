"""The table of one read model while it is built beside: rows first, and what finds them afterwards.

Rows that are put go in by COPY, into a table without keys, whenever there are some; if one is put again, the younger
one stays. What is only added up goes in by parts, which are summed at the end. As soon as a row must be found, to be
changed or dropped, the keys are made; from then on changes go in by way of a table of their own.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum, auto

from asyncpg import UniqueViolationError
from sqlalchemy.schema import CreateTable

from projections._derived import derived, filled, keepers, listed
from projections._fold import Folded, Rows, needed
from projections._kernel import Add, Change, Put, ReadModel
from projections._statements import as_told, grouped, rows, sql
from projections._tables import indexes, keys, said
from store.batch import Session

Lane = Callable[[], AbstractAsyncContextManager[Session]]
"""A connection, when one is free, and a transaction on it."""

Shapes = Mapping[tuple[type[Change], tuple[str, ...]], list[Change]]
"""Changes by their kind, and the columns that they tell."""


class Stands(Enum):
    """What the table is like."""

    EMPTY = auto()
    BARE = auto()
    """It has rows and no keys; some may have been put again."""
    IN_PARTS = auto()
    """It is empty, and another has the parts of its rows."""
    KEYED = auto()


class Filling:
    """Of a read model whose tables are nobody else's."""

    def __init__(self, model: ReadModel) -> None:
        self.model = model
        self.folded = Folded(model)
        self.written = 0
        self._schema, self._table, self._parts = model.table.schema, model.table.name, f"{model.table.name}_parts"
        self._named, self._key = f'"{self._schema}"."{self._table}"', listed(model.keys)
        self._keys = keys(model.table)
        self._derived_keys = [key for table in derived(model) for key in keys(table)]
        self._stands = Stands.EMPTY
        self._turn = asyncio.Lock()

    async def create(self, connection: Session) -> None:
        """Nobody need clean up behind what is only written."""
        for table in (self.model.table, *derived(self.model)):
            await connection.execute(said(CreateTable(table)))
        await connection.execute(f"ALTER TABLE {self._named} SET (autovacuum_enabled = off)")

    async def write(self, lane: Lane, layers: Sequence[Rows]) -> None:
        """These; there may be more."""
        async with self._turn, lane() as connection:
            await self._write(connection, layers, last=False)

    async def finish(self, lane: Lane, layers: Sequence[Rows]) -> None:
        """The rest, and what the tables need beside their rows.

        PostgreSQL is told to look at them, for it plans badly with tables that it has not looked at.
        """
        async with self._turn:
            async with lane() as connection:
                await self._write(connection, layers, last=True)
                await self._find(connection)
            derive = [*filled(self.model), *self._derived_keys]
            if self.model.tree:  # which writes the rows again
                await _execute(lane, derive)
                derive = []
            async with asyncio.TaskGroup() as tasks:
                for some in (derive, *([index] for index in indexes(self.model))):
                    tasks.create_task(_execute(lane, some))
            cleaned = f"ALTER TABLE {self._named} RESET (autovacuum_enabled)"
            looked_at = ", ".join(map(str, (self.model.table, *derived(self.model))))
            await _execute(lane, [*keepers(self.model), cleaned, f"ANALYZE {looked_at}"])

    async def _write(self, connection: Session, layers: Sequence[Rows], *, last: bool) -> None:
        self.written += sum(map(len, layers))
        for depth, layer in enumerate(layers):
            shapes = _shapes(self.model, layer.values())
            if self._stands is Stands.EMPTY:  # so there is nothing to change or drop
                shapes = {shape: alike for shape, alike in shapes.items() if shape[0] in (Put, Add)}
            if shapes:
                await self._take(connection, shapes, again=depth > 0, last=last)

    async def _take(self, connection: Session, shapes: Shapes, *, again: bool, last: bool) -> None:
        """Changes of rows that are apart; `again`, if this transaction may have put some of them before."""
        kinds = {kind for kind, _ in shapes}
        match self._stands:
            case Stands.EMPTY if kinds == {Add} and not last and not self.model.entity:
                await connection.execute(
                    f'CREATE UNLOGGED TABLE "{self._schema}"."{self._parts}" WITH (autovacuum_enabled = off)'
                    f" AS SELECT {self._key}, {listed(self.model.others)} FROM {self._named} WITH NO DATA"
                )
                self._stands = Stands.IN_PARTS
                await self._copy(connection, self._parts, shapes)
            case Stands.IN_PARTS if kinds == {Add}:
                await self._copy(connection, self._parts, shapes)
            case Stands.EMPTY:
                self._stands = Stands.BARE
                await self._copy(connection, self._table, shapes)
            case Stands.BARE if kinds == {Put} and not again:
                await self._copy(connection, self._table, shapes)
            case _:
                await self._find(connection)
                await self._change(connection, [change for alike in shapes.values() for change in alike])

    async def _copy(self, connection: Session, table: str, shapes: Shapes) -> None:
        for (_, told), alike in shapes.items():
            records = as_told(self.model, told, [(*change.key, *change.values.values()) for change in alike])
            await connection.copy_records_to_table(
                table, schema_name=self._schema, columns=[*self.model.keys, *told], records=records
            )

    async def _change(self, connection: Session, changes: Iterable[Change]) -> None:
        for (kind, columns), alike in grouped(self.model, changes).items():
            names = (*self.model.keys, *columns)
            like = f"SELECT {listed(names)} FROM {self._named} WITH NO DATA"
            await connection.execute(f"CREATE TEMPORARY TABLE staged ON COMMIT DROP AS {like}")
            records = rows(self.model, columns, alike)
            await connection.copy_records_to_table("staged", columns=names, records=records)
            await connection.execute(sql(self.model, kind, columns, "staged"))
            await connection.execute("DROP TABLE staged")

    async def _find(self, connection: Session) -> None:
        """Make the keys, if they are not there; each row is there once."""
        before, self._stands = self._stands, Stands.KEYED
        if before is Stands.KEYED:
            return
        if before is Stands.IN_PARTS:
            summed = ", ".join(f'sum("{name}")' for name in self.model.others)
            await connection.execute(
                f"INSERT INTO {self._named} ({self._key}, {listed(self.model.others)})"
                f' SELECT {self._key}, {summed} FROM "{self._schema}"."{self._parts}" GROUP BY {self._key}'
            )
            await connection.execute(f'DROP TABLE "{self._schema}"."{self._parts}"')
        try:
            async with connection.transaction():
                await self._add_keys(connection)
        except UniqueViolationError:
            # Each time it was another transaction that put a row; the younger one is right.
            await connection.execute(
                f"DELETE FROM {self._named} t USING (SELECT ctid AS place,"
                f" row_number() OVER (PARTITION BY {self._key} ORDER BY age(xmin)) AS nth FROM {self._named}) each"
                " WHERE t.ctid = each.place AND each.nth > 1"
            )
            await self._add_keys(connection)

    async def _add_keys(self, connection: Session) -> None:
        for key in self._keys:
            await connection.execute(key)


async def _execute(lane: Lane, statements: Iterable[str]) -> None:
    async with lane() as connection:
        for statement in statements:
            await connection.execute(statement)


def _shapes(model: ReadModel, changes: Iterable[Change]) -> Shapes:
    """Raises what is wrong with any of them, beside what PostgreSQL finds."""
    found: dict[tuple[type[Change], int, tuple[str, ...]], list[Change]] = defaultdict(list)
    for change in changes:
        found[type(change), len(change.key), tuple(change.values)].append(change)
    for kind, key, told in found:
        needed(model, kind, key, *(name for name in told if name not in model.stamps))
    return {(kind, told): alike for (kind, _, told), alike in found.items()}
