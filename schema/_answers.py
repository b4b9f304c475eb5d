"""Answers that are kept: what was answered is answered again, as long as nothing has happened that could change it.

An answer is kept with the moment that it was read at, which its own statement tells: where the log stood. Before it is
given again, PostgreSQL is asked where the log stands now; one question serves everybody who waits at that time, and it
is asked after they came, so that whatever was acknowledged before is seen, whichever process wrote it. If the log has
moved, the answer still holds if every commit since was this process's own and none touched a table that was read.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from asyncpg import Pool

from projections._kernel import READ_MODELS
from schema._plan import Cache
from schema._shared import Alike, Shared

LOG = "log"
"""Among the tables: the log itself, which every commit touches."""

MOMENTS = 10_000
"""Commits of this process that are remembered."""

LARGEST_SHARE = 16
"""One answer may take this part of the room, so that a few large ones don't drive out all others."""

BESIDE = 600
"""Bytes that an answer takes beside its text and the question's, roughly."""

STATEMENTS = 4_000

HEARD = 50_000
"""Questions that are remembered for having been asked, at least; twice as many at most."""

NOW = "SELECT position, recorded_at FROM store.head"


class Moment(NamedTuple):
    """Where the log stood. No two states of it have the same: a swap of read models moves the instant on."""

    position: int
    recorded_at: datetime


class Asker(Protocol):
    """Who asks, and what they may do."""

    @property
    def id(self) -> UUID: ...
    @property
    def permissions(self) -> frozenset[str]: ...


# ── What a statement reads ──


@dataclass(frozen=True, slots=True)
class Dated:
    """A plan's statement that tells the moment too, unless a read model that it reads is behind."""

    sql: str
    tables: frozenset[str]


_TABLE = re.compile(r'"?\b(read|store)\b"?\."?(\w+)"?')
_UNSTEADY = re.compile(
    r"\b(current_(date|time|timestamp|user|role|setting)|session_user|local(time|timestamp)|tablesample)\b"
    r"|\b(now|age|random\w*|setseed|timeofday|\w+_timestamp|gen_\w+|uuid\w*|nextval|currval|lastval|txid_\w+|pg_\w+)\s*\(",
    re.IGNORECASE,
)
"""What may be another the next time though nothing has happened."""


def dated(sql: str) -> Dated | None:
    """The statement as one whose answer can be kept; None if it can't be told what the answer depends on."""
    models, named = _models(), set(_TABLE.findall(sql))
    read = {name for schema, name in named if schema == "read"}
    others = {name for schema, name in named if schema != "read"}
    if not read <= models.keys() or not others <= {LOG} or _UNSTEADY.search(sql):
        return None
    live = sorted({models[name] for name in read})
    listed = ", ".join(f"'{table}'" for table in live)
    return Dated(
        f"SELECT a.*, CASE WHEN h.live @> ARRAY[{listed}]::text[] THEN h.position END AS position, h.recorded_at"  # noqa: S608
        f" FROM ({sql}) a, store.head h",
        frozenset(read | others).union(live),
    )


@lru_cache(maxsize=2_000)
def written(sql: str) -> frozenset[str]:
    """What a statement of a commit may change; empty if it can't be told."""
    models = _models()
    return frozenset(each for _, name in _TABLE.findall(sql) for each in (name, models.get(name, name)))


def _models() -> dict[str, str]:
    """By each table of a read model: the one that stands for the read model."""
    return {
        table.name: model.table.name
        for model in READ_MODELS
        for table in (model.table, model.closure, model.ranks)
        if table is not None
    }


# ── What has happened ──


class Statement(Protocol):
    @property
    def sql(self) -> str: ...


