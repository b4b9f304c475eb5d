"""The same commands as GraphQL mutations over HTTP, on one server process."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import count
from uuid import uuid4

from bench.clients import Http, ask, request
from bench.organisation import employee_id
from bench.place import Place
from bench.result import Bar, Result
from bench.rounds import Tell, interleaved
from bench.size import Size
from schema._scalars import global_id

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


async def mutations(place: Place, database: str, result: Result, tell: Tell) -> None:
    async with place.meritbook(database) as (server, port):
        scored = scores(place.size, place.token(employee_id(0)))
        answer = await ask(port, scored())
        assert answer["data"]["recordScore"]["__typename"] == "RecordScorePayload", answer
        for clients in CLIENTS:
            result.tables[f"mutations, {clients} clients"] = await interleaved(
                [Http(NAME, port, clients, scored, place.meter(server))],
                result.calibration,
                rounds=place.size.rounds,
                seconds=place.size.seconds,
                tell=tell,
            )
    figures = result.tables[f"mutations, {CLIENTS[-1]} clients"][NAME]
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


def scores(size: Size, token: str) -> Callable[[], bytes]:
    dice, number = random.Random(4), count()

    def scored() -> bytes:
        anybody = dice.randrange(1, size.employees)
        given = {
            "employeeId": global_id("Employee", employee_id(anybody)),
            "metric": "TEAMWORK",
            "value": str(1 + next(number) % 5),
            "effective": "2017-05-01",
            "commandId": str(uuid4()),
        }
        body = {"query": RECORD_SCORE, "variables": {"input": given}}
        return request("/graphql", body, {"Authorization": f"Bearer {token}"})

    return scored
