"""The streams that a process knows: folded once, kept in a bounded cache, and looked at by commands."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, reduce
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, get_args, get_type_hints
from uuid import UUID

import msgspec
from asyncpg import Record
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from store.codec import decode, personal_fields
from store.keys import Keys

REMEMBERED = 200_000


class Querying(Protocol):
    """A connection or a pool: what can be asked."""

    async def fetch(self, query: str, *args: Any) -> list[Record]: ...


class Stream(NamedTuple):
    kind: type[Any]
    id: UUID


class Folded(msgspec.Struct, frozen=True, gc=False):
    """What a stream comes to. `other`: there is such a stream, but of another kind, which has facts of this class; so
    here it is nothing.

    There are many of them, for long, and nothing in one refers to it: the garbage collector need not see them.
    """

    state: Any
    version: int
    other: type[Any] | None = None

    @property
    def foreign(self) -> bool:
        return self.other is not None


class NotLoaded(Exception):
    """A command looked at a stream that must be read first; then it decides again."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream)
        self.stream = stream


@cache
def _facts(evolve: Callable[..., Any]) -> tuple[type[Any], ...]:
    """The facts that an aggregate evolves by, in their newest form."""
    union = get_type_hints(evolve)["event"]
    return get_args(union) or (union,)


class Streams:
    """Folded aggregates by stream. Whatever is forgotten is read again; nothing here is needed to be right."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._known: OrderedDict[int, Folded] = OrderedDict()
        """By the number that an id is: numbers are found in half the time."""

    def get(self, stream: Stream) -> Folded | None:
        folded = self._known.get(stream.id.int)
        if folded is None:
            return None
        self._known.move_to_end(stream.id.int)
        return folded if type(folded.state) is stream.kind else _seen_as(stream.kind, folded)

    def put(self, stream: Stream, folded: Folded) -> None:
        """Unless more is known. That a stream is foreign follows from what it is, and never takes the place of that."""
        id = stream.id.int
        there = self._known.get(id)
        if there is None or (there.version < folded.version if folded.foreign else there.version <= folded.version):
            self._known[id] = folded
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def forget(self, ids: Iterable[UUID]) -> None:
        for id in ids:
            self._known.pop(id.int, None)

    def forget_older(self, versions: Mapping[UUID, int]) -> None:
        """Those that have not reached these versions. What is known further stays: others are decided upon it."""
        for id, version in versions.items():
            if (folded := self._known.get(id.int)) and folded.version < version:
                del self._known[id.int]

    async def load(self, connection: Querying, streams: Iterable[Stream]) -> None:
        """Bring these streams to where the log has them, reading only what is new."""
        known = {stream: self.get(stream) or Folded(stream.kind(), 0) for stream in streams}
        rows = await connection.fetch(
            """
            SELECT s.ordinality, l.stream_id, l.version, l.topic, l.data
            FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY s (id, version, ordinality)
            JOIN store.log l ON l.stream_id = s.id AND l.version > s.version
            ORDER BY s.ordinality, l.version
            """,
            [stream.id for stream in known],
            [folded.version for folded in known.values()],
        )
        people = {row["stream_id"] for row in rows if personal_fields(row["topic"])}
        keys = await self._keys.of(people)
        news = {n: list(group) for n, group in groupby(rows, itemgetter("ordinality"))}
        for n, (stream, folded) in enumerate(known.items(), start=1):
            self.put(stream, _fold(stream, folded, news.get(n, ()), keys.get(stream.id)))


def _seen_as(kind: type[Any], folded: Folded) -> Folded | None:
    """What is known of a stream, for who looks at it as another kind; None if it is of that, which was not read yet."""
    if not folded.version:
        return Folded(kind(), 0)
    other = folded.other or _facts(type(folded.state).evolve)[0]
    return None if other in _facts(kind.evolve) else Folded(kind(), folded.version, other)


def _fold(stream: Stream, known: Folded, rows: Sequence[Record], key: AESGCM | None) -> Folded:
    """What is known, and what has happened since."""
    if not rows:
        return known
    version = rows[-1]["version"]
    facts = [decode(row["topic"], row["data"], stream.id, key) for row in rows]
    other = known.other or (None if type(facts[0]) in _facts(stream.kind.evolve) else type(facts[0]))
    if other is not None:
        return Folded(stream.kind(), version, other)
    return Folded(reduce(lambda it, fact: it.evolve(fact), facts, known.state), version)
