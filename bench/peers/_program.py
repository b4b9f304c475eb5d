"""A contender that is a program of its own: told what to do in lines of JSON, it answers in lines of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from bench.folder import ROOT
from bench.meter import Meter
from bench.rounds import Work

FAREWELL = 20.0


class Ended(Exception):
    """A program that is to be measured did not start, or ended before its time."""


@dataclass(frozen=True, slots=True)
class Program:
    process: asyncio.subprocess.Process
    module: str

    async def ask(self, *said: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(said).encode() + b"\n")
        return json.loads(await self.line())

    async def line(self) -> bytes:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise Ended(f"{self.module} has ended: what it said stands above.")
        return line

    def watched(self) -> psutil.Process:
        return psutil.Process(self.process.pid)


@asynccontextmanager
async def program(module: str, environment: Mapping[str, str]) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        cwd=ROOT,
        env=dict(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for us, and we end it in our own time
    )
    it = Program(process, module)
    try:
        await it.line()
        yield it
    finally:
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(FAREWELL):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@dataclass(frozen=True, slots=True)
class Told:
    """A contender that does what a program is told: that, and for how many seconds."""

    name: str
    program: Program
    said: tuple[Any, ...]
    meter: Meter | None = field(default=None)

    async def run(self, seconds: float) -> Work:
        return Work(*await self.program.ask(*self.said, seconds))
