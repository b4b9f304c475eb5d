"""Values that mean the same in every capability: text, e-mail, telephone, money, days and periods.

Commands make them out of what people typed; facts carry their plain parts. So a rule that is tightened here never
stops old history from loading.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Self

from email_validator import EmailNotValidError, validate_email
from iso4217 import Currency
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse

from domain._kernel import Invalid

# ── Text ──

BIDI_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})
BLANK = CONTROLS | {"Cf", "Zs"}


def text(value: str, *path: str, limit: int = 200) -> str:
    """The text in NFC and trimmed: at least one visible character, at most `limit`, no control characters."""
    value = unicodedata.normalize("NFC", value).strip()
    kinds = {unicodedata.category(character) for character in value}
    if kinds <= BLANK:
        raise Invalid("There must be something to read.", *path)
    if kinds & CONTROLS:
        raise Invalid("Control characters and line breaks are not allowed.", *path)
    if len(value) > limit:
        raise Invalid(f"At most {limit} characters, not {len(value)}.", *path)
    return value


def proper_name(value: str, *path: str, limit: int = 120) -> str:
    """A name in any script, of any number of parts; nothing in it may turn the direction of reading around."""
    value = text(value, *path, limit=limit)
    if BIDI_OVERRIDES & frozenset(value):
        raise Invalid("A name may not override the direction of text.", *path)
    return value


def folded(value: str) -> str:
    """The same for what people take for the same: in any case and width, whatever is in it that nobody sees."""
    seen = (character for character in value.casefold() if unicodedata.category(character) != "Cf")
    return "".join(
        plain if len(plain := unicodedata.normalize("NFKC", each)) == 1 else each for each in seen
    ).casefold()


def email(value: str, *path: str) -> str:
    """The address in its normal form. Whether it can be reached is not asked."""
    try:
        return validate_email(value.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Invalid(f"Not an e-mail address: {error}", *path) from error


DIALLED = re.compile(r"\+[\d ().\-/\u00a0]{3,40}", re.ASCII)


def phone(value: str, *path: str) -> str:
    """The number as E.164 has it: a plus, the country's code, and the digits that are dialled after it.

    Refused if the country has no number of that length. Whether it is given to anybody is not asked: new ranges are
    given out faster than any library learns of them.
    """
    written = value.strip()
    try:
        number = parse(written) if DIALLED.fullmatch(written) else None
    except NumberParseException:
        number = None
    if number is None or not is_possible_number(number):
        raise Invalid("Not a telephone number that begins with + and the country's code.", *path)
    return format_number(number, PhoneNumberFormat.E164)


# ── Numbers and money ──

PLAIN_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
BOUND = Decimal(10) ** 15


class MixedCurrencies(Invalid):
    code = "MIXED_CURRENCIES"


def decimal(value: str, *path: str) -> Decimal:
    """A number written plainly: no exponent, no NaN or Infinity, no grouping."""
    if not PLAIN_DECIMAL.fullmatch(value):
        raise Invalid(f"Not a plain decimal number: {value[:40]!r}.", *path)
    return Decimal(value)


def number(value: Decimal, *path: str, places: int) -> Decimal:
    """The number, finite and bounded, with at most so many decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, str):
        raise Invalid("The number must be finite.", *path)
    if exponent > 0:
        raise Invalid("Numbers are written without an exponent.", *path)
    if -exponent > places:
        raise Invalid(f"At most {places} decimals, not {-exponent}.", *path)
    if abs(value) >= BOUND:
        raise Invalid(f"The number is too large: {value}.", *path)
    return value + 0  # there is no minus nought


