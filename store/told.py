"""Rows as a statement is told them: an array for each column; of a single row, its values.

Whoever writes alone commits one row of most things. PostgreSQL then has half the work: it reads no arrays, makes no
table of them, and plans but once how it finds the row that has a key.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

Types = tuple[str, ...]


def told(rows: Collection[Sequence[Any]], types: Types) -> tuple[str, Sequence[Any]]:
    """What a statement reads these rows from, with columns of these types; and its first arguments."""
    if len(rows) == 1:
        (row,) = rows
        return _one(types), row
    return _many(types), list(zip(*rows, strict=True))


@cache
def _one(types: Types) -> str:
    return f"(VALUES ({', '.join(f'${n}::{each}' for n, each in enumerate(types, start=1))}))"


@cache
def _many(types: Types) -> str:
    return f"unnest({', '.join(f'${n}::{each}[]' for n, each in enumerate(types, start=1))})"
