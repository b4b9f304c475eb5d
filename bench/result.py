"""What a section of the benchmark found: tables of figures, and the bars that they are held against."""

from __future__ import annotations

import json
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.calibration import Calibration
from bench.folder import RESULTS
from bench.rounds import Figures, Ratio
from bench.size import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was to be reached. `found` and `wanted` are of one unit; `at_most`: less is better."""

    what: str
    wanted: float
    found: float
    low: float | None = None
    high: float | None = None
    unit: str = "×"
    at_most: bool = False

    @property
    def met(self) -> bool:
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    @classmethod
    def ratio(cls, what: str, wanted: float, one: Figures, other: Figures) -> Bar:
        found = Ratio.of(one, other)
        return cls(what=what, wanted=wanted, found=found.middle, low=found.low, high=found.high)


@dataclass(slots=True)
class Result:
    section: str
    size: Size
    calibration: Calibration
    tables: dict[str, dict[str, Figures]] = field(default_factory=dict)
    bars: list[Bar] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "section": self.section,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "size": asdict(self.size),
            "machine": machine(),
            "noise": round(self.calibration.noise, 3),
            "others": round(self.calibration.busy, 3),
            "quiet": self.calibration.is_quiet,
            "tables": {
                name: {who: it.as_json() for who, it in figures.items()} for name, figures in self.tables.items()
            },
            "bars": [{**asdict(bar), "met": bar.met} for bar in self.bars],
            "facts": self.facts,
        }

    def write(self) -> Path:
        """Under its name only once it is whole."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        path = RESULTS / f"{self.section}-{self.size.name}.json"
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(_rounded(self.as_json()), indent=1, ensure_ascii=False) + "\n")
        return unfinished.replace(path)


def machine() -> dict[str, Any]:
    load = psutil.getloadavg()[0]
    return {
        "cores": psutil.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "load": round(load, 2),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _rounded(value: Any) -> Any:
    """Four digits that mean something are enough for anybody."""
    match value:
        case float():
            return float(f"{value:.4g}")
        case Mapping():
            return {name: _rounded(each) for name, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
    return value
