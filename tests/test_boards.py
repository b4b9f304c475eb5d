"""No two boards have one number, whatever is on them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain._values import FIRST_DAY, LAST_DAY, Cadence, Period, periods_of
from domain.score import Metric
from projections._boards import METRICS, board_number, of_currency, of_metric, of_period
from projections.standings import NO_CURRENCY

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
currencies = st.just(NO_CURRENCY) | st.text(LETTERS, min_size=3, max_size=3)
periods = st.dates(FIRST_DAY, LAST_DAY).flatmap(lambda day: st.sampled_from(periods_of(day)))
boards = st.tuples(st.sampled_from(Metric), currencies, periods)


def test_every_metric_has_a_number_of_its_own() -> None:
    assert set(METRICS) == set(Metric)
    assert len({*METRICS.values()}) == len(METRICS)
    assert all(0 < number < 2**8 for number in METRICS.values())


@given(boards, boards)
def test_two_boards_have_two_numbers(one: tuple[Metric, str, str], other: tuple[Metric, str, str]) -> None:
    assert (board_number(*one) == board_number(*other)) == (one == other)


@given(boards)
def test_what_a_number_was_made_of_stands_in_it(board: tuple[Metric, str, str]) -> None:
    number = board_number(*board)
    metric, currency, year, part = number >> 34, number >> 19 & 0x7FFF, number >> 5 & 0x3FFF, number & 0x1F
    letters = "".join(chr(64 + (currency >> at & 31)) for at in (10, 5, 0)) if currency else NO_CURRENCY
    cadence = Period.parse(board[2]).cadence
    within = {Cadence.YEAR: "", Cadence.QUARTER: f"-Q{part}", Cadence.MONTH: f"-{part - 4:02}"}
    assert cadence is not None
    assert ({n: each for each, n in METRICS.items()}[metric], letters, f"{year}{within[cadence]}") == board
    assert number == sum((of_metric(board[0]), of_currency(board[1]), of_period(board[2])))
    assert 0 < number < 2**63


def test_a_year_its_quarters_and_its_months_have_a_number_each() -> None:
    of_a_year = {"2017", *(f"2017-Q{n}" for n in range(1, 5)), *(f"2017-{n:02}" for n in range(1, 13))}
    assert len({of_period(period) for period in of_a_year}) == len(of_a_year) == 17
