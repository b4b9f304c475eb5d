"""Many facts as few changes: those of a batch are folded in memory, so that each row is written once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import length_hint
from typing import Any

from projections._kernel import READ_MODELS, Add, Change, Drop, Patch, Put, ReadModel
from projections._routes import concerns, unconcerning
from projections._statements import statements
from store.batch import Indigestible, Statement
from store.recorded import Recorded

Rows = dict[tuple[Any, ...], Change]


class Undigested(Exception):
    """A read model can't take in a fact of the log. The cause is chained."""

    def __init__(self, model: ReadModel, fact: Recorded) -> None:
        super().__init__(f"{model.table.name} can't take in fact {fact.position} of the log, a {type(fact.fact).TOPIC}")


class ReadModels:
    """The read models of this program, as the log's writer wants them."""

    def __init__(self, models: Sequence[ReadModel] = READ_MODELS) -> None:
        self.models = {model.table.name: model for model in models}
        self.tables = frozenset(self.models)
        self._concerned: dict[type[Any], list[ReadModel]] = {}

    def fold(self, recorded: Sequence[Recorded], live: Container[str]) -> Iterator[Statement]:
        """What brings the read models named in `live` past these facts. Raises Indigestible."""
        batch = Batch(self, live)
        batch.take(recorded)
        for folded in batch:
            yield from folded.statements()

    def beginning(self, names: Container[str]) -> dict[ReadModel, Folded]:
        """Nothing yet, in each of these read models."""
        return {model: Folded(model) for name, model in self.models.items() if name in names}

    def take_in(
        self, recorded: Iterable[Recorded], folded: Mapping[ReadModel, Folded], *, checked: bool = True
    ) -> None:
        """Fold in what follows in the log. Raises Undigested."""
        concerning: dict[ReadModel, list[Recorded]] = defaultdict(list)
        for fact in recorded:
            for model in self.concerned(type(fact.fact)):
                concerning[model].append(fact)
        for model, facts in concerning.items():
            if model in folded:
                left = iter(facts)
                try:
                    folded[model].take(left, checked=checked)
                except Exception as error:
                    raise Undigested(model, facts[-length_hint(left) - 1]) from error

    def concerned(self, kind: type[Any]) -> list[ReadModel]:
        """Those that facts of this class can change anything in."""
        if kind not in self._concerned:
            models = self.models.values()
            self._concerned[kind] = [model for model in models if concerns(model.projected, kind)]
        return self._concerned[kind]

    def unconcerning(self, names: Container[str]) -> list[str]:
        """The topics of facts that change nothing in these read models."""
        return unconcerning(model.projected for name, model in self.models.items() if name in names)


class Batch:
    """What a number of facts come to, in some read models."""

    def __init__(self, read_models: ReadModels, live: Container[str]) -> None:
        self._read_models = read_models
        self._live = live
        self._folded: dict[ReadModel, Folded] = {}
        self._concerned: dict[type[Any], list[Folded]] = {}

    def __iter__(self) -> Iterator[Folded]:
        return iter(self._folded.values())

    def take(self, recorded: Sequence[Recorded]) -> None:
        """Fold in what follows. Raises Indigestible."""
        for index, fact in enumerate(recorded):
            kind = type(fact.fact)
            concerned = self._concerned.get(kind)
            if concerned is None:
                models = [each for each in self._read_models.concerned(kind) if each.table.name in self._live]
                concerned = [self._folded.setdefault(model, Folded(model)) for model in models]
                self._concerned[kind] = concerned
            for folded in concerned:
                try:
                    folded.take((fact,))
                except Exception as error:
                    raise Indigestible(index, folded.model.table.name) from error


class Folded:
    """What they come to in one of them.

    The changes by row. Almost always one layer; a row that can't be told in one change goes on in the next.
    """

    def __init__(self, model: ReadModel) -> None:
        self.model = model
        self.project = model.projected
        self.layers: list[Rows] = [{}]
        self.again = False
        """Whether any row has been changed more than once."""

    def __len__(self) -> int:
        """How many changes of rows there are to write."""
        return sum(map(len, self.layers))

    def statements(self) -> Iterator[Statement]:
        for layer in self.layers:
            yield from statements(self.model, layer.values())

    def taken(self) -> list[Rows]:
        """All so far, which is somebody else's to write from now on."""
        layers, self.layers = self.layers, [{}]
        return layers

    def take(self, facts: Iterable[Recorded], *, checked: bool = True) -> None:
        """Fold in what follows. Unless it is checked, PostgreSQL finds what is empty and must not be."""
        model, rows, project = self.model, self.layers[-1], self.project
        entity, stamps = model.entity, model.stamps
        for fact in facts:
            for change in project(fact):
                key, kind = change.key, type(change)
                if checked:
                    _check(model, change)
                if entity and not isinstance(change, Drop) and key[0] == fact.stream_id:
                    change.values.update(version=fact.version, position=fact.position)
                before = rows.setdefault(key, change)
                if before is change:
                    continue
                self.again = True
                if kind is Put or kind is Drop:
                    rows[key] = change
                elif not _taken_in(before, change, stamps):
                    rows = {key: change}
                    self.layers.append(rows)


def _check(model: ReadModel, change: Change) -> None:
    """Each change must be right by itself, for who knows which others it will be folded with the next time."""
    key, values = change.key, change.values
    for name in needed(model, type(change), len(key), *values):
        if values[name] is None:
            raise ValueError(f"{model.name} needs {name}")
    for part in key:
        if part is None:
            raise ValueError(f"{key} is not a key of {model.name}")


@cache
def needed(model: ReadModel, kind: type[Change], key: int, *told: str) -> tuple[str, ...]:
    """Which of the columns that a change tells are never empty. Raises what is wrong with any change of its shape."""
    if key != len(model.keys):
        raise ValueError(f"{key} values are not a key of {model.name}")
    if unknown := set(told) - set(model.others) | set(told) & set(model.stamps):
        raise KeyError(f"{model.name} has no {sorted(unknown)}")
    if kind is Put and (missing := model.needed - set(told)):
        raise ValueError(f"{model.name} needs {sorted(missing)}")
    return tuple(name for name in told if name in model.needed)


def _taken_in(before: Change, after: Change, stamps: Container[str]) -> bool:
    """Makes one change of two of one row, which is the first from then on; False if there is no such change."""
    if isinstance(after, Add) and isinstance(before, (Put, Add)):
        told = before.values
        for name, by in after.values.items():
            told[name] = by if name in stamps else (told.get(name) or 0) + by
    elif isinstance(after, Patch) and isinstance(before, (Put, Patch)):
        before.values.update(after.values)
    else:
        return False
    return True
