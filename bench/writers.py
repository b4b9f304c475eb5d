"""Many writers in one process, each beginning its next command when it has the answer of the one before.

Whoever is measured so runs in a program of its own, where nothing else goes on: told what to do in lines of JSON, it
answers in lines of JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import astuple
from time import perf_counter, process_time
from typing import Any

from bench.rounds import Work


async def write(one: Callable[[], Awaitable[object]], writers: int, seconds: float) -> Work:
    """So many writers for so many seconds. The processor time is that of this process, threads included."""
    latencies: list[float] = []
    start, used = perf_counter(), process_time()
    until = start + seconds

    async def writer() -> None:
        while (begun := perf_counter()) < until:
            await one()
            latencies.append(perf_counter() - begun)

    await asyncio.gather(*(writer() for _ in range(writers)))
    return Work.of(latencies, perf_counter() - start, cpu=process_time() - used)


async def obey(do: Callable[..., Awaitable[Any]]) -> None:
    """Do what each line says, until there are no more."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        found = await do(*json.loads(line))
        print(json.dumps(astuple(found) if isinstance(found, Work) else found), flush=True)
