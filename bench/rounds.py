"""Side by side: every contender in every round, so that whatever slows the machine slows all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Protocol

from bench.calibration import Calibration
from bench.meter import Meter

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Work:
    """What a contender did: how often it was done with something, in how many seconds, and how long each took.

    `cpu` are the seconds of processor time of a contender who knows better than whoever watches it from outside.
    """

    done: int
    seconds: float
    p50: float
    p99: float
    cpu: float | None = None

    @classmethod
    def of(cls, latencies: Iterable[float], seconds: float, *, cpu: float | None = None) -> Work:
        ordered = sorted(latencies)
        if not ordered:
            return cls(0, seconds, 0.0, 0.0, cpu)
        last = len(ordered) - 1
        return cls(len(ordered), seconds, ordered[len(ordered) // 2], ordered[min(last, len(ordered) * 99 // 100)], cpu)


class Contender(Protocol):
    """Somebody who can be measured."""

    @property
    def name(self) -> str: ...
    @property
    def meter(self) -> Meter | None: ...
    async def run(self, seconds: float) -> Work: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One contender in one round. Times are in milliseconds, processor time in microseconds for each thing done."""

    done: int
    rate: float
    p50: float
    p99: float
    server_cpu: float | None
    database_cpu: float | None
    others: float
    """Which share of the processors others used meanwhile."""
    calibration: float


MEDIANS = ("rate", "p50", "p99", "server_cpu", "database_cpu", "others")


@dataclass(slots=True)
class Figures:
    """What one contender did in all rounds."""

    samples: list[Sample] = field(default_factory=list)

    def middle(self, what: str) -> float | None:
        known = [value for each in self.samples if (value := getattr(each, what)) is not None]
        return median(known) if known else None

    @property
    def rate(self) -> float:
        return median(each.rate for each in self.samples)

    def as_json(self) -> dict[str, Any]:
        rates = [each.rate for each in self.samples]
        medians = {what: self.middle(what) for what in MEDIANS}
        return {**medians, "spread": [min(rates), max(rates)], "samples": [asdict(each) for each in self.samples]}


@dataclass(frozen=True, slots=True)
class Ratio:
    """One contender's rate as a multiple of another's: the median over the rounds, the lowest and the highest."""

    middle: float
    low: float
    high: float

    @classmethod
    def of(cls, one: Figures, other: Figures) -> Ratio:
        ratios = [a.rate / b.rate for a, b in zip(one.samples, other.samples, strict=True) if b.rate]
        return cls(median(ratios), min(ratios), max(ratios)) if ratios else cls(0, 0, 0)


async def interleaved(
    contenders: Sequence[Contender],
    calibration: Calibration,
    *,
    rounds: int,
    seconds: float,
    tell: Tell,
    warm_up: float = 0.5,
    after_round: Callable[[], Awaitable[None]] | None = None,
) -> dict[str, Figures]:
    """Measure each contender once a round, after a warm-up of so many seconds that does not count."""
    figures = {each.name: Figures() for each in contenders}
    for each in contenders if warm_up else ():
        tell(f"{each.name}: warming up")
        await each.run(min(warm_up, seconds))
    for n in range(rounds):
        turn = n % len(contenders)
        for each in (*contenders[turn:], *contenders[:turn]):
            tell(f"{each.name}: round {n + 1} of {rounds}")
            figures[each.name].samples.append(await _sample(each, calibration, seconds))
        if after_round is not None:
            await after_round()
    return figures


async def _sample(contender: Contender, calibration: Calibration, seconds: float) -> Sample:
    reading = calibration.begin()
    before = contender.meter.read() if contender.meter else None
    work = await contender.run(seconds)
    used = contender.meter.read() - before if contender.meter and before else None
    others = calibration.end()
    done = work.done or 1
    server = work.cpu if work.cpu is not None else used.server if used else None
    return Sample(
        done=work.done,
        rate=work.done / work.seconds,
        p50=work.p50 * 1_000,
        p99=work.p99 * 1_000,
        server_cpu=server / done * 1e6 if server is not None else None,
        database_cpu=used.database / done * 1e6 if used else None,
        others=others,
        calibration=reading,
    )
