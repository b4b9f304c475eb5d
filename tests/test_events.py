"""What is stored for ever keeps its name, its shape and its meaning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
import pytest

import domain
from domain._kernel import EVENTS, Refused

FACTS = sorted((fact for fact in EVENTS if fact.__module__.startswith("domain.")), key=lambda fact: fact.TOPIC)
PUBLISHED = Path(__file__).parent / "published.events"


def test_recorded_events_keep_their_names_and_shapes() -> None:
    assert "".join(f"{line}\n" for line in shapes()) == PUBLISHED.read_text()


def test_no_two_events_share_a_topic() -> None:
    topics = [fact.TOPIC for fact in FACTS]
    assert len(set(topics)) == len(topics)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.TOPIC)
def test_an_event_can_be_stored(fact: type[Any]) -> None:
    msgspec.json.Decoder(fact)
    assert fact.__module__ == f"{domain.__name__}.{fact.TOPIC.split('.')[0]}"


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [refusal.code for refusal in refusals(Refused) if refusal.__module__.startswith("domain.")]
    assert sorted(codes) == sorted(set(codes))


def refusals(kind: type[Refused]) -> Iterator[type[Refused]]:
    for each in kind.__subclasses__():
        yield each
        yield from refusals(each)


def shapes() -> Iterator[str]:
    """Every stored event, one a line, then the values and enums in them, as a reviewer wants to see them change."""
    nested: set[type[Any]] = set()
    for fact in FACTS:
        yield f"{fact.TOPIC}({shape(fact)})"
        nested |= parts(fact)
    for part in sorted(nested, key=lambda part: (part.__module__, part.__name__)):
        where = f"{part.__module__.removeprefix('domain.')}.{part.__name__}"
        yield f"{where}: {' '.join(part)}" if issubclass(part, Enum) else f"{where}({shape(part)})"


def shape(kind: type[Any]) -> str:
    return ", ".join(f"{field.name}: {field.type}" for field in fields(kind))


def parts(kind: type[Any]) -> set[type[Any]]:
    """The values and enums that a value is made of, all the way down."""
    found: set[type[Any]] = set()
    waiting = list(get_type_hints(kind).values())
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if isinstance(hint, type) and (is_dataclass(hint) or issubclass(hint, Enum)):
            found |= {hint} | (parts(hint) if is_dataclass(hint) else set())
    return found
