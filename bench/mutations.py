"""The same commands as GraphQL mutations over HTTP, on one server process."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from uuid import uuid4

from bench.clients import Asked, Http, Tally, ask, request
from bench.organisation import employee_id
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Tell, interleaved
from bench.size import Size
from schema._scalars import global_id
from store.recorded import new_uuid

CLIENTS = (1, 32, 128)
NAME = "recordScore over HTTP"

RECORD_SCORE = """
mutation ($input: RecordScoreInput!) {
  recordScore(input: $input) {
    __typename
    ... on RecordScorePayload { position score { id value } }
    ... on Refused { code message }
  }
}
"""


class NotRecorded(Exception):
    """A mutation was answered and did nothing: then it makes no sense to tell how quickly."""


CORRECT = """
mutation ($input: CorrectPersonalDetailsInput!) {
  correctPersonalDetails(input: $input) { __typename ... on Refused { code message } }
}
"""


async def mutations(place: Place, database: str, result: Result, tell: Tell) -> None:
    async with place.meritbook(database) as (server, port):
        scored = scores(place.size, place.token(employee_id(0)))
        answer = await ask(port, scored())
        if answer["data"]["recordScore"]["__typename"] != "RecordScorePayload":
            raise NotRecorded(str(answer))
        sent = Tally()
        before = await _head(place, database)
        for clients in CLIENTS:
            result.tables[_title(clients)] = await interleaved(
                [Http(NAME, port, clients, endlessly(scored), place.meter(server), sent)],
                result.calibration,
                rounds=place.size.rounds,
                seconds=place.size.seconds,
                tell=lambda said, clients=clients: tell(f"{_title(clients)} · {said}"),  # type: ignore[misc]
            )
        if (recorded := await _head(place, database) - before) != sent.asked:
            raise NotRecorded(f"{sent.asked} mutations were answered, and {recorded} facts recorded.")
    figures = result.tables[_title(CLIENTS[-1])][NAME]
    result.bars += [
        Bar(what="mutations a second over HTTP, 128 clients", wanted=2_000, found=figures.rate, unit="/s"),
        Bar(
            what="mutations over HTTP, 128 clients, p99",
            wanted=100,
            found=figures.middle("p99") or 0.0,
            unit=" ms",
            at_most=True,
        ),
    ]


def _title(clients: int) -> str:
    return f"mutations, {clients} {'client' if clients == 1 else 'clients'}"


async def _head(place: Place, database: str) -> int:
    ((head,),) = await place.ask("SELECT position FROM store.head", database=database)
    return int(head)


def endlessly(make: Callable[[], bytes]) -> Iterator[Asked]:
    """One after the other, none like another."""
    return ((b"", make()) for _ in count())


def scores(size: Size, token: str) -> Callable[[], bytes]:
    dice, number = random.Random(4), count()

    def scored() -> bytes:
        anybody = dice.randrange(1, size.employees)
        given = {
            "employeeId": global_id("Employee", employee_id(anybody)),
            "metric": "TEAMWORK",
            "value": str(1 + next(number) % 5),
            "effective": "2017-05-01",
            "commandId": str(new_uuid()),
        }
        body = {"query": RECORD_SCORE, "variables": {"input": given}}
        return request("/graphql", body, {"Authorization": f"Bearer {token}"})

    return scored


def changes(size: Size, token: str) -> Callable[[], bytes]:
    """Scores, and names that were wrong, by turns: so that nothing that is asked stays as it was."""
    scored, dice, number = scores(size, token), random.Random(6), count()

    def changed() -> bytes:
        n = next(number)
        if n % 2:
            return scored()
        anybody = dice.randrange(1, size.employees)
        given = {
            "id": global_id("Employee", employee_id(anybody)),
            "name": f"Corrected {n} {uuid4()}",
            "commandId": str(new_uuid()),
        }
        body = {"query": CORRECT, "variables": {"input": given}}
        return request("/graphql", body, {"Authorization": f"Bearer {token}"})

    return changed
