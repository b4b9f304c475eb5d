"""Meritbook below GraphQL, as a program of its own: what a server does with a command, and nothing beside.

["plain", 128, 2.0]  commands of the day, from so many writers for so many seconds
["hot", 128, 2.0]    the same, with a few streams that everybody wants
["held"]             what is kept in memory: how many entries there are, and how many there can be
"""

from __future__ import annotations

import os
from typing import Any

import structlog
import uvloop

from bench.day import HOT_SHARE, Day
from bench.rounds import Work
from bench.size import ORGANISATIONS
from bench.writers import obey, write
from server import Organisation, opened, settle
from settings import Settings
from store import keys, streams


def held(it: Organisation) -> dict[str, Any]:
    known, people = it.log._writer.streams._known, it.log.keys._known  # noqa: SLF001
    return {"streams": [len(known), streams.REMEMBERED], "people's keys": [len(people), keys.REMEMBERED]}


async def main() -> None:
    settings = Settings.read(os.environ)
    size = ORGANISATIONS[os.environ["SIZE"]]
    async with opened(settings) as it:
        days = {"plain": Day(it.log, size), "hot": Day(it.log, size, HOT_SHARE)}
        await days["hot"].prepare_hot()
        settle()

        async def do(what: str, *said: Any) -> Work | dict[str, Any]:
            return await write(days[what].one, *said) if what in days else held(it)

        await obey(do)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    uvloop.run(main())
