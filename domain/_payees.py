"""Whom a payout run pays, one more at a time: 100,000 lines are folded, and none copies those before it."""

from __future__ import annotations

from itertools import islice
from uuid import UUID


class Payees:
    """Some people. Those that grew out of each other share a list, of which each knows how many are its own."""

    __slots__ = ("_listed", "_own")

    def __init__(self, listed: list[UUID] | None = None) -> None:
        self._listed = listed or []
        self._own = len(self._listed)

    def with_(self, person: UUID) -> Payees:
        shared = self._own and self._own == len(self._listed)
        listed = self._listed if shared else self._listed[: self._own]
        listed.append(person)
        return Payees(listed)

    def __contains__(self, person: UUID) -> bool:
        return person in islice(self._listed, self._own)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Payees) and self._listed[: self._own] == other._listed[: other._own]

    def __hash__(self) -> int:
        return hash(self._own)


NOBODY = Payees()
