"""How large the organisation is that is measured, and how long it is measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

from domain.score import Metric


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
    day: int
    """Commands of the simulated day."""
    grows: tuple[str, ...]
    """The organisations at which growth is looked at, by name."""

    @property
    def ranked(self) -> Metric:
        """What boards are asked of: everybody has a value of it, and few have the same."""
        return Metric.WON_AMOUNT if self.won else Metric.CUSTOMER_SATISFACTION


def _full(name: str, employees: int, *, rounds: int, seconds: float, day: int, grows: tuple[str, ...]) -> Size:
    """An organisation with all that happens in one."""
    return Size(
        name=name,
        employees=employees,
        departments=max(20, employees // 500),
        assignments=employees * 5,
        won=employees * 2,
        scores=employees * 16,
        rounds=rounds,
        seconds=seconds,
        day=day,
        grows=grows,
    )


def _thin(employees: int, name: str | None = None, grows: tuple[str, ...] = ()) -> Size:
    """One in which little has happened, but to as many people as you like: 500 a department, four facts a person."""
    return Size(
        name=name or f"thin-{employees}",
        employees=employees,
        departments=max(2, employees // 500),
        assignments=employees,
        won=0,
        scores=employees,
        rounds=3,
        seconds=1.0,
        day=1_000_000,
        grows=grows,
    )


def _long(facts: int, name: str | None = None, grows: tuple[str, ...] = ()) -> Size:
    """A hundred thousand people of a thin one, who are scored again and again: so many facts, and a few hundred."""
    few = _thin(100_000, name or f"long-{facts}", grows)
    return replace(few, scores=facts - 3 * few.employees)


HUNDREDS, TENS = ("thin-200", "thin-2000"), ("thin-1000", "thin-10000", "thin-100000")

SIZES = {
    size.name: size
    for size in (
        _full("tiny", 400, rounds=2, seconds=0.3, day=4_000, grows=HUNDREDS),
        _full("small", 4_000, rounds=3, seconds=1.0, day=600_000, grows=TENS[:2]),
        _full("medium", 20_000, rounds=5, seconds=1.0, day=1_000_000, grows=TENS),
        _full("full", 100_000, rounds=5, seconds=1.0, day=1_500_000, grows=TENS),
        _thin(1_000_000, "million", (*TENS, "million")),
        _long(10_000_000, "long", (TENS[-1], "long-1000000", "long")),
    )
}
"""Those that may be asked for."""

ORGANISATIONS = SIZES | {
    size.name: size for size in (*map(_thin, (200, 2_000, 1_000, 10_000, 100_000)), _long(1_000_000))
}
