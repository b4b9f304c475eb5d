"""What the server tells of itself: enough to find what is wrong, and nobody's data."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

import logs
from projections.employees import employees
from store.embedded import Cluster
from store.pool import connect
from tests.test_server import Start, environment, postmaster, start

__all__ = ["environment", "start"]  # fixtures, for pytest to find

NAME, EMAIL, NUMBER, TITLE = "Zebulon Quisling", "zebulon.quisling@example.org", "Q-77812", "Vizier of Ruritania"
SECRETS = ("Zebulon", "Quisling", "quisling", NUMBER, "Ruritania", "hunter2", "hush-hush")
HIRE = """
mutation ($input: HireEmployeeInput!) {
  hireEmployee(input: $input) { __typename ... on Refused { code message } }
}
"""


async def test_no_line_tells_of_anybody_and_every_failure_can_be_found(
    start: Start, folder: Path, environment: dict[str, str]
) -> None:
    environment["LOG_LEVEL"] = "debug"
    it = await start()
    (token,) = re.findall(r"Authorization: Bearer (\S+)", it.said)
    given = {"number": NUMBER, "name": NAME, "workEmail": EMAIL, "title": TITLE, "effective": "2020-01-01"}

    async def ask(query: str, bearer: str = token, **variables: Any) -> httpx.Response:
        body = {"query": query, "variables": variables}
        return await it.http.post("/graphql", json=body, headers={"authorization": f"Bearer {bearer}"})

    # What works, what is refused, what is nonsense
    assert "HireEmployeePayload" in (await ask(HIRE, input=given)).text
    assert "Refused" in (await ask(HIRE, input={**given, "reason": "hush-hush"})).text
    await ask(HIRE, input={**given, "effective": "hunter2"})
    await ask(HIRE, input={**given, "workEmail": "hunter2", "number": NUMBER + "2"})
    await ask("{ viewer { hunter2 } }")
    await ask('{ employees(where: {name: {eq: "Zebulon Quisling"}}) { nodes { name } } } hunter2')
    await ask("{ viewer { employee { name } } }", "hunter2.hunter2.hunter2")
    await it.http.post("/graphql", content=b'{"query": "hunter2', headers={"content-type": "application/json"})
    await it.http.get("/graphql?query=hunter2&password=hunter2")
    await it.http.get("/hunter2", headers={"x-request-id": "Zebulon Quisling"})

    # What fails inside: PostgreSQL quotes the row that it does not take
    socket = Cluster(folder / "data/postgres")
    connection = await connect(socket.url())
    table = f'read."{employees.table.name}"'
    await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT spite CHECK (title <> '{TITLE}') NOT VALID")
    failed = await ask(HIRE, input={**given, "number": f"{NUMBER}-3", "workEmail": "quisling@example.org"})
    assert failed.json()["errors"][0]["extensions"]["code"] == "INTERNAL", failed.text
    await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT spite")
    await connection.execute(f"ALTER TABLE {table} RENAME TO hidden")
    query = f'{{ employees(where: {{name: {{eq: "{NAME}"}}}}) {{ nodes {{ name }} }} }}'
    broken = await ask(query)
    assert broken.json()["errors"][0]["extensions"]["code"] == "INTERNAL", broken.text
    await connection.execute(f"ALTER TABLE read.hidden RENAME TO {employees.table.name}")
    await connection.close()

    # PostgreSQL goes, with everybody asking
    database = postmaster(folder / "data")
    assert database is not None
    for process in [database, *database.children(recursive=True)]:
        process.kill()
    hires = [
        {**given, "number": f"{NUMBER}-{n}", "workEmail": f"{uuid4().hex}.quisling@example.org"} for n in range(20)
    ]
    await asyncio.gather(*(ask(HIRE, input=each) for each in hires), *(ask(query) for _ in range(40)))
    async with asyncio.timeout(60):
        while (await it.http.get("/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert await it.stop(signal.SIGTERM) == 0

    text = (await it.log).decode()
    for secret in (*SECRETS, token, *token.split(".")[1:]):
        assert secret not in text, secret
    lines = [json.loads(line) for line in text.splitlines()]
    for response in (failed, broken):
        number = response.headers["x-request-id"]
        (told,) = [line for line in lines if line.get("request_id") == number]
        assert "traceback" in told
        assert ".py:" in told["traceback"]
    assert "spite" in text
    tracebacks = [line for line in lines if "traceback" in line]
    assert len(tracebacks) <= 4, [line["event"] for line in tracebacks]
    assert len(lines) < 40, [line["event"] for line in lines]


def test_an_error_says_what_kind_it_is_and_where_but_not_what_it_says() -> None:
    try:
        try:
            int(NAME)
        except ValueError as error:
            raise RuntimeError(EMAIL) from error
    except RuntimeError as error:
        told = logs.told(error)
    assert told.startswith("ValueError\n")
    assert "led to\nRuntimeError" in told
    assert told.count(f"{Path(__file__).name}:") == 2
    assert not any(secret in told for secret in SECRETS)


def test_only_what_postgresql_did_means_that_it_is_away() -> None:
    with pytest.raises(FileNotFoundError) as missing:
        Path("/nowhere/at/all").read_text()
    assert not logs.is_absence(missing.value)
    assert logs.is_absence(ConnectionRefusedError())
    assert not logs.is_absence(ValueError())
