"""The scalars of the API: how each is written in JSON, and what is accepted.

PostgreSQL writes most answers itself, so each has one form, and the serialisers let its text through as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NewType
from uuid import UUID

import strawberry
from asyncpg.pgproto import pgproto
from email_validator import EmailNotValidError, validate_email
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from domain._kernel import Invalid
from domain._values import phone

CurrencyCode = NewType("CurrencyCode", str)
EmailAddress = NewType("EmailAddress", str)
PhoneNumber = NewType("PhoneNumber", str)
Position = NewType("Position", int)

ANY_KIND = "*"
_IS_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
LARGEST_POSITION = 2**63 - 1
EXACT = 15
"""Digits up to which a number of JSON that is no whole one is the number that was written."""
EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
LATEST = datetime(9999, 12, 30, tzinfo=UTC)
"""Within these, an instant is one in any time zone."""


def moment(value: Any) -> str:
    """An instant as PostgreSQL writes it in JSON: UTC, no more decimals than there are."""
    if isinstance(value, str):
        return value
    text: str = value.astimezone(UTC).isoformat()
    return text.replace("+00:00", "").rstrip("0").rstrip(".") + "+00:00" if "." in text else text


def _day(value: Any) -> date:
    return date.fromisoformat(_matching(r"\d{4}-\d\d-\d\d", value))


def _moment(value: Any) -> datetime:
    written = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)"
    text = re.sub(r"(\.\d{6})\d+", r"\1", _matching(written, value))
    parsed = datetime.fromisoformat(text.upper().replace(" ", "T"))
    if not EARLIEST <= parsed <= LATEST:
        raise ValueError
    return parsed


def _decimal(value: Any) -> Decimal:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(value, float) and sum(map(str.isdecimal, str(value))) > EXACT:
        raise ValueError
    return Decimal(_matching(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})", str(value) if number else value))


def _uuid(value: Any) -> UUID:
    return UUID(_matching(_IS_UUID.pattern, value))


def _currency(value: Any) -> str:
    return _matching(r"[A-Z]{3}", value)


def _position(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_POSITION:
        raise ValueError
    return value


def _email(value: Any) -> str:
    return validate_email(_matching(r"[^\s]{3,254}", value), check_deliverability=False).normalized


def _phone(value: Any) -> str:
    return phone(_matching(r"\+[^\n]{3,40}", value))


def _matching(pattern: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
        raise ValueError
    return value


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _scalar(
    name: str, description: str, parse: Callable[[Any], Any], serialize: Callable[[Any], Any], url: str | None = None
) -> ScalarDefinition:
    def parse_value(value: Any) -> Any:
        try:
            return parse(value)
        except (ValueError, EmailNotValidError, Invalid):  # whose words quote what was sent
            raise GraphQLError(f"Expected {name}: {description}", extensions={"code": "BAD_USER_INPUT"}) from None

    return strawberry.scalar(
        name=name, description=description, parse_value=parse_value, serialize=serialize, specified_by_url=url
    )


SCALARS: dict[object, ScalarDefinition] = {
    date: _scalar(
        "Date",
        "A day, written as in 2017-03-01.",
        _day,
        str,
        "https://scalars.graphql.org/andimarek/local-date",
    ),
    datetime: _scalar(
        "DateTime",
        "An instant in UTC, as in 2017-03-01T09:00:00+00:00. Accepted with any offset, never without.",
        _moment,
        moment,
        "https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
    ),
    Decimal: _scalar(
        "Decimal",
        'An exact decimal number, written as text, without an exponent: "1250.00". At most 40 digits on either side.',
        _decimal,
        str,
        "https://www.w3.org/TR/xmlschema11-2/#decimal",
    ),
    UUID: _scalar(
        "UUID",
        "32 hexadecimal digits and 4 hyphens, as in 0b9ff1d2-7a53-4c9e-8a5e-5a0d2c1c9b7e.",
        _uuid,
        str,
        "https://www.rfc-editor.org/rfc/rfc9562",
    ),
    CurrencyCode: _scalar(
        "CurrencyCode",
        "A currency's three capital letters, as in EUR.",
        _currency,
        str,
        "https://www.iso.org/iso-4217-currency-codes.html",
    ),
    EmailAddress: _scalar(
        "EmailAddress",
        "An e-mail address, as in anna@example.com.",
        _email,
        str,
        "https://www.rfc-editor.org/rfc/rfc6531#section-3.3",
    ),
    PhoneNumber: _scalar(
        "PhoneNumber",
        "A telephone number with its country's code, as in +442079460018. Accepted with spaces and hyphens in it.",
        _phone,
        str,
        "https://www.itu.int/rec/T-REC-E.164",
    ),
    Position: _scalar(
        "Position",
        "A place in the log: a whole number from 0 to 9223372036854775807.",
        _position,
        int,
        "https://scalars.graphql.org/apollographql/long-v0.1",
    ),
    JSON: _scalar("JSON", "Any JSON value.", lambda value: value, _json, "https://www.rfc-editor.org/rfc/rfc8259"),
}
"""What `StrawberryConfig.scalar_map` is given."""


# ── Global ids ──


def global_id(kind: str, id: UUID) -> str:
    return f"{kind}_{id}"


def uuid_in(kind: str, id: str, make: Callable[[str], UUID] = UUID) -> UUID | None:
    """What a global id of this kind names; None if it is no such id."""
    name, _, rest = id.partition("_")
    return make(rest) if kind in (name, ANY_KIND) and _IS_UUID.fullmatch(rest) else None


bound_in = partial(uuid_in, make=pgproto.UUID)
"""The same, of the kind that asyncpg makes ten times as fast: for what is only bound into a statement."""
