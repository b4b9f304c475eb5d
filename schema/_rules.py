"""Who may see what. A rule answers yes, no, or a condition on the row, once it is known what the viewer may do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from projections._kernel import READ_MODELS, ReadModel
from schema._select import Sql, select, table_name

FEW = 256
"""Of how many people below a viewer PostgreSQL makes itself a list, rather than to look each person up in the tree."""


class Of(Enum):
    """What is asked whether a rule holds. It decides how PostgreSQL finds out, and nothing else."""

    ROWS = auto()
    """Of all rows: those for which it does are to be found."""
    ROW = auto()
    """Of a row that was found."""
    EACH = auto()
    """Of each of the rows that were found."""


@dataclass(frozen=True, slots=True)
class Line:
    """Of a row that was found, and tells who is above its person in a tree: everybody's ids, their own among them."""

    model: ReadModel
    ids: Sql


How = Of | Line


class Case(NamedTuple):
    """Some of all rows for which a rule holds: which, and what is known of other rules then."""

    condition: Sql
    holds: Mapping[Rule, bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """Without parts of its own it holds for everybody who is signed in."""

    @property
    def looked_up(self) -> bool:
        """Whether the row alone can't tell."""
        return False

    def __str__(self) -> str:
        return "STAFF"

    def __or__(self, other: Rule) -> Rule:
        return Some((*_parts(Some, self), *_parts(Some, other)))

    def __and__(self, other: Rule) -> Rule:
        return Every((*_parts(Every, self), *_parts(Every, other)))

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        """True or False if the permissions decide it; otherwise the rule that is left to ask of each row."""
        return True

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        """What is left, as a condition on the row's person."""
        raise NotImplementedError

    def cases(self, person: Sql, viewer: Sql) -> list[Case]:
        """What is left, asked of all rows: in cases of which each row is one at most, so that each has its index."""
        return [Case(self.sql(person, viewer), {self: True})]


@dataclass(frozen=True, slots=True)
class Own(Rule):
    """The row is about the viewer."""

    def __str__(self) -> str:
        return "OWN"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        return f"({person} = {viewer})"


@dataclass(frozen=True, slots=True)
class Below(Rule):
    """The row is about somebody below the viewer in the tree of a read model; `nearest` 0 includes the viewer."""

    model: str | ReadModel
    nearest: int = 1

    @property
    def looked_up(self) -> bool:
        return True

    def __str__(self) -> str:
        return "MY_REPORTS" if self.nearest else "OWN | MY_REPORTS"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        if isinstance(of, Line) and of.model is _model(self.model):
            above = f"{viewer} = ANY ({of.ids})"
            return f"({above} AND {person} != {viewer})" if self.nearest else f"({above})"
        tree, viewers = [f"{_tree(self.model)} AS above"], [f"above.ancestor = {viewer}"]
        below = [*viewers, f"above.descendant != {viewer}"] if self.nearest else viewers
        found = select("true", tree, [*below, f"above.descendant = {person}"])
        if of is Of.ROWS:
            return f"EXISTS {found}"
        if of is Of.ROW:
            return found
        many, all_ = (
            select("above.descendant", tree, viewers, limit="1", offset=FEW),
            select("above.descendant", tree, below),
        )
        return f"CASE WHEN {many} IS NULL THEN {person} IN {all_} ELSE {found} END"


@dataclass(frozen=True, slots=True)
class Nobodys(Rule):
    """The row is about nobody."""

    def __str__(self) -> str:
        return "NOBODYS"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        return f"({person} IS NULL)"


@dataclass(frozen=True, slots=True)
class May(Rule):
    """The viewer holds a permission."""

    permission: str

    def __str__(self) -> str:
        return f'may("{self.permission}")'

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self.permission in permissions


@dataclass(frozen=True, slots=True)
class Some(Rule):
    rules: tuple[Rule, ...]

    @property
    def looked_up(self) -> bool:
        return any(rule.looked_up for rule in self.rules)

    def __str__(self) -> str:
        return " | ".join(map(str, self.rules))

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        verdicts = [rule.fold(permissions) for rule in self.rules]
        left = _own_and_below([verdict for verdict in verdicts if isinstance(verdict, Rule)])
        if True in verdicts or not left:
            return True in verdicts
        return left[0] if len(left) == 1 else Some(tuple(left))

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        each = Of.EACH if of is Of.ROWS else of
        ordered = sorted(self.rules, key=lambda rule: rule.looked_up)
        return f"({' OR '.join([rule.sql(person, viewer, each) for rule in ordered])})"

    def cases(self, person: Sql, viewer: Sql) -> list[Case]:
        match sorted(self.rules, key=lambda rule: rule == NOBODYS):
            case (Own() | Below() as theirs, Nobodys() as nobodys):
                return [Case(nobodys.sql(person, viewer), {theirs: False}), *theirs.cases(person, viewer)]
        return [Case(self.sql(person, viewer), {self: True})]


@dataclass(frozen=True, slots=True)
class Every(Rule):
    rules: tuple[Rule, ...]

    @property
    def looked_up(self) -> bool:
        return any(rule.looked_up for rule in self.rules)

    def __str__(self) -> str:
        return " & ".join(f"({rule})" if isinstance(rule, Some) else str(rule) for rule in self.rules)

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        verdicts = [rule.fold(permissions) for rule in self.rules]
        left = [verdict for verdict in verdicts if isinstance(verdict, Rule)]
        if False in verdicts or not left:
            return False not in verdicts
        return left[0] if len(left) == 1 else Every(tuple(left))

    def sql(self, person: Sql, viewer: Sql, of: How = Of.ROWS) -> Sql:
        return f"({' AND '.join([rule.sql(person, viewer, of) for rule in self.rules])})"


STAFF = Rule()
"""Every employee who is signed in."""

OWN = Own()
"""Whom the row is about."""

MY_REPORTS = Below("employees")
"""Whoever stands above the row's person in the reporting line, at any distance."""

NOBODYS = Nobodys()
"""Every employee, of a row that is about nobody."""

may: Callable[[str], Rule] = May
"""Who holds the permission."""


def _parts(kind: type[Some | Every], rule: Rule) -> tuple[Rule, ...]:
    return rule.rules if isinstance(rule, kind) else (rule,)


def _own_and_below(left: list[Rule]) -> list[Rule]:
    """The tree knows everybody as their own ancestor at depth 0, so own or below is one lookup."""
    below = next((rule for rule in left if isinstance(rule, Below)), None)
    if below is None or OWN not in left:
        return left
    return [Below(below.model, 0), *(rule for rule in left if rule not in (OWN, below))]


def _tree(model: str | ReadModel) -> str:
    """The table of who is above whom."""
    closure = _model(model).closure
    assert closure is not None, f"{model} keeps no tree."
    return table_name(closure)


def _model(model: str | ReadModel) -> ReadModel:
    return next(each for each in READ_MODELS if each.name == model) if isinstance(model, str) else model
