"""The number that a board is kept under: its metric, currency and period in one, for short rows and short indexes.

In bits: 8 of the metric, 15 of the currency's letters, 14 of the year, 5 of which part of the year it is.
"""

from __future__ import annotations

from functools import lru_cache

from domain.score import Metric

METRICS = {
    Metric.WON_AMOUNT: 1,
    Metric.DEALS_WON: 2,
    Metric.ATTITUDE: 3,
    Metric.TEAMWORK: 4,
    Metric.CUSTOMER_SATISFACTION: 5,
}

METRIC_AT, CURRENCY_AT, YEAR_AT = 34, 19, 5
"""How many bits stand below each."""

QUARTERS = 4


@lru_cache(4_096)
def board_number(metric: Metric, currency: str, period: str) -> int:
    """Of the metric `"WON_AMOUNT"`, the currency `"EUR"` and the period `"2017"`, `"2017-Q2"` or `"2017-04"`."""
    return of_metric(metric) + of_currency(currency) + of_period(period)


def of_metric(metric: Metric) -> int:
    return METRICS[metric] << METRIC_AT


def of_currency(currency: str) -> int:
    """Nought if there is none."""
    number = 0
    for letter in currency:
        number = number << 5 | ord(letter) - ord("@")
    return number << CURRENCY_AT


def of_period(period: str) -> int:
    """A year is part 0 of itself, then come its quarters and its months."""
    year, _, part = period.partition("-")
    quarter = part.startswith("Q")
    return int(year) << YEAR_AT | (int(part[1:]) if quarter else QUARTERS + int(part) if part else 0)
