"""A plan: one statement for all that an operation reads, and how its row becomes the answer."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from graphql import GraphQLError, GraphQLObjectType

from schema._arguments import Call, Getter
from schema._asked import Asked
from schema._compile import Compiler
from schema._select import Sql, named
from schema._selection import Fields
from schema._sight import sight

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Cache(OrderedDict[K, V], Generic[K, V]):
    """Keeps what was used last, up to so many.

    What has a `weight` counts for as many as that: a full collection of garbage looks at all that is kept,
    and nobody is answered in the meantime.
    """

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self._capacity = capacity
        self._heavier = 0
        """By how much all that is kept is heavier than its number."""
        self.hits = self.misses = 0

    def find(self, key: K) -> V | None:
        found = self.get(key)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
            self.move_to_end(key)
        return found

    def keep(self, key: K, value: V) -> V:
        if (before := self.pop(key, None)) is not None:
            self._heavier -= _heavier(before)
        self[key] = value
        self._heavier += _heavier(value)
        while len(self) + self._heavier > self._capacity:
            _, gone = self.popitem(last=False)
            self._heavier -= _heavier(gone)
        return value


def _heavier(value: Any) -> int:
    weight: int = getattr(value, "weight", 1)
    return weight - 1


@dataclass(frozen=True, slots=True)
class Plan:
    """`whole`: its row is the whole answer. `pieces` are the bytes before each column, `end` those after the last,
    with its extensions still open.
    """

    sql: str
    getters: tuple[tuple[str, Getter], ...]
    keys: tuple[str, ...]
    pieces: tuple[bytes, ...]
    end: bytes
    denied: tuple[dict[str, Any], ...]
    errors: Mapping[str, GraphQLError]
    whole: bool
    personal: bool = False
    """Whether it asks who the viewer is, and not only what they may do."""

    @property
    def weight(self) -> int:
        """In a cache: each parameter is several objects, and most plans have few."""
        return 1 + len(self.getters) // 5

    def values(self, call: Call) -> list[Any] | None:
        """What is bound for a call; None if the client gave something impossible."""
        try:
            return [get(call) for _, get in self.getters]
        except GraphQLError:
            return None

    def possible(self, call: Call) -> tuple[list[Any], dict[str, GraphQLError]]:
        """What is bound, and which root fields can't be answered because the client gave something impossible."""
        values, errors = [], dict(self.errors)
        for root, get in self.getters:
            try:
                values.append(get(call))
            except GraphQLError as error:
                values.append(None)
                errors[root] = error
        return values, errors

    def answer(self, row: Any, cost: int | None = None) -> bytes:
        """The whole answer; what it costs is told if it is given."""
        parts: list[bytes] = []
        for piece, value in zip(self.pieces, row, strict=False):
            parts += (piece, b"null" if value is None else value)
        parts.append(self.end)
        if cost is not None:
            parts.append(b',"cost":%d' % cost if self.denied else b',"extensions":{"cost":%d' % cost)
        if self.denied or cost is not None:
            parts.append(b"}")
        parts.append(b"}")
        return b"".join(parts)


@dataclass(slots=True)
class Planner:
    """Compiles root fields into a plan. `policy` selects the version of what people may do."""

    compiler: Compiler
    policy: str
    columns: dict[str, Sql] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    errors: dict[str, GraphQLError] = field(default_factory=dict)

    def query(self, type_: GraphQLObjectType, asked: Fields) -> Plan:
        """All compiled root fields of a query."""
        order, seen = [], sight(type_, self.compiler.permissions)
        for key, group in asked.items():
            name = group[0].name.value
            if name == "__typename":
                self.constants[key] = type_.name
            elif (here := seen.get(name)) is None or here.reading is None:
                self.compiler.whole = False
                continue
            else:
                self.add(key, partial(self.compiler.value, Asked(here.field, group, None, (key,)), here.verdict))
            order.append(key)
        return self.plan(order)

    def add(self, key: str, compiled: Callable[[], Sql]) -> None:
        self.compiler.params.root = key
        try:
            self.columns[key] = compiled()
        except GraphQLError as error:
            self.errors[key] = error

    def plan(self, order: list[str]) -> Plan:
        columns = {f"f{place}": value for place, value in enumerate(self.columns.values())}
        params = self.compiler.params
        sql, getters = params.numbered(f"SELECT {named(columns | {'policy': self.policy})}")
        denied = tuple({"path": list(path), "code": "FORBIDDEN_FIELD"} for path in dict.fromkeys(self.compiler.denied))
        pieces, end = self._pieces(order, denied)
        return Plan(
            sql=sql,
            getters=getters,
            keys=tuple(self.columns),
            pieces=pieces,
            end=end,
            denied=denied,
            errors=self.errors,
            whole=self.compiler.whole and not self.errors,
            personal="viewer" in params.getters,
        )

    def _pieces(self, order: list[str], denied: tuple[dict[str, Any], ...]) -> tuple[tuple[bytes, ...], bytes]:
        """The bytes of the answer around its columns."""
        pieces: list[bytes] = []
        open_ = '{"data":{'
        for place, key in enumerate(order):
            open_ += ("," if place else "") + json.dumps(key) + ":"
            if key in self.constants:
                open_ += json.dumps(self.constants[key])
            else:
                pieces.append(open_.encode())
                open_ = ""
        extensions = f',"extensions":{{"denied":{json.dumps(denied, separators=(",", ":"))}' if denied else ""
        return tuple(pieces), f"{open_}}}{extensions}".encode()
