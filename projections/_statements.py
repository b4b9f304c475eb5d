"""Changes of rows as statements of PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect

from projections._kernel import Add, Change, Patch, Put, ReadModel
from store.batch import Statement
from store.told import told

POSTGRESQL = PGDialect()  # type: ignore[no-untyped-call]
Row = tuple[Any, ...]
Group = tuple[type[Change], tuple[str, ...]]


def statements(model: ReadModel, changes: Iterable[Change]) -> Iterator[Statement]:
    """One for each kind of change and set of columns; the rows of each are apart, so their order is free."""
    for (kind, columns), alike in grouped(model, changes).items():
        source, arguments = told(rows(model, columns, alike), types(model, columns))
        yield Statement(sql(model, kind, columns, source), arguments)


def grouped(model: ReadModel, changes: Iterable[Change]) -> dict[Group, list[Change]]:
    """By the kind of change, and the columns that it sets."""
    groups: dict[Group, list[Change]] = defaultdict(list)
    for change in changes:
        kind = type(change)
        columns = model.others if kind is Put else tuple(sorted(change.values))
        if columns or kind is not Patch:
            groups[kind, columns].append(change)
    return groups


def rows(model: ReadModel, columns: Sequence[str], changes: Iterable[Change]) -> list[Row]:
    """The keys of the rows and what these columns of them are, as PostgreSQL is told."""
    return as_told(model, tuple(columns), [(*change.key, *map(change.values.get, columns)) for change in changes])


def as_told(model: ReadModel, columns: tuple[str, ...], found: list[Row]) -> list[Row]:
    """With what is JSON written out."""
    for place in _json_places(model, columns):
        found = [(*row[:place], _json(row[place]), *row[place + 1 :]) for row in found]
    return found


@cache
def _json_places(model: ReadModel, columns: tuple[str, ...]) -> list[int]:
    names = (*model.keys, *columns)
    return [place for place, name in enumerate(names) if isinstance(model.table.c[name].type, JSONB)]


def _json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


@cache
def types(model: ReadModel, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Of the key and of these columns, in PostgreSQL's words."""
    return tuple(model.table.c[name].type.compile(dialect=POSTGRESQL) for name in (*model.keys, *columns))


@cache
def sql(model: ReadModel, kind: type[Change], columns: tuple[str, ...], source: str) -> str:
    """What makes these changes, of rows that it reads from there."""
    table, keys = model.table, model.keys
    names = (*keys, *columns)
    target, listed = f'"{table.schema}"."{table.name}"', ", ".join(f'"{name}"' for name in names)
    values = f"{source} AS v ({listed})"
    where = " AND ".join(f't."{key}" = v."{key}"' for key in keys)
    on_conflict = ", ".join(f'"{key}"' for key in keys)
    insert = f"INSERT INTO {target} AS t ({listed}) SELECT * FROM {values} ON CONFLICT ({on_conflict})"
    if kind is Put:
        replaced = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
        return f"{insert} DO UPDATE SET {replaced}" if replaced else f"{insert} DO NOTHING"
    if kind is Add:
        # ON CONFLICT refuses a row that can't be inserted, even where it then finds one to change. MERGE does not; but
        # the planner must choose how to find the rows, and has chosen badly where it had no statistics yet.
        whole = {*model.needed, *model.stamps} <= {*columns}
        by = "excluded" if whole else "v"
        grown = ", ".join(
            f'"{name}" = {by}."{name}"'
            if name in model.stamps
            else f'"{name}" = coalesce(t."{name}", 0) + {by}."{name}"'
            for name in columns
        )
        told = ", ".join(f'v."{name}"' for name in names)
        return (
            f"{insert} DO UPDATE SET {grown}"
            if whole
            else f"MERGE INTO {target} t USING (SELECT * FROM {values}) v ON {where}"
            f" WHEN MATCHED THEN UPDATE SET {grown} WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({told})"
        )
    if kind is Patch:
        changed = ", ".join(f'"{name}" = v."{name}"' for name in columns)
        return f"UPDATE {target} t SET {changed} FROM {values} WHERE {where}"
    return f"DELETE FROM {target} t USING {values} WHERE {where}"
