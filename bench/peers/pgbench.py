"""PostgreSQL's own benchmark: one row of the log a transaction, prepared, from C, at its own number of clients."""

from __future__ import annotations

import asyncio
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bench.meter import Meter
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
INSERT INTO bench_single.log VALUES (
    nextval('bench_single.position'), gen_random_uuid(), 1, 'score.recorded', '\\x{"ab" * 190}', '2017-04-01', now(),
    gen_random_uuid(), NULL, NULL, gen_random_uuid(), gen_random_uuid(), NULL, '\\x{"cd" * 32}');
"""

DONE = re.compile(r"number of transactions actually processed: (\d+)")
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
                *("-c", str(self.clients), "-j", "1", "-T", str(whole), "-l", "--log-prefix", str(log)),
                *("-h", str(self.sockets), "-U", USER, self.database),
            ]
            process = await asyncio.create_subprocess_exec(
                *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd="/"
            )
            out, err = await process.communicate()
            found = DONE.search(out.decode())
            if process.returncode or found is None:
                raise RuntimeError(f"pgbench failed: {err.decode()}")
            return Work(int(found[1]), whole, _latencies(Path(folder)))


def _latencies(folder: Path) -> list[float]:
    lines = [line for each in folder.glob("log.*") for line in each.read_text().splitlines()]
    return [int(line.split()[MICROSECONDS]) / 1e6 for line in lines]
