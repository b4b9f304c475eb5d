from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from domain._kernel import Invalid
from domain._values import (
    Cadence,
    MixedCurrencies,
    Money,
    Period,
    day,
    decimal,
    email,
    minor_units,
    number,
    periods_of,
    phone,
    proper_name,
    text,
)


@pytest.mark.parametrize("name", ["王伟", "O'Brien", "José Núñez", "Zoë", "محمد", "Sukarno", "👩‍💻 Ada"])
def test_a_name_may_be_in_any_script_and_of_one_part(name: str) -> None:
    assert proper_name(name, "name") == name


def test_text_is_composed_and_trimmed() -> None:
    assert text("  Jose\u0301\u00a0", "name") == "José"


@pytest.mark.parametrize("nothing", ["", "   ", "\u200b", "\u00a0\u2003"])
def test_text_has_something_to_read(nothing: str) -> None:
    with pytest.raises(Invalid) as caught:
        text(nothing, "title")
    assert caught.value.path == ("title",)


@pytest.mark.parametrize("control", ["\0", "\n", "\x1b", "\x85", "\u2028", "\ud800"])
def test_text_has_no_control_characters(control: str) -> None:
    with pytest.raises(Invalid):
        text(f"a{control}b", "title")


def test_text_is_bounded_as_it_will_be_stored() -> None:
    assert text("e\u0301" * 200, "title") == "é" * 200
    with pytest.raises(Invalid):
        text("x" * 201, "title")


@pytest.mark.parametrize("override", ["\u202e", "\u2066", "\u202a"])
def test_a_name_does_not_turn_the_direction_of_reading_around(override: str) -> None:
    with pytest.raises(Invalid):
        proper_name(f"Anna{override}gnp.exe", "name")


def test_an_address_has_one_normal_form() -> None:
    assert email(" jose\u0301@EXAMPLE.com ", "workEmail") == "josé@example.com"


@pytest.mark.parametrize("wrong", ["", "anna", "anna@", "a b@example.com", "anna@example", "anna@example.com\n.evil"])
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        email(wrong, "workEmail")
    assert caught.value.path == ("workEmail",)


@pytest.mark.parametrize("written", ["+442079460018", " +44 20 7946 0018", "+44 (0)20-7946-0018", "+44.20.7946.0018"])
def test_a_telephone_number_has_one_form(written: str) -> None:
    assert phone(written, "workPhone") == "+442079460018"


def test_a_number_that_no_library_has_heard_of_is_one_if_it_has_the_length_of_one() -> None:
    assert phone("+1 202 099 0143", "workPhone") == "+12020990143"


@pytest.mark.parametrize(
    "wrong",
    ["", "020 7946 0018", "+44", "+4420", "+999 12345678", "+1 800 FLOWERS", "tel:+442079460018", "+4420794600181234",
     "+44 20 7946 0018 ext. 5", "+٤٤٢٠٧٩٤٦٠٠١٨", "+44 20 7946\n0018", "+" + "1" * 300],
)  # fmt: skip
def test_what_is_no_telephone_number_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        phone(wrong, "workPhone")
    assert caught.value.path == ("workPhone",)


@pytest.mark.parametrize(
    "wrong", ["1e3", "NaN", "Infinity", "-Infinity", "1,000", "", "+1", "1.", ".5", "٣", "1_0", " 1"]
)
def test_numbers_are_written_plainly(wrong: str) -> None:
    with pytest.raises(Invalid):
        decimal(wrong, "amount")


@pytest.mark.parametrize("wrong", ["NaN", "sNaN", "Infinity", "1E+3", "0.001", "1000000000000000"])
def test_a_number_is_finite_bounded_and_without_exponent(wrong: str) -> None:
    with pytest.raises(Invalid):
        number(Decimal(wrong), "value", places=2)


@pytest.mark.parametrize(("currency", "units"), [("EUR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4)])
def test_a_currency_has_the_decimals_of_iso_4217(currency: str, units: int) -> None:
    assert minor_units(currency) == units


@pytest.mark.parametrize("wrong", ["", "eur", "EURO", "XAU", "XXX", "ABC", "DEM"])
def test_what_nobody_is_paid_in_is_no_currency(wrong: str) -> None:
    with pytest.raises(Invalid):
        Money(Decimal(1), wrong)


def test_money_has_exactly_the_decimals_of_its_currency() -> None:
    assert str(Money(Decimal(5), "EUR")) == "5.00 EUR"
    assert str(Money(Decimal("-0.0"), "EUR")) == "0.00 EUR"
    for too_many in (Money, "JPY", "0.5"), (Money, "EUR", "0.001"), (Money, "EUR", "1.000"):
        with pytest.raises(Invalid):
            Money(Decimal(too_many[2]), too_many[1])


def test_different_currencies_have_no_sum() -> None:
    with pytest.raises(MixedCurrencies):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")
    with pytest.raises(MixedCurrencies):
        Money.total([Money(Decimal(1), "EUR")], "USD")
    assert Money.total([Money(Decimal(1), "EUR"), -Money(Decimal("0.5"), "EUR")], "EUR").amount == Decimal("0.50")


def test_dates_are_of_the_years_that_we_keep() -> None:
    assert day(date(1900, 1, 1), "effective")
    assert day(date(2200, 12, 31), "effective")
    for wrong in date(1899, 12, 31), date(2201, 1, 1):
        with pytest.raises(Invalid):
            day(wrong, "effective")


@pytest.mark.parametrize(
    ("written", "start", "end", "cadence"),
    [
        ("2017", date(2017, 1, 1), date(2018, 1, 1), Cadence.YEAR),
        ("2017-Q2", date(2017, 4, 1), date(2017, 7, 1), Cadence.QUARTER),
        ("2017-Q4", date(2017, 10, 1), date(2018, 1, 1), Cadence.QUARTER),
        ("2017-12", date(2017, 12, 1), date(2018, 1, 1), Cadence.MONTH),
        ("2200", date(2200, 1, 1), date(2201, 1, 1), Cadence.YEAR),
        ("2017-02-03/2017-03-01", date(2017, 2, 3), date(2017, 3, 1), None),
    ],
)
def test_a_period_is_read_and_written(written: str, start: date, end: date, cadence: Cadence | None) -> None:
    period = Period.parse(written, "period")
    assert (period.start, period.end, period.cadence, str(period)) == (start, end, cadence, written)
    assert start in period
    assert end not in period


def test_a_range_that_is_a_quarter_is_that_quarter() -> None:
    assert str(Period.parse("2017-04-01/2017-07-01")) == "2017-Q2"


@pytest.mark.parametrize(
    "wrong", ["", "17", "2017-Q5", "2017-13", "1899", "2201", "2017-03-01/2017-03-01", "2017-02-30/2017-03-01", "2017 "]
)
def test_what_is_no_period_is_refused(wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        Period.parse(wrong, "period")
    assert caught.value.path == ("period",)


def test_a_day_counts_in_a_year_a_quarter_and_a_month() -> None:
    assert periods_of(date(2017, 4, 1)) == ("2017", "2017-Q2", "2017-04")
    assert all(date(2017, 4, 1) in Period.parse(period) for period in periods_of(date(2017, 4, 1)))
