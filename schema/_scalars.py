"""The scalars of the API: how each is written in JSON, and what is accepted.

PostgreSQL writes most answers itself, so each has one form, and the serialisers let its text through as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType
from uuid import UUID

import strawberry
from email_validator import EmailNotValidError, validate_email
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

CurrencyCode = NewType("CurrencyCode", str)
EmailAddress = NewType("EmailAddress", str)
Position = NewType("Position", int)

ANY_KIND = "*"
LARGEST_POSITION = 2**63 - 1


def moment(value: Any) -> str:
    """An instant as PostgreSQL writes it in JSON: UTC, no more decimals than there are."""
    if isinstance(value, str):
        return value
    text: str = value.astimezone(UTC).isoformat()
    return text.replace("+00:00", "").rstrip("0").rstrip(".") + "+00:00" if "." in text else text


def _moment(value: Any) -> datetime:
    parsed = datetime.fromisoformat(_text(value))
    if parsed.tzinfo is None:
        raise ValueError("say the offset from UTC, as in 2017-03-01T09:00:00Z")
    return parsed


def _decimal(value: Any) -> Decimal:
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else _text(value)
    if not text.strip("+-").replace(".", "", 1).isdecimal() or not text.isascii():
        raise ValueError('write digits, as in "1250.00"')
    return Decimal(text)


def _currency(value: Any) -> str:
    text = _text(value)
    if not (len(text) == 3 and text.isascii() and text.isalpha() and text.isupper()):  # noqa: PLR2004
        raise ValueError("three capital letters, as in EUR")
    return text


def _position(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_POSITION:
        raise ValueError("a whole number, not negative")
    return value


def _email(value: Any) -> str:
    return validate_email(_text(value), check_deliverability=False).normalized


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("write it as text")
    return value


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _scalar(
    name: str, description: str, parse: Callable[[Any], Any], serialize: Callable[[Any], Any], url: str | None = None
) -> ScalarDefinition:
    def parse_value(value: Any) -> Any:
        try:
            return parse(value)
        except (ValueError, TypeError, InvalidOperation, EmailNotValidError) as wrong:
            raise GraphQLError(f"{value!r} is no {name}: {wrong}.") from None

    return strawberry.scalar(
        name=name, description=description, parse_value=parse_value, serialize=serialize, specified_by_url=url
    )


SCALARS: dict[object, ScalarDefinition] = {
    date: _scalar(
        "Date",
        "A day, as in 2017-03-01.",
        lambda value: date.fromisoformat(_text(value)),
        str,
        "https://scalars.graphql.org/andimarek/local-date",
    ),
    datetime: _scalar(
        "DateTime",
        "An instant in UTC, as in 2017-03-01T09:00:00+00:00. Accepted with any offset, never without.",
        _moment,
        moment,
        "https://scalars.graphql.org/andimarek/date-time",
    ),
    Decimal: _scalar("Decimal", 'An exact decimal number, written as text: "1250.00".', _decimal, str),
    UUID: _scalar("UUID", "A UUID.", lambda value: UUID(_text(value)), str, "https://www.rfc-editor.org/rfc/rfc9562"),
    CurrencyCode: _scalar(
        "CurrencyCode", "A currency, as in EUR.", _currency, str, "https://www.iso.org/iso-4217-currency-codes.html"
    ),
    EmailAddress: _scalar(
        "EmailAddress",
        "An e-mail address.",
        _email,
        str,
        "https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address",
    ),
    Position: _scalar("Position", "A place in the log: a whole number of up to 64 bits.", _position, int),
    JSON: _scalar("JSON", "Any JSON value.", lambda value: value, _json, "https://www.rfc-editor.org/rfc/rfc8259"),
}
"""What `StrawberryConfig.scalar_map` is given."""


# ── Global ids ──


def global_id(kind: str, id: UUID) -> str:
    return f"{kind}_{id}"


def uuid_in(kind: str, id: str) -> UUID | None:
    """What a global id of this kind names; None if it is no such id."""
    name, _, rest = id.partition("_")
    try:
        return UUID(rest) if kind in (name, ANY_KIND) else None
    except ValueError:
        return None
