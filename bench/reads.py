"""Reads over HTTP: the compiled query beside hand-written SQL, PostGraphile 5 and idiomatic Strawberry.

Answers are compared before anything is measured; where they differ, nothing is.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import psutil

from bench.calibration import Calibration
from bench.clients import Http, ask
from bench.organisation import employee_id
from bench.peers import install, views
from bench.place import MAIN, Place
from bench.questions import POSTGRAPHILE, STRAWBERRY, Questions, comparable
from bench.result import Bar, Result
from bench.rounds import Figures, Tell, interleaved
from store.embedded import USER

CLIENTS = (1, 32)
LETTERS = {
    "A": "one employee, 8 fields",
    "B": "100 employees of a department, 8 fields",
    "C": "50 employees, nested",
    "D": "top 100 of a leaderboard",
    "E": "rank of one employee",
    "F": "a document never seen before",
}
MERITBOOK, MANAGER = "Meritbook", "Meritbook, as a manager"
BARE, POSTGRAPHILE_5, IDIOMATIC = "Starlette, hand-written SQL", "PostGraphile 5", "Strawberry, DataLoaders"
CHECKED = 5
"""How many answers to each question are compared."""


class DifferentAnswers(Exception):
    """Two servers don't say the same: then it makes no sense to compare how quickly."""


@dataclass(frozen=True, slots=True)
class Server:
    """Somebody who answers some of the questions. `same`: the answers are those of the others."""

    name: str
    process: psutil.Process
    port: int
    asked: dict[str, Callable[[str], bytes]]
    same: bool = True


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("reads", place.size, calibration)
    questions = Questions(place.size)
    await place.say(*views.statements(), database=MAIN)
    async with _servers(place, questions, result) as servers:
        for letter, what in LETTERS.items():
            able = [server for server in servers if letter in server.asked]
            await _check(letter, able, questions)
            for clients in CLIENTS:
                contenders = [
                    Http(
                        server.name,
                        server.port,
                        clients,
                        questions.always(letter, server.asked[letter]),
                        place.meter(server.process),
                    )
                    for server in able
                ]
                title = f"{letter}: {what}, {clients} clients"
                result.tables[title] = await interleaved(
                    contenders,
                    calibration,
                    rounds=place.size.rounds,
                    seconds=place.size.seconds,
                    tell=lambda said, title=title: tell(f"{title} · {said}"),  # type: ignore[misc]
                )
    await place.say("DROP SCHEMA peer CASCADE", database=MAIN)
    _bars(result)
    return result


async def _check(letter: str, servers: list[Server], questions: Questions) -> None:
    """What everybody answers is what the first one answers; what is not compared is at least no mistake."""
    for _ in range(CHECKED):
        of = questions.plain(letter)
        expected = None
        for server in servers:
            answer = await ask(server.port, server.asked[letter](of))
            if "errors" in answer or not answer.get("data"):
                raise DifferentAnswers(f"{server.name} on {letter}: {answer}")
            if server.same and letter != "F":
                found = comparable(answer)
                expected = expected or found
                if found != expected:
                    raise DifferentAnswers(f"{server.name} on {letter}:\n{found}\nothers:\n{expected}")


# ── The servers ──


@asynccontextmanager
async def _servers(place: Place, questions: Questions, result: Result) -> AsyncIterator[list[Server]]:
    async with AsyncExitStack() as stack:
        process, port = await stack.enter_async_context(place.meritbook())
        everything, manager = place.token(employee_id(0)), place.token(employee_id(1))
        servers = [
            Server(MERITBOOK, process, port, {each: questions.ours(each, everything) for each in LETTERS}),
            Server(MANAGER, process, port, {each: questions.ours(each, manager) for each in "ABCD"}, same=False),
        ]
        for name, module, asked in (
            (BARE, "bench.peers.bare", {each: questions.bare(each) for each in "ABCDE"}),
            (
                IDIOMATIC,
                "bench.peers.idiomatic",
                {each: questions.graphql(each, STRAWBERRY) for each in "ABCD"},
            ),
        ):
            port = place.port()
            process = await stack.enter_async_context(
                place.running(
                    module,
                    [sys.executable, "-m", module],
                    port=port,
                    environment={"DATABASE_URL": place.url(), "PORT": str(port)},
                )
            )
            servers.append(Server(name, process, port, asked))
        try:
            folder = await asyncio.to_thread(install.postgraphile, place.folder.parent / "peers")
        except install.NotInstalled as reason:
            result.facts["PostGraphile 5"] = str(reason)
        else:
            port = place.port()
            environment = {
                "PORT": str(port),
                "PEER_HOST": str(place.cluster.socket_folder),
                "PEER_USER": USER,
                "PEER_DATABASE": MAIN,
                "NODE_ENV": "production",
                "GRAPHILE_ENV": "production",
            }
            command = [str(folder / "node_modules" / ".bin" / "node"), str(folder / "serve.mjs")]
            process = await stack.enter_async_context(
                place.running("postgraphile", command, port=port, environment=environment, ready="/graphql")
            )
            asked = {each: questions.graphql(each, POSTGRAPHILE) for each in "ABCDF"}
            servers.append(Server(POSTGRAPHILE_5, process, port, asked))
        yield servers


# ── The bars ──

OF_BARE = 0.9
OF_POSTGRAPHILE = {"A": 3, "B": 4, "C": 5, "D": 4, "F": 2}
OF_IDIOMATIC = {"B": 15, "C": 15, "D": 15}
RANK = 2.0
"""Milliseconds."""

WITH_RULES = 0.9


def _bars(result: Result) -> None:
    def at(letter: str, clients: int = CLIENTS[-1]) -> dict[str, Figures]:
        return result.tables[f"{letter}: {LETTERS[letter]}, {clients} clients"]

    for letter in "ABCD":
        figures = at(letter)
        result.bars.append(Bar.ratio(f"{letter}, of {BARE}", OF_BARE, figures[MERITBOOK], figures[BARE]))
    for bars, peer in ((OF_POSTGRAPHILE, POSTGRAPHILE_5), (OF_IDIOMATIC, IDIOMATIC)):
        for letter, wanted in bars.items():
            figures = at(letter)
            if peer in figures:
                result.bars.append(Bar.ratio(f"{letter}, of {peer}", wanted, figures[MERITBOOK], figures[peer]))
    rank = at("E", 1)[MERITBOOK].middle("p50") or 0.0
    result.bars.append(
        Bar(what=f"E, p50 among {result.size.employees:,}", wanted=RANK, found=rank, unit=" ms", at_most=True)
    )
    for letter in "ABCD":
        figures = at(letter)
        result.bars.append(
            Bar.ratio(
                f"{letter}, as a manager of as one who sees all", WITH_RULES, figures[MANAGER], figures[MERITBOOK]
            )
        )
