"""What a log comes to, told one fact after the other and as plainly as possible. To compare with."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any
from uuid import UUID

from domain._kernel import Claim, Effect, Release
from projections._kernel import LINE, Add, Change, Drop, Patch, Put, ReadModel
from store.recorded import Recorded

Row = tuple[Any, ...]


def folded(model: ReadModel, facts: Iterable[Recorded]) -> dict[str, list[Row]]:
    """The rows of a read model, and of what is derived from it, as `tests._ledger.rows` gives them."""
    table: dict[Row, dict[str, Any]] = {}
    assert model.project is not None
    for fact in facts:
        for change in model.project(fact):
            stamp = {"version": fact.version, "position": fact.position}
            apply(model, table, change, stamp if model.entity and change.key == (fact.stream_id,) else {})
    parents = {key[0]: row[model.tree] for key, row in table.items()} if model.tree else {}
    for id in parents:
        table[id,][LINE] = [above for above, _, _ in _above(parents, id)]
    found = [tuple({**dict(zip(model.keys, key, strict=True)), **row}[column.name] for column in model.table.columns)
             for key, row in table.items()]  # fmt: skip
    everything: dict[str, list[Row]] = {model.table.name: found}
    if model.closure is not None:
        everything[model.closure.name] = closure(parents)
    if model.ranked and model.ranks is not None:
        counts = Counter(
            (*(row[name] for name in model.ranked.within), least(row[model.ranked.value])) for row in table.values()
        )
        everything[model.ranks.name] = [(*key, n) for key, n in counts.items()]
    return {name: sorted(rows, key=plainly) for name, rows in everything.items()}


def plainly(row: Row) -> str:
    """What rows are put in order by; a number has many forms."""
    return repr([each.normalize() if isinstance(each, Decimal) else each for each in row])


def least(value: Decimal) -> Decimal:
    """The least value of the bucket of ranks that a value is counted in."""
    if value < 0:
        return Decimal("-Infinity")
    digits = min(max(value.adjusted() + 1, 1), 18)
    places = Decimal(10) ** (digits - 3)
    with localcontext(prec=100):
        return (value // places * places).quantize(min(places, Decimal(1)))


def apply(model: ReadModel, table: dict[Row, dict[str, Any]], change: Change, stamp: dict[str, Any]) -> None:
    empty = {column.name: None for column in model.table.columns if not column.primary_key}
    match change:
        case Put(key, values):
            table[key] = {**empty, **values, **stamp}
        case Patch(key, values):
            if key in table:
                table[key].update(values, **stamp)
        case Add(key, values):
            row = table.setdefault(key, dict(empty))
            row.update({name: (row[name] or 0) + by for name, by in values.items()}, **stamp)
        case Drop(key):
            table.pop(key, None)


def closure(parents: dict[UUID, UUID | None]) -> list[Row]:
    """Every pair of a row and one above it, with the distance. A circle is walked once."""
    return [pair for id in parents for pair in _above(parents, id)]


def _above(parents: dict[UUID, UUID | None], id: UUID) -> Iterator[Row]:
    at: UUID | None = id
    seen: set[UUID] = set()
    while at in parents and at not in seen:
        yield at, id, len(seen)
        seen.add(at)
        at = parents[at]


@dataclass
class Bank:
    """Every state that the log went through: `states[p]` is what was so after position p."""

    states: list[dict[UUID, tuple[Any, int]]] = field(default_factory=lambda: [{}])
    held: list[dict[str, UUID]] = field(default_factory=lambda: [{}])
    nicknames: list[dict[str, UUID]] = field(default_factory=lambda: [{}])
    effects: list[frozenset[Effect | str]] = field(default_factory=lambda: [frozenset()])
    facts: list[Recorded] = field(default_factory=list)
    of_command: dict[UUID, list[Recorded]] = field(default_factory=lambda: defaultdict(list))

    def take(self, kind: type[Any], recorded: Recorded) -> None:
        id, fact = recorded.stream_id, recorded.fact
        state, version = self.states[-1].get(id, (kind(), 0))
        assert recorded.position == len(self.states)
        assert recorded.version == version + 1
        held, nicknames = dict(self.held[-1]), dict(self.nicknames[-1])
        for wish in fact.claims() if hasattr(fact, "claims") else ():
            match wish:
                case Release():
                    held = {value: holder for value, holder in held.items() if holder != id}
                case Claim():
                    assert held.get(wish.value, id) == id
                    held[wish.value] = id
        new = state.evolve(fact)
        nicknames = {name: holder for name, holder in nicknames.items() if holder != id}
        if new.is_open and new.nickname:
            assert new.nickname not in nicknames
            nicknames[new.nickname] = id
        ordered = {effect.key for effect in fact.effects()} if hasattr(fact, "effects") else set()
        assert not ordered & self.effects[-1]
        self.states.append({**self.states[-1], id: (new, version + 1)})
        self.held.append(held)
        self.nicknames.append(nicknames)
        self.effects.append(self.effects[-1] | ordered)
        self.facts.append(recorded)
        self.of_command[recorded.origin.command_id].append(recorded)
