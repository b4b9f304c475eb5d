"""The read tables that the peers read, under the names that they have in PostgreSQL now; and what boards are of.

RANKED is the metric of the boards, WON_AMOUNT unless told.
"""

from __future__ import annotations

import os

from domain.score import Metric
from projections.assignments import assignments
from projections.departments import departments
from projections.employees import employees
from projections.scores import scores
from projections.standings import NO_CURRENCY, SPREAD, standings
from projections.work_items import work_items


def tables(ranked: Metric) -> dict[str, str]:
    """What stands for what in a peer's SQL."""
    money = ranked is Metric.WON_AMOUNT
    return {
        "employees": str(employees.table),
        "departments": str(departments.table),
        "assignments": str(assignments.table),
        "work_items": str(work_items.table),
        "scores": str(scores.table),
        "standings": str(standings.table),
        "reporting": str(employees.closure),
        "ranked": f"metric = '{ranked}' AND currency = '{'USD' if money else NO_CURRENCY}'",
        "value": "points" if money else f"points / {SPREAD}",
    }


TABLES = tables(Metric(os.environ.get("RANKED", Metric.WON_AMOUNT)))
