"""Changes, as they are followed: each once, in order, on any server, by whoever may see them as of now."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from typing import Any

import pytest

from domain.employee import Employee, Reason
from domain.role import Role
from tests._api import Api, api_of, gid
from tests._socket import CHANGES, FACTS, POSITIONS, Client, bearer, client_of, newest, served


@pytest.fixture
async def url(api: Api) -> AsyncIterator[str]:
    async with served(api.organisation) as address:
        yield address


async def test_a_change_is_told_as_the_history_tells_it(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    after = await newest(api, reviewer)
    told = CHANGES + "position topic about version effective at actor { name } reason commandId data redacted } } }"
    asked = """{ events(last: 1) { edges { cursor node {
        position topic about version effective at actor { name } reason commandId data redacted } } } }"""
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(told, after=after)
        await api.hire("Anna")
        (change,) = await client.changes(1)
        (edge,) = (await api.data(reviewer, asked))["events"]["edges"]
        assert change == {"cursor": edge["cursor"], "event": edge["node"]}
        assert change["event"]["redacted"] == ["name", "workEmail", "workPhone"]


async def test_without_a_cursor_it_begins_now(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    async with client_of(url, bearer(api, reviewer)) as client:
        head = await api.log.head()
        await client.subscribe(POSITIONS)
        hearing = asyncio.create_task(client.changes(2))
        while not hearing.done():
            await api.hire()
            await asyncio.sleep(0.1)
        first, second = (each["event"]["position"] for each in await hearing)
        assert head < first == second - 1


async def test_it_goes_on_after_a_cursor_without_a_gap_or_a_repetition_while_commits_go_on(
    api: Api, url: str, tmp_path: Any, database_url: str
) -> None:
    reviewer, dice = await api.clerk("history.view"), random.Random(1)
    after = await newest(api, reviewer)
    start = await api.log.head()
    told: list[dict[str, Any]] = []
    async with api_of(database_url, tmp_path) as other, served(other.organisation) as elsewhere:

        async def work(one: Api) -> None:
            for n in range(60):
                await one.hire(f"Somebody {n}")
                await asyncio.sleep(dice.random() / 100)

        working = asyncio.gather(work(api), work(api), work(other), work(other))
        while len(told) < 240:
            async with client_of(dice.choice([url, elsewhere]), bearer(api, reviewer)) as client:
                await client.subscribe(FACTS, after=told[-1]["cursor"] if told else after)
                told += await client.changes(min(dice.randrange(1, 60), 240 - len(told)))
        await working
    assert [each["event"]["position"] for each in told] == list(range(start + 1, start + 241))


async def test_filters_are_those_of_the_history_and_a_cursor_belongs_to_its_filter(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view", "personal.view")
    anna = await api.hire("Anna")
    where = {"about": {"eq": gid("Employee", anna)}, "topic": {"startsWith": "employee."}}
    query = "query ($where: EventWhere) { events(first: 1, where: $where) { pageInfo { endCursor } } }"
    after = (await api.data(reviewer, query, where=where))["events"]["pageInfo"]["endCursor"]
    await api.hire("Bo")
    await api.run(Employee, anna, Employee.correct_personal_details, name="Anne")
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(FACTS, after=after, where=where)
        (change,) = await client.changes(1)
        assert change["event"]["data"]["name"] == "Anne"
        await api.hire("Cy")
        await api.run(Employee, anna, Employee.correct_personal_details, name="Ann")
        assert (await client.changes(1))[0]["event"]["data"]["name"] == "Ann"
        for wrong in ({"after": after}, {"after": change["cursor"], "where": {}}, {"after": "x"}):
            await client.subscribe(FACTS, **wrong)
            said = await client.hear()
            assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", "BAD_CURSOR")


async def test_a_cursor_of_a_log_that_was_restored_is_refused(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    after = await newest(api, reviewer)
    await api.organisation.pool.execute("UPDATE store.head SET position = position - 1")
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(POSITIONS, after=after)
        assert (await client.hear())["payload"][0]["extensions"]["code"] == "BAD_CURSOR"
    await api.organisation.pool.execute("UPDATE store.head SET position = position + 1")


async def test_only_reviewers_follow_and_nobody_who_is_not_signed_in(api: Api, url: str) -> None:
    anna = await api.hire()
    for token, code in ((bearer(api, anna), "FORBIDDEN_FIELD"), (None, "UNAUTHENTICATED")):
        async with client_of(url, token) as client:
            await client.subscribe(POSITIONS)
            said = await client.hear()
            assert (said["type"], said["payload"][0]["extensions"]["code"]) == ("error", code)


async def test_everybody_is_told_what_they_may_see_and_cursors_of_their_own(api: Api, url: str) -> None:
    anna = await api.clerk("history.view", name="Anna")
    bo = await api.clerk("history.view", name="Bo")
    both = await api.clerk("history.view", "personal.view")
    cursors = set()
    async with AsyncExitStack() as stack:
        clients = []
        for who in (anna, bo, both):
            clients.append(await stack.enter_async_context(client_of(url, bearer(api, who))))
            await clients[-1].subscribe(FACTS, after=await newest(api, who))
        await api.run(Employee, anna, Employee.correct_personal_details, name="Anne")
        for client, name in zip(clients, ("Anne", None, "Anne"), strict=True):
            (change,) = await client.changes(1)
            assert change["event"]["data"]["name"] == name
            assert change["event"]["redacted"] == ([] if name else ["name", "workEmail", "workPhone"])
            cursors.add(change["cursor"])
        assert len(cursors) == 3


async def test_rights_that_are_taken_are_taken_at_once(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    role = await api.permit(reviewer, "personal.view")
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(FACTS, after=await newest(api, reviewer))
        await api.hire("Anna")
        assert (await client.changes(1))[0]["event"]["data"]["name"] == "Anna"
        await api.run(Role, role, Role.revoke, permission="personal.view")
        await api.hire("Bo")
        revoked, hired = await client.changes(2)
        assert revoked["event"]["topic"] == "role.revoked"
        assert hired["event"]["data"]["name"] is None


async def test_whoever_may_not_see_the_history_any_more_is_told_so_and_goes_on_when_they_may(
    api: Api, url: str
) -> None:
    reviewer = await api.hire()
    role = await api.permit(reviewer, "history.view")
    async with client_of(url, bearer(api, reviewer)) as client:
        id = await client.subscribe(POSITIONS, after=await newest(api, reviewer))
        await api.hire()
        (last,) = await client.changes(1)
        await api.run(Role, role, Role.revoke, permission="history.view")
        await api.hire()
        said = await client.hear()
        assert (said["id"], said["type"], said["payload"][0]["extensions"]["code"]) == (id, "error", "FORBIDDEN_FIELD")
        await api.permit(reviewer, "history.view")
        await client.subscribe(POSITIONS, after=last["cursor"])
        (first, *_) = await client.changes(3)
        assert first["event"]["position"] == last["event"]["position"] + 1


async def test_whoever_leaves_is_shown_out(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(POSITIONS, after=await newest(api, reviewer))
        await api.hire()
        await client.changes(1)
        await api.run(Employee, reviewer, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
        code, reason = await client.farewell()
        assert code == 4403
        assert "sign in" in reason


async def test_what_comes_in_a_burst_is_told_page_by_page(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    start = await api.log.head()
    after = await newest(api, reviewer)
    await asyncio.gather(*(api.hire() for _ in range(350)))
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(FACTS, after=after)
        positions = [each["event"]["position"] for each in await client.changes(350)]
    assert positions == list(range(start + 1, start + 351))


async def test_two_hundred_follow_and_share_what_is_read(api: Api, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewers = [await api.clerk("history.view") for _ in range(4)]
    async with AsyncExitStack() as stack:
        clients: list[Client] = []
        for n in range(40):
            who = reviewers[n % 4]
            clients.append(await stack.enter_async_context(client_of(url, bearer(api, who))))
            after = await newest(api, who)
            for _ in range(5):
                await clients[-1].subscribe(FACTS, after=after)
        await asyncio.sleep(0.5)
        asked, fetchrow = [], api.organisation.reading.fetchrow

        async def counted(query: str, *args: Any) -> Any:
            asked.append(query)
            return await fetchrow(query, *args)

        monkeypatch.setattr(api.organisation.reading, "fetchrow", counted)
        start = await api.log.head()
        for n in range(20):
            await api.hire(f"Somebody {n}")
        for client in clients:
            positions = [each["event"]["position"] for each in await client.changes(100)]
            assert sorted(positions) == sorted(list(range(start + 1, start + 21)) * 5)
        assert len([each for each in asked if "store.log" in each]) <= 80


async def test_what_sql_alone_can_tell_is_told_by_it(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    query = """subscription Named($after: String, $with: Boolean = false) { news: changes(after: $after) {
        __typename at: cursor same: cursor fact: event { position at: topic actor { name } data @include(if: $with) }
    } }"""
    async with client_of(url, bearer(api, reviewer)) as client:
        for with_data in (False, True):
            await client.subscribe(query, after=await newest(api, reviewer), **{"with": with_data})
            await api.hire("Anna")
            said = (await client.hear())["payload"]["data"]["news"]
            assert said["__typename"] == "Change"
            assert said["at"] == said["same"] == await newest(api, reviewer)
            assert said["fact"]["at"] == "employee.hired"
            assert ("data" in said["fact"]) is with_data
            await client.say(type="complete", id="1")


@pytest.mark.parametrize("more", ["", "data"])
async def test_what_depends_on_who_asks_is_made_for_each(api: Api, url: str, more: str) -> None:
    """Both hold the same permissions, stand at the same place and ask the same."""
    anna, bo = [await api.clerk("history.view", "target.set") for _ in range(2)]
    asked = f"changes(after: $after) {{ event {{ actor {{ hiredOn }} {more} }} }}"
    async with client_of(url, bearer(api, anna)) as hers, client_of(url, bearer(api, bo)) as his:
        for client, who in ((hers, anna), (his, bo)):
            await client.subscribe(f"subscription ($after: String) {{ {asked} }}", after=await newest(api, who))
        await api.run(Employee, bo, Employee.promote, title="Boss", effective=date(2017, 1, 1), by=anna)
        assert (await hers.changes(1))[0]["event"]["actor"] == {"hiredOn": "2016-01-01"}
        assert (await his.changes(1))[0]["event"]["actor"] == {"hiredOn": None}


async def test_one_change_may_not_cost_more_than_it_should(api: Api, url: str) -> None:
    reviewer = await api.clerk("history.view")
    wide = "subscription { changes { event { actor { reports(first: 200) { nodes { name title number id } } } } } }"
    async with client_of(url, bearer(api, reviewer)) as client:
        await client.subscribe(wide)
        assert (await client.hear())["payload"][0]["extensions"]["code"] == "QUERY_TOO_COMPLEX"
        await client.subscribe("subscription ($on: Boolean = false) { changes @include(if: $on) { cursor } }")
        assert (await client.hear())["type"] == "error"
