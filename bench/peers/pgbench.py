"""PostgreSQL's own benchmark: one row of the log a transaction, prepared, from C, at its own number of clients.

The rows are those that the group commit inserts. Finding one among the hundred is its own work, and little.
"""

from __future__ import annotations

import asyncio
import re
import resource
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench.meter import Meter
from bench.peers.group import COLUMNS
from bench.rounds import Work
from store._account import PROGRAMS
from store.embedded import USER

TABLES = (
    "DROP SCHEMA IF EXISTS bench_single CASCADE",
    "CREATE SCHEMA bench_single",
    "CREATE TABLE bench_single.log (LIKE store.log INCLUDING ALL)",
    "CREATE SEQUENCE bench_single.position",
)

SCRIPT = f"""
\\set n random(1, 100)
INSERT INTO bench_single.log
SELECT nextval('bench_single.position'), gen_random_uuid(), 1, {" ".join(COLUMNS.split())}
FROM bench.sample WHERE n = :n;
"""

FOUND = re.compile(r"number of transactions actually processed: (\d+)[\s\S]*tps = ([\d.]+) \(without")
SAMPLED = "0.1"
"""Which share of its transactions it writes down how long they took of."""

MICROSECONDS = 2
"""The column of pgbench's own log that says how long a transaction took."""


@dataclass(frozen=True, slots=True)
class Pgbench:
    name: str
    sockets: Path
    database: str
    clients: int
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:
        whole = max(1, round(seconds))
        with tempfile.TemporaryDirectory() as folder:
            script, log = Path(folder, "insert.sql"), Path(folder, "log")
            script.write_text(SCRIPT)  # noqa: ASYNC240  # nobody else runs meanwhile
            command = [
                *(str(PROGRAMS / "pgbench"), "-n", "-M", "prepared", "-f", str(script)),
                *("-c", str(self.clients), "-j", "1", "-T", str(whole)),
                *("-l", "--sampling-rate", SAMPLED, "--log-prefix", str(log)),
                *("-h", str(self.sockets), "-U", USER, self.database),
            ]
            used = _used_by_children()
            process = await asyncio.create_subprocess_exec(
                *command,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
            out, err = await process.communicate()
            found = FOUND.search(out.decode())
            if process.returncode or found is None:
                raise RuntimeError(f"pgbench failed: {err.decode()}")
            timed = Work.of(_latencies(Path(folder)), 1.0)
            done = int(found[1])
            return Work(done, done / float(found[2]), timed.p50, timed.p99, _used_by_children() - used)


def _latencies(folder: Path) -> list[float]:
    lines = [line for each in folder.glob("log.*") for line in each.read_text().splitlines()]
    return [int(line.split()[MICROSECONDS]) / 1e6 for line in lines]


def _used_by_children() -> float:
    """Seconds of processor time of those that have ended: of pgbench, when it has."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime
