"""Somebody who works here, when it does not matter who."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from domain.employee import Hired

SOMEBODY = Hired(
    number="E-1",
    name="Anna Snelling",
    work_email="anna@example.com",
    title="Sales agent",
    department_id=None,
    manager_id=None,
    effective=date(2016, 1, 1),
)


def hired(number: str, **changed: Any) -> Hired:
    return replace(SOMEBODY, number=number, work_email=f"{number}@example.com", **changed)
