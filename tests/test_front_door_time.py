"""An operation has its time: then its SQL is cancelled. And a database that is away is said to be."""

from __future__ import annotations

import asyncio

import asyncpg
import httpx
import pytest

from projections.employees import employees
from schema._endpoint import Manners
from server import app
from tests._api import Api
from tests._door import GRAPHQL, checked

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.mark.parametrize(
    "document", ["{ employees { totalCount } }", "{ employees { totalCount } __schema { queryType { name } } }"]
)
async def test_what_takes_too_long_is_given_up_and_its_sql_cancelled(
    api: Api, database_url: str, document: str
) -> None:
    anna = await api.hire()
    transport = httpx.ASGITransport(app(api.organisation, manners=Manners(time_limit=1.0)))
    headers = {"authorization": f"Bearer {api.organisation.identity.token(anna)}", "accept": GRAPHQL}
    locking = await asyncpg.connect(database_url)
    async with httpx.AsyncClient(transport=transport, base_url="http://door", headers=headers) as http:
        async with locking.transaction():
            await locking.execute(f"LOCK {employees.table} IN ACCESS EXCLUSIVE MODE")
            response = await http.post("/graphql", json={"query": document})
            assert response.status_code == 504
            assert response.json()["errors"][0]["extensions"]["code"] == "TIMEOUT"
            async with asyncio.timeout(60):
                while await locking.fetchval(WAITING):  # noqa: ASYNC110 - PostgreSQL tells nobody
                    await asyncio.sleep(0.01)
        again = await http.post("/graphql", json={"query": document})
        checked(again)
        assert again.json()["data"]["employees"] == {"totalCount": 1}
    await locking.close()


async def test_who_asks_too_often_is_told_whatever_the_address(api: Api) -> None:
    anna, bert = await api.hire(), await api.hire()
    transport = httpx.ASGITransport(app(api.organisation, manners=Manners(viewer_rate=0.4)))
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:

        async def status(who: object) -> int:
            token = api.organisation.identity.token(who)  # type: ignore[arg-type]
            asked = http.post(
                "/graphql", json={"query": "{ viewer { id } }"}, headers={"authorization": f"Bearer {token}"}
            )
            return (await asked).status_code

        assert [await status(each) for each in (anna, anna, anna, bert)] == [200, 200, 429, 200]


async def test_a_database_that_is_away_is_said_to_be(api: Api) -> None:
    anna = await api.hire()
    token = api.organisation.identity.token(anna)
    await api.organisation.reading.close()
    response = await api.http.post(
        "/graphql", json={"query": "{ viewer { id } }"}, headers={"authorization": f"Bearer {token}", "accept": GRAPHQL}
    )
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    (error,) = response.json()["errors"]
    assert error["extensions"]["code"] == "UNAVAILABLE"
