"""A peer that is a program of its own: told what to do in lines of JSON, it answers in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.meter import Meter
from bench.rounds import Work

LONGEST_LINE = 2**26
HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Program:
    process: asyncio.subprocess.Process

    async def ask(self, *said: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(said).encode() + b"\n")
        return json.loads(await self.process.stdout.readline())


@asynccontextmanager
async def program(module: str, root: Path, environment: Mapping[str, str]) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        cwd=root,
        env=dict(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    try:
        assert process.stdout is not None
        if await process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{module} did not start.")
        yield Program(process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


@dataclass(frozen=True, slots=True)
class Threads:
    """A contender that works in so many threads of a program."""

    name: str
    program: Program
    threads: int
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:
        return Work(*await self.program.ask(self.threads, seconds))


def process_of(it: Program) -> psutil.Process:
    return psutil.Process(it.process.pid)