class Head(Protocol):
    @property
    def position(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...


class Commit(Protocol):
    """What the log's writer tells of a commit of its own."""

    @property
    def head(self) -> Head: ...
    @property
    def after(self) -> Head: ...
    @property
    def read(self) -> Iterable[Statement]: ...


@dataclass(slots=True)
class Course:
    """The commits of this process, since anybody else has committed: which tables each touched."""

    _moments: dict[int, Moment] = field(default_factory=dict)
    _touched: dict[str, int] = field(default_factory=dict)
    """By table, the position of the last commit that touched it."""
    _last: Moment | None = None

    def committed(self, commit: Commit) -> None:
        """Told of every commit of this process, in their order."""
        before, after = (Moment(each.position, each.recorded_at) for each in (commit.head, commit.after))
        if before == after:
            return
        tables = [written(each.sql) for each in commit.read]
        if self._last != before or not all(tables):
            self._moments.clear()
            self._touched.clear()
            if all(tables):
                self._moments[before.position] = before
        self._moments[after.position] = self._last = after
        for table in {LOG}.union(*tables):
            self._touched[table] = after.position
        if len(self._moments) > MOMENTS:
            del self._moments[next(iter(self._moments))]

    def unchanged(self, tables: Collection[str], then: Moment, now: Moment) -> bool:
        """Whether it is known that nothing touched these tables in between."""
        return then == now or (
            then.position < now.position
            and self._moments.get(then.position) == then
            and self._moments.get(now.position) == now
            and all(self._touched.get(table, 0) <= then.position for table in tables)
        )


# ── What is kept ──


@dataclass(slots=True)
class Kept:
    """An answer. `document` is what was asked, and `policy` the version of what people may do."""

    body: bytes
    document: str
    policy: int
    tables: frozenset[str]
    moment: Moment
    size: int = 0


class Calling:
    """A call that notices whether it matters who calls. If not, others who may do the same get the same answer."""

    __slots__ = ("_viewer", "personal", "variables")

    def __init__(self, viewer: UUID, variables: Mapping[str, Any]) -> None:
        self._viewer, self.variables, self.personal = viewer, variables, False

    @property
    def viewer(self) -> UUID:
        self.personal = True
        return self._viewer


class Answers:
    """Those that were given last, up to so many bytes together."""

    def __init__(self, pool: Pool, room: int) -> None:
        self.course = Course()
        self.alike: Alike[Hashable, Any] = Alike()
        self.hits = self.misses = self.bytes = 0
        self._room = room
        self._kept: OrderedDict[tuple[bytes, Hashable], Kept] = OrderedDict()
        self._questions: Counter[bytes] = Counter()
        self._dated: Cache[str, Dated | Literal[False]] = Cache(STATEMENTS)
        self._now: Shared[Moment] = Shared(lambda: _moment(pool))
        self._lately: set[int] = set()
        self._earlier: set[int] = set()

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Kept]:
        return iter(self._kept.values())

    def committed(self, commit: Commit) -> None:
        """Told of every commit of this process, in their order."""
        self.course.committed(commit)

    def hear(self, question: bytes) -> bool:
        """Remember that it was asked; whether it had been, not long ago. Most had not, and keeping costs."""
        self.misses += 1
        number = hash(question)
        if number in self._lately or number in self._earlier:
            return True
        if len(self._lately) >= HEARD:
            self._earlier, self._lately = self._lately, set()
        self._lately.add(number)
        return False

    def dated(self, sql: str) -> Dated | None:
        """The statement to be run in its place, for an answer that is then kept."""
        found = self._dated.find(sql)
        if found is None:
            found = self._dated.keep(sql, dated(sql) or False)
        return found or None

    def know(self, question: bytes) -> bool:
        """Whether an answer to it is kept, whosever it is."""
        return question in self._questions

    async def again(self, question: bytes, asker: Asker, policy: int) -> Kept | None:
        """The answer that was given to this question, if it is the answer still."""
        key: tuple[bytes, Hashable] = (question, asker.id)
        kept = self._kept.get(key)
        if kept is None:
            key = (question, asker.permissions)
            kept = self._kept.get(key)
        if kept is not None and kept.policy == policy:
            now = await self._now.get()
            if self.course.unchanged(kept.tables, kept.moment, now):
                self.hits += 1
                kept.moment = now
                if key in self._kept:
                    self._kept.move_to_end(key)
                return kept
        return None

    def keep(self, question: bytes, whose: UUID | frozenset[str], kept: Kept) -> None:
        """Keep what was answered; `whose` is the viewer, or what viewers may do who all get this answer."""
        kept.size = len(kept.body) + len(question) + BESIDE
        if kept.size > self._room // LARGEST_SHARE:
            return
        key = (question, whose)
        if (before := self._kept.pop(key, None)) is not None:
            self._gone(question, before)
        self._kept[key] = kept
        self._questions[question] += 1
        self.bytes += kept.size
        while self.bytes > self._room:
            (oldest, _), gone = self._kept.popitem(last=False)
            self._gone(oldest, gone)

    def _gone(self, question: bytes, kept: Kept) -> None:
        self.bytes -= kept.size
        self._questions[question] -= 1
        if not self._questions[question]:
            del self._questions[question]


async def _moment(pool: Pool) -> Moment:
    row = await pool.fetchrow(NOW)
    assert row is not None
    return Moment(row["position"], row["recorded_at"])
