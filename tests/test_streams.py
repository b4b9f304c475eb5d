"""What is remembered of a stream, under whichever kind it is looked at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain import department, role
from domain.department import Department
from domain.employee import Employee
from domain.role import Role
from store.streams import Folded, Stream, Streams

ID = UUID(int=7)
NOBODYS_KEYS: Any = None


def remembered(stream: Stream, folded: Folded) -> Streams:
    streams = Streams(NOBODYS_KEYS)
    streams.put(stream, folded)
    return streams


def foreign_at(folded: Folded | None) -> int | None:
    """The version of a stream that is foreign."""
    return folded.version if folded and folded.foreign else None


def test_a_stream_of_one_kind_is_foreign_to_every_other() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3))
    assert foreign_at(streams.get(Stream(Department, ID))) == 3
    assert foreign_at(streams.get(Stream(Employee, ID))) == 3
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 3)


def test_what_somebody_finds_foreign_does_not_take_the_place_of_what_it_is() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 4))
    looked_at = streams.get(Stream(Department, ID))
    assert looked_at is not None
    streams.put(Stream(Department, ID), looked_at)
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 4)


def test_where_nothing_has_begun_there_is_nothing_of_any_kind() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 0))
    assert streams.get(Stream(Department, ID)) == Folded(Department(), 0)


def test_what_was_read_as_one_kind_that_it_is_not_is_known_to_be_none_of_the_others_but_its_own() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3, department.Created))
    assert foreign_at(streams.get(Stream(Role, ID))) == 3
    assert foreign_at(streams.get(Stream(Employee, ID))) == 3
    assert streams.get(Stream(Department, ID)) is None, "it must be read"
    streams.put(Stream(Department, ID), Folded(Department(), 3))
    assert streams.get(Stream(Department, ID)) == Folded(Department(), 3)
    assert foreign_at(streams.get(Stream(Role, ID))) == 3


def test_once_it_is_further_what_it_is_must_be_read_again() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3))
    streams.put(Stream(Employee, ID), Folded(Employee(), 4, role.Defined))
    assert foreign_at(streams.get(Stream(Department, ID))) == 4
    assert streams.get(Stream(Role, ID)) is None


def test_what_is_older_than_what_others_recorded_is_forgotten_and_the_rest_stays() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3))
    streams.forget_older({ID: 3})
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 3)
    streams.forget_older({ID: 4})
    assert streams.get(Stream(Role, ID)) is None
