"""What won deals earn under a commission plan, and why: a calculation without any state.

Marginal tiers: each part of the credited amount earns the rate of the tier that it falls into. A tier says where it
starts and ends as a share of the quota, so 0.75 of a quota of 100,000 is 75,000.

A line is rounded once, half up, to the minor unit of the currency. Its legs are rounded so that they sum to the line:
each is cut to the minor unit, and the units that are missing go to the legs that lost most.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from uuid import UUID

from domain._values import Money, minor_units

ATTAINMENT = Decimal("0.000001")
PRECISION = 60
"""Digits that everything is calculated with: enough that nothing is rounded but what is said to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """From `start` up to `end`, in quotas, `rate` of each unit is earned. The last tier has no end."""

    start: Decimal
    end: Decimal | None
    rate: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a plan promises for one period."""

    currency: str
    quota: Decimal
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """A won deal that counts; or, with a negative amount, one that was reversed. `position`: of the fact in the log."""

    work_item_id: UUID
    closed_on: date
    amount: Decimal
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """`amount` of the credit lies between `start` and `end`; at `rate` it earned `exact`, which is paid as `earned`."""

    start: Decimal
    end: Decimal | None
    amount: Decimal
    rate: Decimal
    exact: Decimal
    earned: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What one person earned. `remainder` is what rounding took (or, negative, gave): `exact` less `earned`."""

    deals: tuple[Deal, ...]
    credited: Decimal
    attainment: Decimal
    legs: tuple[Leg, ...]
    exact: Decimal
    earned: Decimal
    remainder: Decimal


def earn(terms: Terms, deals: Iterable[Deal]) -> Line:
    """The same line for the same deals, in whatever order they come. Less than nothing credited earns nothing."""
    with localcontext(prec=PRECISION):
        return _earn(terms, tuple(sorted(deals, key=lambda deal: (deal.closed_on, deal.position, deal.work_item_id))))


def total(amounts: Iterable[Decimal], currency: str) -> Decimal:
    """What lines come to, however much that is: somebody has to look at it before it is paid."""
    with localcontext(prec=PRECISION):
        return sum(amounts, Money(Decimal(0), currency).amount)


def _earn(terms: Terms, deals: tuple[Deal, ...]) -> Line:
    credited = sum((deal.amount for deal in deals), Money(Decimal(0), terms.currency).amount)
    parts = tuple(_parts(terms, credited))
    exacts = [amount * tier.rate for tier, amount in parts]
    exact = sum(exacts, Decimal(0))
    unit = Decimal(1).scaleb(-minor_units(terms.currency))
    earned = exact.quantize(unit, ROUND_HALF_UP)
    legs = tuple(
        Leg(
            start=tier.start * terms.quota,
            end=None if tier.end is None else tier.end * terms.quota,
            amount=amount,
            rate=tier.rate,
            exact=its_exact,
            earned=share,
        )
        for (tier, amount), its_exact, share in zip(parts, exacts, split(earned, exacts, unit), strict=True)
    )
    return Line(
        deals=deals,
        credited=credited,
        attainment=(credited / terms.quota).quantize(ATTAINMENT, ROUND_HALF_UP),
        legs=legs,
        exact=exact,
        earned=earned,
        remainder=exact - earned,
    )


def split(whole: Decimal, exacts: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Parts in whole units that sum to `whole`, each less than a unit from its exact value: the largest remainders."""
    shares = [exact.quantize(unit, ROUND_FLOOR) for exact in exacts]
    missing = int((whole - sum(shares)) / unit)
    neediest = sorted(range(len(exacts)), key=lambda i: shares[i] - exacts[i])
    for i in neediest[:missing]:
        shares[i] += unit
    return shares


def _parts(terms: Terms, credited: Decimal) -> Iterator[tuple[Tier, Decimal]]:
    """Every tier that the credit reaches, with how much of it lies there."""
    for tier in terms.tiers:
        start = tier.start * terms.quota
        reached = credited if tier.end is None else min(credited, tier.end * terms.quota)
        if reached > start:
            yield tier, reached - start
