"""Many facts as few statements: the changes of a batch are folded in memory, then written a table at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterator, Sequence
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect

from projections._kernel import READ_MODELS, Add, Change, Drop, Patch, Put, ReadModel
from store.batch import Indigestible, Statement
from store.recorded import Recorded

POSTGRESQL = PGDialect()  # type: ignore[no-untyped-call]
Rows = dict[tuple[Any, ...], Change]


class ReadModels:
    """The read models of this program, as the log's writer wants them."""

    def __init__(self, models: Sequence[ReadModel] = READ_MODELS) -> None:
        self.models = {model.table.name: model for model in models}
        self.tables = frozenset(self.models)

    def fold(self, recorded: Sequence[Recorded], live: Container[str]) -> Iterator[Statement]:
        """What brings the read models named in `live` past these facts. Raises Indigestible."""
        for name, model in self.models.items():
            if name in live:
                for layer in _layers(model, recorded):
                    yield from _statements(model, layer)


def _layers(model: ReadModel, recorded: Sequence[Recorded]) -> list[Rows]:
    """The changes by row. Almost always one layer; a row that can't be told in one change goes on in the next."""
    assert model.project is not None, f"{model.name} has no projection"
    layers: list[Rows] = [{}]
    for index, fact in enumerate(recorded):
        try:
            for change in model.project(fact):
                _check(model, change)
                stamped = _stamp(model, fact, change)
                before = layers[-1].get(stamped.key)
                merged = stamped if before is None else _merge(before, stamped, _stamps(model))
                if merged is None:
                    layers.append({})
                    merged = stamped
                layers[-1][stamped.key] = merged
        except Exception as error:
            raise Indigestible(index, model.table.name) from error
    return layers


def _stamps(model: ReadModel) -> tuple[str, ...]:
    """The columns that say which fact of its stream a row stands at."""
    return ("version", "position") if model.entity else ()


@cache
def _shape(model: ReadModel, kind: Hashable, told: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """How many columns its key has, and which of those that are told, or must be, are never empty."""
    stamps = _stamps(model)
    others = {
        column.name: column
        for column in model.table.columns
        if not column.primary_key and column.computed is None and column.name not in stamps
    }
    if unknown := set(told) - others.keys():
        raise KeyError(f"{model.name} has no {sorted(unknown)}")
    needed = (name for name, column in others.items() if not column.nullable and (kind is Put or name in told))
    return len(model.keys), tuple(needed)


def _check(model: ReadModel, change: Change) -> None:
    """Each change must be right by itself, for who knows which others it will be folded with the next time."""
    told: dict[str, Any] = {} if isinstance(change, Drop) else change.values
    key, needed = _shape(model, type(change), tuple(told))  # type: ignore[arg-type]  # classes are hashable
    if len(change.key) != key:
        raise ValueError(f"{change.key} is not a key of {model.name}")
    for part in change.key:
        if part is None:
            raise ValueError(f"{change.key} is not a key of {model.name}")
    for name in needed:
        if told.get(name) is None:
            raise ValueError(f"{model.name} needs {name}")


def _stamp(model: ReadModel, fact: Recorded, change: Change) -> Change:
    if model.entity and not isinstance(change, Drop) and change.key == (fact.stream_id,):
        change.values.update(version=fact.version, position=fact.position)
    return change


def _merge(before: Change, after: Change, stamps: Container[str]) -> Change | None:
    """Two changes of one row as one, or None if there is no such change."""
    match before, after:
        case _, Put() | Drop():
            return after
        case Put() | Patch(), Patch():
            return type(before)(before.key, before.values | after.values)
        case Put() | Add(), Add():
            grown = {
                name: by if name in stamps else (before.values.get(name) or 0) + by for name, by in after.values.items()
            }
            return type(before)(before.key, before.values | grown)
    return None


# ── Statements ──


def _statements(model: ReadModel, rows: Rows) -> Iterator[Statement]:
    """One statement for each kind of change and set of columns; the rows of each are apart, so their order is free."""
    grouped: dict[tuple[type[Change], tuple[str, ...]], list[Change]] = defaultdict(list)
    everything = tuple(
        column.name for column in model.table.columns if not column.primary_key and column.computed is None
    )
    for change in rows.values():
        match change:
            case Drop():
                columns: tuple[str, ...] = ()
            case Put():
                columns = everything
            case _:
                columns = tuple(sorted(change.values))
        if columns or isinstance(change, Put | Drop):
            grouped[type(change), columns].append(change)
    for (kind, columns), changes in grouped.items():
        yield Statement(
            _sql(model, kind, columns),  # type: ignore[arg-type]
            _arguments(model.table, columns, changes),
        )


def _arguments(table: Table, columns: tuple[str, ...], changes: Sequence[Change]) -> list[list[Any]]:
    keys = [list(parts) for parts in zip(*(change.key for change in changes), strict=True)]
    told = [change.values for change in changes if not isinstance(change, Drop)]
    arguments = [*keys, *([values.get(name) for values in told] for name in columns)]
    names = [*(column.name for column in table.primary_key), *columns]
    for index, name in enumerate(names):
        if isinstance(table.c[name].type, JSONB):
            arguments[index] = [None if value is None else _json(value) for value in arguments[index]]
    return arguments


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@cache
def _sql(model: ReadModel, kind: Hashable, columns: tuple[str, ...]) -> str:
    table = model.table
    keys = tuple(column.name for column in table.primary_key)
    names = (*keys, *columns)
    arrays = ", ".join(
        f"${n}::{table.c[name].type.compile(dialect=POSTGRESQL)}[]" for n, name in enumerate(names, start=1)
    )
    target, listed = f'"{table.schema}"."{table.name}"', ", ".join(f'"{name}"' for name in names)
    values = f"unnest({arrays}) AS v ({listed})"
    where = " AND ".join(f't."{key}" = v."{key}"' for key in keys)
    on_conflict = ", ".join(f'"{key}"' for key in keys)
    if kind is Put:
        replaced = ", ".join(f'"{name}" = excluded."{name}"' for name in columns)
        action = f"DO UPDATE SET {replaced}" if replaced else "DO NOTHING"
        return f"INSERT INTO {target} ({listed}) SELECT * FROM {values} ON CONFLICT ({on_conflict}) {action}"
    if kind is Add:
        # Not ON CONFLICT, which refuses the row that it would insert even where it then finds one to change.
        stamps = _stamps(model)
        grown = ", ".join(
            f'"{name}" = v."{name}"' if name in stamps else f'"{name}" = coalesce(t."{name}", 0) + v."{name}"'
            for name in columns
        )
        told = ", ".join(f'v."{name}"' for name in names)
        return (
            f"MERGE INTO {target} t USING (SELECT * FROM {values}) v ON {where}"
            f" WHEN MATCHED THEN UPDATE SET {grown} WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({told})"
        )
    if kind is Patch:
        changed = ", ".join(f'"{name}" = v."{name}"' for name in columns)
        return f"UPDATE {target} t SET {changed} FROM {values} WHERE {where}"
    return f"DELETE FROM {target} t USING {values} WHERE {where}"
