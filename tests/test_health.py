"""Whether the server says that it is ready when it is, and what is wrong when it is not; and its numbers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest

from operations import health, requests
from server import app
from store.pool import connect
from tests._api import Api

REPORT = "database", "writer", "witness", "readModels"


async def ready(api: Api) -> tuple[int, Any]:
    response = await api.http.get("/readyz")
    return response.status_code, response.json()


async def red(api: Api) -> Any:
    """What is said once it is."""
    async with asyncio.timeout(60):
        while True:
            status, report = await ready(api)
            if status == httpx.codes.SERVICE_UNAVAILABLE:
                return report
            await asyncio.sleep(0.05)


async def numbers(api: Api) -> dict[str, float]:
    text = (await api.http.get("/metrics")).text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@asynccontextmanager
async def held(url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """Somebody holds the head of the log, so that nobody can write."""
    connection = await connect(url)
    async with connection.transaction():
        await connection.execute("SELECT 1 FROM store.head FOR UPDATE")
        yield connection
    await connection.close()


async def test_all_is_well(api: Api) -> None:
    status, report = await ready(api)
    assert (status, report["status"]) == (200, "ready")
    assert report["position"] == await api.log.head()
    assert all(report["checks"][name]["ok"] for name in REPORT)
    assert "red" not in report
    assert (await api.http.get("/healthz")).json() == {"status": "ok"}


async def test_a_writer_that_answers_nobody_is_red(
    api: Api, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "STUCK", 0.3)
    async with held(database_url):
        waits = asyncio.create_task(api.hire())
        report = await red(api)
        assert report["red"] == ["writer"]
        assert report["checks"]["writer"]["waiting"] == 1
        assert (await api.http.get("/healthz")).status_code == 200
    await waits
    assert (await ready(api))[0] == 200


async def test_a_writer_with_nothing_to_do_is_not_stuck(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "STUCK", 0.01)
    await ready(api)
    await asyncio.sleep(0.05)
    assert (await ready(api))[0] == 200


async def test_what_is_far_behind_is_red_and_named(api: Api, database_url: str) -> None:
    api.organisation.health.limit = 0.2
    (table, name), *_ = api.organisation.health.read_models.items()
    connection = await connect(database_url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE store.followers IN EXCLUSIVE MODE")
        await api.hire()
        report = await red(api)
        assert report["red"] == ["witness"]
        assert report["checks"]["witness"]["positionsBehind"] >= 1
        assert (await numbers(api))['meritbook_lag_positions{follower="witness"}'] >= 1
    await connection.execute("INSERT INTO store.behind (table_name, position) VALUES ($1, 0)", table)
    await api.organisation.health.look()
    last = api.organisation.health.last
    assert last is not None
    await connection.close()
    if last.read_models[name].positions:  # nobody has caught up in between
        assert last.read_models[name].seconds > 0


async def test_commands_are_counted_by_what_they_came_to(api: Api) -> None:
    before = await numbers(api)
    administrator = await api.administrator()
    given = {"code": "EMEA", "name": "EMEA", "effective": "2020-01-01"}
    for _ in range(2):
        await api.give(administrator, "createDepartment", **given)
    after = await numbers(api)

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert more('meritbook_commands_total{outcome="recorded"}') == 3
    assert more('meritbook_commands_total{outcome="refused"}') == 1
    assert sum(value for name, value in after.items() if name.startswith("meritbook_refusals_total{")) == 1
    assert more("meritbook_batch_commands_count") >= 3
    assert more("meritbook_commit_seconds_sum") > 0
    assert after["meritbook_commands_waiting"] == 0
    assert after["meritbook_log_position"] == await api.log.head()
    assert (after["meritbook_ready"], after["meritbook_database_up"]) == (1, 1)


async def test_every_refusal_is_counted_whoever_says_it(api: Api) -> None:
    administrator, anna = await api.administrator(), await api.hire()
    await api.hire("Bo", work_email="bo@example.com")
    given = {"number": "E-9", "name": "Cy", "workEmail": "bo@example.com", "title": "Agent", "effective": "2020-01-01"}
    for who, wrong in ((administrator, {}), (administrator, {"departmentId": "nonsense"}), (anna, {})):
        assert (await api.give(who, "hireEmployee", **given | wrong))["code"]
    after = await numbers(api)
    refusals = {name: count for name, count in after.items() if name.startswith("meritbook_refusals_total{")}
    assert refusals == {
        'meritbook_refusals_total{code="EMPLOYEE_EMAIL_TAKEN"}': 1,
        'meritbook_refusals_total{code="VALIDATION_FAILED"}': 1,
        'meritbook_refusals_total{code="FORBIDDEN"}': 1,
    }
    assert after['meritbook_commands_total{outcome="refused"}'] == 1


async def test_operations_errors_and_plans_are_counted(api: Api) -> None:
    anna = await api.hire()
    for _ in range(3):
        await api(anna, "query Mine { departments { totalCount } }")
    await api(anna, "query Mine { nothing }")
    await api(None, "{ viewer { employee { name } } }")
    found = await numbers(api)
    (operation,) = [name for name in found if re.match(r"meritbook_operation_seconds_count.*Mine", name)]
    assert found[operation] == 3
    assert re.search(r'document="[0-9a-f]{12}"', operation)
    assert found['meritbook_errors_total{code="GRAPHQL_VALIDATION_FAILED"}'] == 1
    assert found['meritbook_errors_total{code="UNAUTHENTICATED"}'] == 1
    assert found['meritbook_answers_total{how="anew"}'] == 2
    assert found['meritbook_answers_total{how="given again"}'] == 1
    assert found["meritbook_answers_kept"] == 1
    assert found["meritbook_requests_under_way"] == 0
    assert sum(value for name, value in found.items() if name.startswith("meritbook_http_responses_total")) == 5


async def test_no_client_can_make_the_numbers_grow_without_end(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "OPERATIONS", 3)
    for number in range(10):
        await api(None, f"query Q{number} {{ __typename }}")
    found = await numbers(api)
    counts = {name: value for name, value in found.items() if name.startswith("meritbook_operation_seconds_count")}
    assert len(counts) == 4
    assert sum(counts.values()) == 10


async def test_metrics_are_for_the_machine_itself_or_for_whoever_has_the_token(api: Api) -> None:
    async def status(client: str, token: str | None = None, **headers: str) -> int:
        transport = httpx.ASGITransport(app(api.organisation, metrics_token=token), client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            return (await http.get("/metrics", headers=headers)).status_code

    assert await status("127.0.0.1") == await status("::1") == 200
    assert await status("10.0.0.7") == 403
    assert await status("127.0.0.1", **{"x-forwarded-for": "10.0.0.7"}) == 403
    assert await status("10.0.0.7", "a-token-for-prometheus", authorization="Bearer a-token-for-prometheus") == 200
    assert await status("127.0.0.1", "a-token-for-prometheus") == 401
    assert await status("127.0.0.1", "a-token-for-prometheus", authorization="Bearer another") == 401
