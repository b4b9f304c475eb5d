"""Whatever the tiers and the deals are."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from domain._commission import Deal, Terms, Tier, earn, split
from domain._values import minor_units
from domain.commission_plan import _must_cover_everything

CURRENCIES = st.sampled_from(["USD", "JPY", "BHD", "CLF"])


@st.composite
def some_terms(draw: st.DrawFn) -> Terms:
    currency = draw(CURRENCIES)
    bounds = sorted(draw(st.sets(st.decimals("0.000001", 1000, places=6), max_size=5)))
    rates = draw(st.lists(st.decimals(0, 1, places=6), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    tiers = tuple(
        Tier(start=start, end=end, rate=rate)
        for (start, end), rate in zip(pairwise([Decimal(0), *bounds, None]), rates, strict=True)
        if start is not None
    )
    return Terms(currency=currency, quota=draw(_amounts(currency).filter(bool)), tiers=tiers)


@st.composite
def terms_and_deals(draw: st.DrawFn) -> tuple[Terms, list[Deal]]:
    terms = draw(some_terms())
    amounts = draw(st.lists(_amounts(terms.currency), max_size=8))
    return terms, [_deal(amount, at) for at, amount in enumerate(amounts)]


def _amounts(currency: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(0, 10**9, places=minor_units(currency))


def _deal(amount: Decimal, at: int) -> Deal:
    return Deal(work_item_id=UUID(int=at), closed_on=date(2017, 1, 1) + timedelta(at % 3), amount=amount, position=at)


@given(terms_and_deals())
def test_the_legs_sum_to_the_line_to_the_cent(case: tuple[Terms, list[Deal]]) -> None:
    terms, deals = case
    line, unit = earn(terms, deals), Decimal(1).scaleb(-minor_units(terms.currency))
    assert sum(leg.earned for leg in line.legs) == line.earned
    assert sum(leg.exact for leg in line.legs) == line.exact == line.earned + line.remainder
    assert sum(leg.amount for leg in line.legs) == line.credited
    assert all(abs(leg.earned - leg.exact) < unit for leg in line.legs)
    assert abs(line.remainder) <= unit / 2
    assert all(leg.earned == leg.earned.quantize(unit) for leg in line.legs)


@given(terms_and_deals(), st.randoms())
def test_the_order_of_the_deals_changes_nothing(case: tuple[Terms, list[Deal]], random: st.DataObject) -> None:
    terms, deals = case
    shuffled = list(deals)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert earn(terms, shuffled) == earn(terms, deals)


@given(terms_and_deals(), st.integers(0, 10**9))
def test_another_deal_never_earns_less(case: tuple[Terms, list[Deal]], more: int) -> None:
    terms, deals = case
    assert earn(terms, [*deals, _deal(Decimal(more), len(deals))]).earned >= earn(terms, deals).earned


@given(terms_and_deals())
def test_a_line_never_pays_more_than_the_best_rate_nor_less_than_the_worst(case: tuple[Terms, list[Deal]]) -> None:
    terms, deals = case
    line, rates = earn(terms, deals), [tier.rate for tier in terms.tiers]
    assert min(rates) * line.credited <= line.exact <= max(rates) * line.credited


@given(some_terms())
def test_generated_tiers_are_tiers(terms: Terms) -> None:
    _must_cover_everything(terms.tiers)


@given(st.lists(st.decimals(0, 10**6, places=8), min_size=1, max_size=20), st.integers(0, 4))
def test_a_split_is_exact(exacts: list[Decimal], places: int) -> None:
    unit = Decimal(1).scaleb(-places)
    whole = sum(exacts, Decimal(0)).quantize(unit, ROUND_HALF_UP)
    shares = split(whole, exacts, unit)
    assert sum(shares) == whole
    assert all(abs(share - exact) < unit for share, exact in zip(shares, exacts, strict=True))
