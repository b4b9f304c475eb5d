"""What every capability is made of: events, aggregates, refusals, and what a fact asks of the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self, TypeVar, dataclass_transform
from uuid import UUID

from eventsourcing.utils import register_topic

T = TypeVar("T")
A = TypeVar("A", bound="Aggregate[Any]")
E_contra = TypeVar("E_contra", contravariant=True)

EVENTS: list[type[Any]] = []
"""Every event there is. Filled as the modules of `domain` are imported."""


# ── Events ──


@dataclass(frozen=True)
class Group:
    """A group of fields that the permission `<name>.view` is needed for, wherever the field appears."""

    name: str
    encrypted: bool = False


PERSONAL = Group("personal", encrypted=True)
PRIVATE = Group("personal")
PAY = Group("pay")
EVALUATION = Group("score")
WORK = Group("work")
TARGET = Group("target")

Personal = Annotated[T | None, PERSONAL]
"""A field about a person: encrypted with the key of the stream's person, None once that key is gone."""

Private = Annotated[T, PRIVATE]
"""A field about a person that says nothing without the rest: stored plainly, shown in the history as personal ones."""

Evaluation = Annotated[T, EVALUATION]
"""A field about how somebody did: stored plainly, shown in the history only with the right to see scores."""

Pay = Annotated[T, PAY]
"""A field about somebody's money: stored plainly, shown in the history only with the right to see pay."""

Work = Annotated[T, WORK]
"""A field about what somebody's work came to: stored plainly, shown in the history only with the right to see work."""

Goal = Annotated[T, TARGET]
"""A field about what somebody is to reach: stored plainly, shown in the history only with the right to see targets."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
def event(topic: str) -> Callable[[type[T]], type[T]]:
    """Declare a fact. Its topic is what is stored: a contract, never derived, never reused.

    A fact that holds from another day than the one it was recorded on has a field `effective: date`.
    A fact may have `claims()` and `effects()`: what its commit takes, gives back and orders.
    """

    def declare(cls: type[T]) -> type[T]:
        cls.TOPIC = topic  # type: ignore[attr-defined]  # the library's name for it
        fact = dataclass(frozen=True, kw_only=True, slots=True)(cls)
        register_topic(topic, fact)
        EVENTS.append(fact)
        return fact

    return declare


# ── Aggregates ──


class Aggregate(Protocol[E_contra]):
    """An immutable value. `Self()` is "nothing has happened"; `evolve` folds in one fact."""

    def __init__(self) -> None: ...
    def evolve(self, event: E_contra, /) -> Self: ...


if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414  # to be had from here
else:

    def replace(it: A, /, **changes: Any) -> A:
        """The same aggregate but for this; without asking each field, for all history is folded so."""
        other = object.__new__(type(it))
        object.__setattr__(other, "__dict__", it.__dict__ | changes)
        return other


class Look(Protocol):
    """How a command sees other aggregates.

    What it looked at must still be so when its facts are recorded; otherwise the command decides again. A command
    that declares a keyword `look` is given one.
    """

    def __call__(self, kind: type[A], id: UUID, /) -> A: ...


# ── What a fact asks of the log ──


@dataclass(frozen=True, slots=True)
class Claim:
    """`value` is taken in the name space `kind` by this fact's stream, or the command is refused."""

    kind: str
    value: str
    refusal: Refused


@dataclass(frozen=True, slots=True)
class Release:
    """This fact's stream gives back all that it holds in the name space `kind`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that must happen outside, once for each `kind` and `key`; ordered by the commit itself."""

    kind: str
    key: str
    payload: dict[str, str]


# ── Refusals ──


class Refused(Exception):
    """The rules say no. The code is for programs, the message for people, the path for the input at fault."""

    code: ClassVar[str]

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


class Invalid(Refused):
    code = "VALIDATION_FAILED"


class NotFound(Refused):
    code = "NOT_FOUND"


class Forbidden(Refused):
    code = "FORBIDDEN"


class Conflict(Refused):
    """Something moved in the meantime; `current_version` is where the stream stands now."""

    code = "CONFLICT"

    def __init__(self, message: str, *path: str, current_version: int) -> None:
        super().__init__(message, *path)
        self.current_version = current_version


class IdempotencyMismatch(Refused):
    code = "IDEMPOTENCY_MISMATCH"


class InvalidTransition(Refused):
    code = "INVALID_TRANSITION"


class Duplicate(Refused):
    code = "DUPLICATE"


class LimitExceeded(Refused):
    code = "LIMIT_EXCEEDED"


class FourEyesRequired(Refused):
    code = "FOUR_EYES_REQUIRED"


class PeriodClosed(Refused):
    code = "PERIOD_CLOSED"
