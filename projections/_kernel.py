"""A projection is a table, and a pure function from one recorded fact to changes of its rows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnCollection,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    UniqueConstraint,
    Uuid,
)

from projections._definition import definition
from store.recorded import Recorded

READ_MODELS: list[ReadModel] = []
"""Every read model there is. Filled as the modules of `projections` are imported."""

metadata = MetaData(schema="read")
"""The tables of the read models, under the names that this version of them has in PostgreSQL."""

LINE = "line"
"""The column of a tree's rows that holds who is above: the row itself, its parent, the parent's parent and so on."""


# ── Changes of rows: there are several to a fact, so they are of the kind that is made most quickly ──


class Put(msgspec.Struct, frozen=True, gc=False):
    """The row is this: inserted, or replaced whole."""

    key: tuple[Any, ...]
    values: dict[str, Any]


class Patch(msgspec.Struct, frozen=True, gc=False):
    """These columns of the row are these; nothing happens if there is no such row."""

    key: tuple[Any, ...]
    values: dict[str, Any]


class Add(msgspec.Struct, frozen=True, gc=False):
    """These columns of the row grow by these amounts; a row that was not there starts at nought."""

    key: tuple[Any, ...]
    values: dict[str, Any]


class Drop(msgspec.Struct, frozen=True, gc=False):
    """There is no such row any more."""

    key: tuple[Any, ...]
    values: ClassVar[Mapping[str, Any]] = MappingProxyType({})


Change = Put | Patch | Add | Drop
Project = Callable[[Recorded], Iterable[Change]]


# ── Read models ──


@dataclass(frozen=True, slots=True)
class Ranked:
    """Keeps exact ranks by `value` among the rows that agree in the columns `within`, at any size.

    The more rows are below nought, the slower they are to rank: these are not told apart.
    """

    value: str
    within: tuple[str, ...]


@dataclass(eq=False)
class ReadModel:
    """A table that one pure function writes, and what is derived from its rows in the same commit."""

    name: str
    table: Table
    entity: bool
    tree: str | None
    closure: Table | None
    ranked: Ranked | None
    ranks: Table | None
    project: Project | None = field(default=None)

    @property
    def c(self) -> ColumnCollection[str, Column[Any]]:
        return self.table.c

    @property
    def projected(self) -> Project:
        assert self.project is not None, f"{self.name} has no projection"
        return self.project

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key)

    @cached_property
    def others(self) -> tuple[str, ...]:
        """The columns that are told, beside the key."""
        told = (each for each in self.table.columns if not each.primary_key and each.computed is None)
        return tuple(column.name for column in told if not (self.tree and column.name == LINE))

    @cached_property
    def needed(self) -> frozenset[str]:
        """Those of them that are never empty, and are no stamps."""
        return frozenset(name for name in self.others if not self.c[name].nullable and name not in self.stamps)

    @property
    def stamps(self) -> tuple[str, ...]:
        """The columns that say which fact of its stream a row stands at."""
        return ("version", "position") if self.entity else ()

    def put(self, *key: Any, **values: Any) -> Put:
        return Put(key, values)

    def patch(self, *key: Any, **values: Any) -> Patch:
        return Patch(key, values)

    def add(self, *key: Any, **values: Any) -> Add:
        return Add(key, values)

    def drop(self, *key: Any) -> Drop:
        return Drop(key)


def read_model(
    name: str,
    *columns: Column[Any] | UniqueConstraint,
    tree: str | None = None,
    ranked: Ranked | None = None,
) -> ReadModel:
    """Declare a read model.

    Columns with `primary_key=True` are its key, given to `put` and the like in their order. Without any, its rows are
    the streams themselves: it gets the key `id` (the stream's), `version` and `position` (of the stream's last fact),
    and every fact of such a stream that it yields any change for brings them up to date.

    `tree` names the column that holds a row's parent: the table `closure` then holds every pair of a row and one above
    it (ancestor, descendant, depth), each row with itself at depth 0 included. The column `line` holds the same of its
    row: all ancestors, the nearest first.

    `ranked` keeps in the table `ranks` how many values are in which bucket, so that `projections._derived.Rank` finds
    a rank without counting rows.

    A constraint that several rows are held to must be deferred, for the rows of a batch are written in any order:
    `UniqueConstraint("nickname", deferrable=True, initially="DEFERRED")`. What the business wants unique is a claim.
    """
    entity = not any(isinstance(column, Column) and column.primary_key for column in columns)
    if entity:
        columns = (
            Column("id", Uuid, primary_key=True),
            *columns,
            Column("version", Integer, nullable=False),
            Column("position", BigInteger, nullable=False),
        )
    if tree:
        columns = (*columns, Column(LINE, ARRAY(Uuid)))
    module = sys._getframe(1).f_globals["__name__"]  # noqa: SLF001  # whose definition this is
    defined = definition(module, derives=tree is not None or ranked is not None)
    table = Table(f"{name}__{defined}", metadata, *columns)
    rules = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    if any(rule.initially != "DEFERRED" for rule in rules) or any(index.unique for index in table.indexes):
        raise ValueError(f"What is unique in {name} must be deferred: the rows of a batch are written in any order.")
    model = ReadModel(
        name,
        table,
        entity,
        tree,
        _closure(table) if tree else None,
        ranked,
        _ranks(table, ranked) if ranked else None,
    )
    READ_MODELS.append(model)
    return model


def projection(model: ReadModel) -> Callable[[Project], Project]:
    """The function that writes this read model: from one fact to changes, and nothing else."""

    def declare(project: Project) -> Project:
        model.project = project
        return project

    return declare


def _closure(table: Table) -> Table:
    name = f"{table.name}_tree"
    return Table(
        name,
        metadata,
        Column("ancestor", Uuid, primary_key=True),
        Column("descendant", Uuid, primary_key=True),
        Column("depth", Integer, nullable=False),
        Index(f"{name}_up", "descendant", "ancestor"),
    )


def _ranks(table: Table, ranked: Ranked) -> Table:
    return Table(
        f"{table.name}_rank",
        metadata,
        *(Column(name, table.c[name].type, primary_key=True) for name in ranked.within),
        Column("least", Numeric, primary_key=True, autoincrement=False),
        Column("n", BigInteger, nullable=False),
        postgresql_with={"fillfactor": 20},  # a count changes in its place, and few others are tidied up with it
    )
