"""Whatever is typed."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain._kernel import Invalid
from domain._values import FIRST_DAY, LAST_DAY, Money, Period, decimal, periods_of, proper_name, text


@given(st.text())
def test_text_is_kept_clean_or_refused(typed: str) -> None:
    try:
        kept = text(typed, "title")
    except Invalid:
        return
    assert kept == text(kept, "title") == unicodedata.normalize("NFC", kept).strip()
    assert 1 <= len(kept) <= 200
    assert not {"Cc", "Cs"} & {unicodedata.category(character) for character in kept}
    kept.encode()


@given(st.text(st.sampled_from("aé \u202e\u2066王\n"), min_size=1))
def test_a_name_reads_in_one_direction(typed: str) -> None:
    try:
        kept = proper_name(typed)
    except Invalid:
        return
    assert not set("\u202e\u2066\n") & set(kept)


@given(st.text() | st.from_regex(r"-?[0-9]{1,16}(\.[0-9]{1,16})?", fullmatch=True) | st.floats().map(str))
def test_a_number_is_read_as_it_is_written_or_refused(typed: str) -> None:
    try:
        read = decimal(typed)
    except Invalid:
        return
    assert read == Decimal(typed)
    assert not set(typed) - set("-.0123456789")


@given(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from(["EUR", "JPY", "BHD", "XAU", "eur"]))
def test_money_is_exact_or_refused(amount: Decimal, currency: str) -> None:
    try:
        money = Money(amount, currency)
    except Invalid:
        return
    assert money.amount == amount
    assert money.amount.as_tuple().exponent == {"EUR": -2, "JPY": 0, "BHD": -3}[currency]
    assert money + -money == Money(Decimal(0), currency)


@given(st.dates(FIRST_DAY, LAST_DAY), st.dates(FIRST_DAY, LAST_DAY))
def test_a_period_is_read_as_it_is_written(one: date, other: date) -> None:
    if one != other:
        period = Period(min(one, other), max(one, other))
        assert Period.parse(str(period)) == period
    for written in periods_of(one):
        period = Period.parse(written)
        assert str(period) == written
        assert one in period
        assert (other in period) == (written in periods_of(other))
