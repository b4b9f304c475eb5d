"""What has happened: the log itself, fact by fact, with what not everybody may see withheld field by field.

Everything around a fact is read as any table is. What the fact says is opened by the log, one read for a whole page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import strawberry
from eventsourcing.utils import resolve_topic
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Interval,
    MetaData,
    Table,
    Text,
    Uuid,
    and_,
    case,
    func,
    literal_column,
    select,
)
from strawberry import ID
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case, to_snake_case

from domain._kernel import Group
from projections._kernel import ReadModel
from schema._declare import SHAPES
from schema._kernel import OWN, STAFF, Connection, Info, Position, Viewer, extends, many, may, one, reads, seen_by
from schema._rows import constant
from schema.department import Department
from schema.employee import Employee
from schema.role import Role
from store.recorded import Recorded

log = ReadModel(
    name="log",
    table=Table(
        "log",
        MetaData(schema="store"),
        Column("position", BigInteger, primary_key=True),
        Column("stream_id", Uuid, nullable=False),
        Column("version", Integer, nullable=False),
        Column("topic", Text, nullable=False),
        Column("effective", Date, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False),
        Column("actor", Uuid, nullable=False),
        Column("on_behalf_of", Uuid),
        Column("reason", Text),
        Column("command_id", Uuid, nullable=False),
        Column("correlation_id", Uuid, nullable=False),
        Column("causation_position", BigInteger),
    ),
    entity=False,
    tree=None,
    closure=None,
    ranked=None,
    ranks=None,
)
"""The log as the API reads it; no projection writes it."""

HISTORY = may("history.view")


# ── What a fact says ──


@dataclass(frozen=True, slots=True)
class Told:
    """What one viewer is told of a fact."""

    data: dict[str, Any]
    withheld: list[str]


def told(recorded: Recorded, viewer: Viewer) -> Told:
    """What the fact says: to others than whom it is about, without what they may not see."""
    fact = recorded.fact
    data = msgspec.to_builtins(fact)
    withheld = []
    if viewer.id != person(recorded):
        withheld = [name for name, group in _groups(fact.TOPIC).items() if f"{group}.view" not in viewer.permissions]
    data |= dict.fromkeys(withheld)
    return Told(_camel(data), [to_camel_case(name) for name in withheld])


def person(recorded: Recorded) -> UUID | None:
    """Whom the fact is about."""
    if recorded.fact.TOPIC.startswith("employee."):
        return recorded.stream_id
    person: UUID | None = getattr(recorded.fact, "employee_id", None) or getattr(recorded.fact, "owner_id", None)
    return person


@cache
def _groups(topic: str) -> dict[str, str]:
    """The fields of an event that not everybody may see, and the group that each belongs to."""
    hints = get_type_hints(resolve_topic(topic), include_extras=True)
    marked = {name: get_args(hint)[1:] for name, hint in hints.items() if get_origin(hint) is Annotated}
    return {name: mark.name for name, marks in marked.items() for mark in marks if isinstance(mark, Group)}


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_camel_case(name): _camel(each) for name, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value


async def _data(root: strawberry.Parent[dict[str, Any]], info: Info) -> JSON:
    found = told(await info.context.recorded(root["$position"]), info.context.signed_in)
    return JSON(found.data)


async def _redacted(root: strawberry.Parent[dict[str, Any]], info: Info) -> list[str]:
    return told(await info.context.recorded(root["$position"]), info.context.signed_in).withheld


# ── Around it ──


def _kind(c: Any) -> ColumnElement[Any]:
    """The type in the API of what a fact is about, by the beginning of its topic."""
    kinds = {to_snake_case(name): constant(name) for name, shape in SHAPES.items() if shape.identified}
    return case(kinds, value=func.split_part(c.topic, constant("."), 1))


# ── Where in the log it is looked for ──


def _at(c: Any, operator: str, moment: ColumnElement[Any]) -> ColumnElement[bool] | None:
    """Facts are recorded one after the other: so a moment is a place in the log."""

    def before(moment: ColumnElement[Any]) -> ColumnElement[int]:
        return select(func.store.recorded_before(moment)).scalar_subquery()

    later = moment + literal_column("interval '1 microsecond'", Interval)
    match operator:
        case "eq":
            return and_(c.position > before(moment), c.position <= before(later))
        case "lt":
            return c.position <= before(moment)  # type: ignore[no-any-return]
        case "lte":
            return c.position <= before(later)  # type: ignore[no-any-return]
        case "gt":
            return c.position > before(later)  # type: ignore[no-any-return]
        case "gte":
            return c.position > before(moment)  # type: ignore[no-any-return]
    return None


def _about(c: Any, operator: str, id: ColumnElement[Any]) -> ColumnElement[bool] | None:
    """What happened to one object is between its first fact and its last."""
    row = log.table.alias()
    return and_(c.stream_id == id, _between(c, row.c.version, row.c.stream_id == id)) if operator == "eq" else None


def _correlated(c: Any, operator: str, id: ColumnElement[Any]) -> ColumnElement[bool] | None:
    """Nearly always the first command of its chain: the others alone have an index of their own."""
    row = log.table.alias()
    first, others = row.c.command_id == id, and_(row.c.correlation_id == id, row.c.correlation_id != row.c.command_id)
    return and_(c.correlation_id == id, _between(c, row.c.position, first, others)) if operator == "eq" else None


def _between(c: Any, order: Column[Any], *found: ColumnElement[bool]) -> ColumnElement[bool]:
    """From the first fact of which one of these holds to the last, however many there are elsewhere."""
    position = order.table.c.position
    firsts, lasts = (
        [select(position).where(each).order_by(ordered).limit(1).scalar_subquery() for each in found]
        for ordered in (order, order.desc())
    )
    return and_(c.position >= func.least(*firsts), c.position <= func.greatest(*lasts))


@reads(log, rows=OWN | HISTORY, person="stream_id")
class Event:
    """A fact as it was recorded. Facts are never changed; a correction is another fact."""

    position: Position = seen_by(STAFF, description="Its place in the log: 1, 2, 3, … without gaps.")
    topic: str = seen_by(STAFF, few=("position", "at"), description='What happened, as in "employee.hired".')
    about: ID | None = seen_by(
        STAFF, column="stream_id", of=_kind, compared=_about, description="The object that it happened to."
    )
    version: int = seen_by(STAFF, description="The version of that object with it.")
    effective: date = seen_by(STAFF, description="The day from which it holds.")
    at: datetime = seen_by(STAFF, column="recorded_at", compared=_at, description="When it was recorded.")
    actor: Employee | None = one("actor", description="Who did it; null for the system.")
    on_behalf_of: Employee | None = one("on_behalf_of")
    reason: str | None = seen_by(STAFF)
    command_id: UUID = seen_by(STAFF, description="The command that it was decided in.")
    correlation_id: UUID = seen_by(
        STAFF, compared=_correlated, description="The first command of the chain which that one belongs to."
    )
    caused_by: Position | None = seen_by(STAFF, column="causation_position", description="The fact that led to it.")
    data: JSON = strawberry.field(
        resolver=_data, metadata={"rule": STAFF}, description="What it says. Null for what is withheld, or erased."
    )
    redacted: list[str] = strawberry.field(
        resolver=_redacted, metadata={"rule": STAFF}, description="The fields of `data` that you may not see."
    )


@extends(Employee)
class EmployeeHistory:
    history: Connection[Event] | None = many(
        "stream_id", seen_by=OWN | HISTORY, where=("topic",), order=("version",), description="What happened to them."
    )


@extends(Department)
class DepartmentHistory:
    history: Connection[Event] | None = many("stream_id", seen_by=HISTORY, where=("topic",), order=("version",))


@extends(Role)
class RoleHistory:
    history: Connection[Event] | None = many("stream_id", seen_by=HISTORY, where=("topic",), order=("version",))


@strawberry.type
class Query:
    events: Connection[Event] | None = many(
        seen_by=HISTORY,
        where=(
            "position",
            "topic",
            "about",
            "effective",
            "at",
            "actor",
            "on_behalf_of",
            "command_id",
            "correlation_id",
        ),
        order_by=("position",),
        order=("position",),
        description="Everything that has happened, in the order in which it was recorded.",
    )


WORDS = {
    "Event.onBehalfOf": "For whom it was done, if for somebody else.",
    "Event.reason": "Why, in the words of who did it.",
    "Query.integrity.position": "The last fact that is included; all that are signed, unless told.",
}
