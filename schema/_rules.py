"""Who may see what. A rule answers yes, no, or a condition on the row, once it is known what the viewer may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, or_, select

from projections._kernel import READ_MODELS, ReadModel


@dataclass(frozen=True, slots=True)
class Rule:
    """Without parts of its own it holds for everybody who is signed in."""

    def __str__(self) -> str:
        return "STAFF"

    def __or__(self, other: Rule) -> Rule:
        return Some((*_parts(Some, self), *_parts(Some, other)))

    def __and__(self, other: Rule) -> Rule:
        return Every((*_parts(Every, self), *_parts(Every, other)))

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        """True or False if the permissions decide it; otherwise the rule that is left to ask of each row."""
        return True

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        """What is left, as a condition on the row's person."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Own(Rule):
    """The row is about the viewer."""

    def __str__(self) -> str:
        return "OWN"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        return person == viewer


@dataclass(frozen=True, slots=True)
class Below(Rule):
    """The row is about somebody below the viewer in the tree of a read model; `nearest` 0 includes the viewer."""

    model: str | ReadModel
    nearest: int = 1

    def __str__(self) -> str:
        return "MY_REPORTS" if self.nearest else "OWN | MY_REPORTS"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        above = _tree(self.model)
        found: Select[Any] = select(literal_column("1")).select_from(above)
        found = found.where(above.c.ancestor == viewer, above.c.descendant == person)
        return exists(found.where(above.c.depth >= literal_column(str(self.nearest))) if self.nearest else found)


@dataclass(frozen=True, slots=True)
class Nobodys(Rule):
    """The row is about nobody."""

    def __str__(self) -> str:
        return "NOBODYS"

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        return self

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        return person.is_(None)


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

    def __str__(self) -> str:
        return " | ".join(map(str, self.rules))

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        verdicts = [rule.fold(permissions) for rule in self.rules]
        left = _own_and_below([verdict for verdict in verdicts if isinstance(verdict, Rule)])
        if True in verdicts or not left:
            return True in verdicts
        return left[0] if len(left) == 1 else Some(tuple(left))

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        return or_(*(rule.sql(person, viewer) for rule in self.rules))


@dataclass(frozen=True, slots=True)
class Every(Rule):
    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        return " & ".join(f"({rule})" if isinstance(rule, Some) else str(rule) for rule in self.rules)

    def fold(self, permissions: frozenset[str]) -> bool | Rule:
        verdicts = [rule.fold(permissions) for rule in self.rules]
        left = [verdict for verdict in verdicts if isinstance(verdict, Rule)]
        if False in verdicts or not left:
            return False not in verdicts
        return left[0] if len(left) == 1 else Every(tuple(left))

    def sql(self, person: ColumnElement[Any], viewer: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(*(rule.sql(person, viewer) for rule in self.rules))


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


def _tree(model: str | ReadModel) -> Any:
    found = next(each for each in READ_MODELS if each.name == model) if isinstance(model, str) else model
    assert found.closure is not None, f"{found.name} keeps no tree."
    return found.closure.alias("above")
