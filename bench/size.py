"""How large the organisation is that is measured, and how long it is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`scores` counts those by hand; each won deal scores twice by itself."""

    name: str
    employees: int
    departments: int
    assignments: int
    won: int
    scores: int
    rounds: int
    seconds: float
    """How long each contender is measured in each round."""

    @property
    def members(self) -> int:
        """People a department."""
        return self.employees // self.departments


def _size(name: str, employees: int, rounds: int, seconds: float) -> Size:
    return Size(
        name=name,
        employees=employees,
        departments=max(20, employees // 500),
        assignments=employees * 5,
        won=employees * 2,
        scores=employees * 16,
        rounds=rounds,
        seconds=seconds,
    )


SIZES = {
    size.name: size
    for size in (
        _size("tiny", 400, 2, 0.3),
        _size("small", 4_000, 3, 1.0),
        _size("medium", 20_000, 5, 2.0),
        _size("full", 100_000, 5, 3.0),
    )
}
