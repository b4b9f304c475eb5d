"""What commands usually look at: whatever they did look at when they had to be decided twice.

A command says what it looks at by looking. If that is not remembered, it is read and the command is decided again. But
commands of a kind are alike: one that looks at its `employee_id` does so each time, and one that needs history to go on
from needs it each time. So it is read before they are decided at all. Where a habit is none, something was read that
nobody wanted, or a command is decided twice, as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from store.command import Command
from store.streams import Stream


class Habits:
    """By the rule that decides: which of its arguments name what it looks at, and whether its stream has begun."""

    def __init__(self) -> None:
        self._looks: dict[Callable[..., Any], dict[str, type[Any]]] = {}
        self._goes_on: set[Callable[..., Any]] = set()

    def of(self, command: Command) -> Iterator[Stream]:
        """What it is likely to need."""
        if command.decide in self._goes_on:
            yield command.stream
        for name, kind in self._looks.get(command.decide, {}).items():
            if isinstance(id := command.arguments.get(name), UUID):
                yield Stream(kind, id)

    def looked(self, command: Command, stream: Stream) -> None:
        """It needed this, and nobody had expected that."""
        for name, value in command.arguments.items():
            if value == stream.id and stream != command.stream:
                self._looks.setdefault(command.decide, {})[name] = stream.kind

    def found(self, command: Command, version: int) -> None:
        """Its own stream was read."""
        if version:
            self._goes_on.add(command.decide)
        else:
            self._goes_on.discard(command.decide)