def minor_units(currency: str, *path: str) -> int:
    """How many decimals amounts of the currency have, by ISO 4217."""
    try:
        units = Currency(currency).exponent
    except ValueError:
        units = None
    if units is None:
        raise Invalid(f"Not a currency of ISO 4217 that amounts are paid in: {currency[:40]!r}.", *path)
    return units


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with exactly the decimals that its currency has."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        places = minor_units(self.currency, "currency")
        amount = number(self.amount, "amount", places=places)
        object.__setattr__(self, "amount", amount.quantize(Decimal(1).scaleb(-places)))

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} have no sum.", "currency")
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    @classmethod
    def total(cls, parts: Iterable[Money], currency: str) -> Money:
        return sum(parts, cls(Decimal(0), currency))


# ── Days and periods ──

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
END_OF_TIME = LAST_DAY + timedelta(days=1)


def day(value: date, *path: str) -> date:
    """A business date within the years that we keep."""
    if not FIRST_DAY <= value <= LAST_DAY:
        raise Invalid(f"Dates run from {FIRST_DAY} to {LAST_DAY}, not {value}.", *path)
    return value


class Cadence(StrEnum):
    YEAR = "YEAR"
    QUARTER = "QUARTER"
    MONTH = "MONTH"


MONTHS = {Cadence.YEAR: 12, Cadence.QUARTER: 3, Cadence.MONTH: 1}
PERIOD = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?", re.ASCII)
RANGE = re.compile(r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `start` up to, and without, `end`. Its text is the shortest that says the same."""

    start: date
    end: date

    @classmethod
    def parse(cls, value: str, *path: str) -> Self:
        """Read `2017`, `2017-Q2`, `2017-04`, or `2017-02-03/2017-03-01`, the last day of which is 28 February."""
        if match := PERIOD.fullmatch(value):
            year, quarter, month = match.groups()
            cadence = Cadence.QUARTER if quarter else Cadence.MONTH if month else Cadence.YEAR
            first = int(quarter) * 3 - 2 if quarter else int(month or 1)
            if FIRST_DAY.year <= int(year) <= LAST_DAY.year:
                return cls(date(int(year), first, 1), _months_later(int(year), first, MONTHS[cadence]))
        elif match := RANGE.fullmatch(value):
            try:
                start, end = map(date.fromisoformat, match.groups())
            except ValueError as error:
                raise Invalid(f"There is no such day: {error}.", *path) from error
            if FIRST_DAY <= start < end <= END_OF_TIME:
                return cls(start, end)
        raise Invalid(f"Not a period: {value[:40]!r}. Write 2017, 2017-Q2, 2017-04 or 2017-02-03/2017-03-01.", *path)

    @property
    def cadence(self) -> Cadence | None:
        """The kind of calendar period that this is; a free range has none."""
        for cadence, months in MONTHS.items():
            aligned = self.start.day == 1 and (self.start.month - 1) % months == 0
            if aligned and self.end == _months_later(self.start.year, self.start.month, months):
                return cadence
        return None

    @property
    def months(self) -> Iterator[str]:
        """The calendar months that it begins in or goes on in: `2017-04`, `2017-05`, …"""
        first = self.start.replace(day=1)
        while first < self.end:
            yield f"{first:%Y-%m}"
            first = _months_later(first.year, first.month, 1)

    def __contains__(self, when: date) -> bool:
        return self.start <= when < self.end

    def __str__(self) -> str:
        match self.cadence:
            case Cadence.YEAR:
                return f"{self.start:%Y}"
            case Cadence.QUARTER:
                return f"{self.start:%Y}-Q{(self.start.month + 2) // 3}"
            case Cadence.MONTH:
                return f"{self.start:%Y-%m}"
            case None:
                return f"{self.start}/{self.end}"


@lru_cache(4_096)
def periods_of(when: date) -> tuple[str, str, str]:
    """The year, the quarter and the month that a day counts in: `("2017", "2017-Q2", "2017-04")`."""
    return f"{when:%Y}", f"{when:%Y}-Q{(when.month + 2) // 3}", f"{when:%Y-%m}"


def _months_later(year: int, month: int, months: int) -> date:
    years, month = divmod(month - 1 + months, 12)
    return date(year + years, month + 1, 1)
