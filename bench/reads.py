"""Reads over HTTP: the compiled query beside hand-written SQL, PostGraphile 5 and idiomatic Strawberry.

Answers are compared before anything is measured and after it; where they differ, nothing is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.agreement import Server, agree
from bench.calibration import Calibration
from bench.clients import Amid, Http, Tally
from bench.mutations import changes
from bench.organisation import employee_id
from bench.peers import views
from bench.place import Place
from bench.questions import Questions
from bench.result import Bar, Result
from bench.rounds import Contender, Figures, Tell, interleaved
from bench.servers import ANEW, BARE, IDIOMATIC, LETTERS, MANAGER, MERITBOOK, POSTGRAPHILE_5, everybody

CLIENTS = (1, 32)
COMMANDS = 50
"""Commands a second that go on meanwhile."""

AMID = f"Meritbook, amid {COMMANDS} commands a second"
COPY = "bench_reads"


async def measure(place: Place, calibration: Calibration, tell: Tell) -> Result:
    result = Result("reads", place.size, calibration)
    async with place.copy(COPY) as database:
        await place.say(*views.statements(place.size.ranked), "ANALYZE", database=database)
        questions = Questions(place.size)
        async with everybody(place, database, questions, result.facts) as servers:
            reading = Reading(place, servers, questions, result, tell)
            for letter in LETTERS:
                await reading.measure(letter)
    _bars(result)
    return result


@dataclass(frozen=True, slots=True)
class Reading:
    """Everybody who answers, and where it is told how."""

    place: Place
    servers: Sequence[Server]
    questions: Questions
    result: Result
    tell: Tell

    async def measure(self, letter: str) -> None:
        size, facts = self.place.size, self.result.facts
        able = [server for server in self.servers if letter in server.asks]
        tallies = {server.name: Tally() for server in able}
        compared = await self._agree(letter, able)
        for clients in CLIENTS:
            title = _title(letter, clients)
            contenders = self._contenders(letter, clients, able, tallies)
            self.result.tables[title] = await interleaved(
                contenders,
                self.result.calibration,
                rounds=size.rounds,
                seconds=size.seconds,
                tell=lambda said, title=title: self.tell(f"{title} · {said}"),  # type: ignore[misc]
            )
            for amid in contenders:
                if isinstance(amid, Amid):
                    facts[f"{title}: commands a second that went on"] = amid.rate
        compared += await self._agree(letter, able)
        tally = tallies[MERITBOOK]
        if letter != "F":
            facts[f"{letter}: different questions"] = len(self.questions.whom(letter))
            facts[f"{letter}: asked before, %"] = 100 * tally.again / tally.asked
            facts[f"{letter}: being asked by another client, %"] = 100 * tally.together / tally.asked
        facts[f"{letter}: answers compared, of each"] = compared

    async def _agree(self, letter: str, able: Sequence[Server]) -> int:
        self.tell(f"{letter}: comparing answers")
        by_hand = next(server for server in self.servers if server.name == BARE)
        return await agree(letter, able, by_hand, self.questions)

    def _contenders(
        self, letter: str, clients: int, able: Sequence[Server], tallies: dict[str, Tally]
    ) -> list[Contender]:
        found: list[Contender] = []
        for server in able:
            asked = Http(
                name=server.name,
                port=server.port,
                clients=clients,
                questions=self.questions.always(letter, server.asks[letter]),
                meter=self.place.meter(server.process),
                tally=tallies[server.name],
            )
            found.append(asked)
            if server.name == MERITBOOK and letter != "F":
                commands = changes(self.place.size, self.place.token(employee_id(0)))
                found.append(Amid(AMID, asked, commands, COMMANDS))
        return found


def _title(letter: str, clients: int) -> str:
    return f"{letter}: {LETTERS[letter]}, {clients} {'client' if clients == 1 else 'clients'}"


# ── The bars ──

OF_BARE = {"A": 0.9, "B": 0.9, "C": 0.9, "D": 0.9}
OF_POSTGRAPHILE = {"A": 3, "B": 4, "C": 5, "D": 4, "F": 2}
OF_IDIOMATIC = {"B": 15, "C": 15, "D": 15}
RANK = 2.0
"""Milliseconds."""

WITH_RULES = 0.9


def _bars(result: Result) -> None:
    """Once as it is, and once with every answer computed anew."""

    def at(letter: str, clients: int = CLIENTS[-1]) -> dict[str, Figures]:
        return result.tables[_title(letter, clients)]

    for who, how in ((MERITBOOK, ""), (ANEW, ", computed anew")):
        for bars, peer in ((OF_BARE, BARE), (OF_POSTGRAPHILE, POSTGRAPHILE_5), (OF_IDIOMATIC, IDIOMATIC)):
            for letter, wanted in bars.items():
                if peer in (figures := at(letter)):
                    result.bars.append(Bar.ratio(f"{letter}{how}, of {peer}", wanted, figures[who], figures[peer]))
        rank = at("E", 1)[who].middle("p50") or 0.0
        what = f"E{how}, p50 among {result.size.employees:,}"
        result.bars.append(Bar(what=what, wanted=RANK, found=rank, unit=" ms", at_most=True))
    for letter in "ABCD":
        figures = at(letter)
        what = f"{letter}, computed anew, as a manager, of as one who sees all"
        result.bars.append(Bar.ratio(what, WITH_RULES, figures[MANAGER], figures[ANEW]))
