"""The read tables that the peers read, under the names that they have in PostgreSQL now."""

from __future__ import annotations

from projections.assignments import assignments
from projections.departments import departments
from projections.employees import employees
from projections.scores import scores
from projections.standings import standings
from projections.work_items import work_items

TABLES = {
    "employees": str(employees.table),
    "departments": str(departments.table),
    "assignments": str(assignments.table),
    "work_items": str(work_items.table),
    "scores": str(scores.table),
    "standings": str(standings.table),
}
