"""What is remembered of a stream, under whichever kind it is looked at."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.department import Department
from domain.role import Role
from store.streams import Folded, Stream, Streams

ID = UUID(int=7)
NOBODYS_KEYS: Any = None


def remembered(stream: Stream, folded: Folded) -> Streams:
    streams = Streams(NOBODYS_KEYS)
    streams.put(stream, folded)
    return streams


def test_a_stream_of_one_kind_is_foreign_to_every_other() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3))
    assert streams.get(Stream(Department, ID)) == Folded(Department(), 3, foreign=True)
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 3)


def test_where_nothing_has_begun_there_is_nothing_of_any_kind() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 0))
    assert streams.get(Stream(Department, ID)) == Folded(Department(), 0)


def test_what_is_foreign_to_one_kind_may_be_of_the_other() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3, foreign=True))
    assert streams.get(Stream(Department, ID)) is None
    streams.put(Stream(Department, ID), Folded(Department(), 3))
    assert streams.get(Stream(Department, ID)) == Folded(Department(), 3)
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 3, foreign=True)


def test_what_is_older_than_what_others_recorded_is_forgotten_and_the_rest_stays() -> None:
    streams = remembered(Stream(Role, ID), Folded(Role(), 3))
    streams.forget_older({ID: 3})
    assert streams.get(Stream(Role, ID)) == Folded(Role(), 3)
    streams.forget_older({ID: 4})
    assert streams.get(Stream(Role, ID)) is None
