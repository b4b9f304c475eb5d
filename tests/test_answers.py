"""Answers that are kept: given again while nothing has happened that could change them, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import pytest

from domain.employee import Employee, Reason
from domain.role import Role
from domain.score import Metric, Score
from projections._build import catch_up, rebuild
from projections.employees import employees
from projections.scores import scores
from schema._answers import Answers, Course, Kept, Moment, dated, written
from server import app
from tests._api import EVERYTHING, Api, api_of, gid

EMPLOYEE = "query ($id: ID!) { employee(id: $id) { name title manager { name } reports(first: 1) { nodes { name } } } }"
SCORES = "query ($id: ID!) { employee(id: $id) { scores(first: 5) { nodes { metric value } } } }"
DAY = date(2017, 3, 1)


@dataclass(frozen=True, slots=True)
class Server:
    """What one server process keeps in memory, over an organisation that others may have open too."""

    api: Api
    http: httpx.AsyncClient
    answers: Answers

    async def ask(self, who: UUID | None, document: str, **variables: Any) -> bytes:
        headers = {"x-request-id": "one-and-the-same", "content-type": "application/json"}
        if who is not None:
            headers["authorization"] = f"Bearer {self.api.organisation.identity.token(who)}"
        asked = json.dumps({"query": document, "variables": variables}).encode()
        self.answers.hear(asked)  # as if it had been: what is asked but once is not kept
        response = await self.http.post("/graphql", content=asked, headers=headers)
        assert response.headers["cache-control"] == "no-store"
        assert int(response.headers["content-length"]) == len(response.content)
        return response.content

    async def is_given_again(self, who: UUID, document: str, **variables: Any) -> bool:
        before = self.answers.hits
        await self.ask(who, document, **variables)
        return self.answers.hits > before


@asynccontextmanager
async def serving(api: Api, *, answers_mb: float = 64.0) -> AsyncIterator[Server]:
    it = app(api.organisation, answers_mb=answers_mb)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(it), base_url="http://api") as http:
        yield Server(api, http, api.log.watchers[-1].__self__)  # type: ignore[attr-defined]


@pytest.fixture
async def server(api: Api) -> AsyncIterator[Server]:
    async with serving(api) as it:
        yield it


@pytest.fixture
async def others(api: Api, database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    """Another server process on the same database."""
    async with api_of(database_url, tmp_path) as another, serving(another) as it:
        yield it


# ── Given again, until something happens ──


async def test_the_same_question_is_answered_from_memory(api: Api, server: Server) -> None:
    anna = await api.hire()
    first = await server.ask(anna, EMPLOYEE, id=gid("Employee", anna))
    assert await server.is_given_again(anna, EMPLOYEE, id=gid("Employee", anna))
    assert await server.ask(anna, EMPLOYEE, id=gid("Employee", anna)) == first
    assert b"Anna" in first


async def test_what_is_asked_but_once_is_not_kept(api: Api, server: Server) -> None:
    headers = {"authorization": f"Bearer {api.organisation.identity.token(await api.hire())}"}
    for kept in (0, 1, 1):
        await server.http.post("/graphql", json={"query": "{ departments { totalCount } }"}, headers=headers)
        assert len(server.answers) == kept
    assert (server.answers.hits, server.answers.misses) == (1, 2)


async def test_what_has_changed_is_seen(api: Api, server: Server) -> None:
    anna = await api.hire()
    await server.ask(anna, EMPLOYEE, id=gid("Employee", anna))
    await api.run(Employee, anna, Employee.promote, title="Chief", effective=DAY)
    assert b"Chief" in await server.ask(anna, EMPLOYEE, id=gid("Employee", anna))


async def test_a_commit_elsewhere_in_the_organisation_leaves_an_answer_standing(api: Api, server: Server) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    await server.ask(boss, EMPLOYEE, id=gid("Employee", anna))
    await server.ask(boss, SCORES, id=gid("Employee", anna))
    for _ in range(3):
        await _score(api, anna, by=boss)
        assert await server.is_given_again(boss, EMPLOYEE, id=gid("Employee", anna))
        assert not await server.is_given_again(boss, SCORES, id=gid("Employee", anna))


async def test_what_another_process_has_written_is_seen(api: Api, server: Server, others: Server) -> None:
    anna = await api.hire()
    for n in range(10):
        writing, reading = (others, server)[:: (-1) ** n]
        title = f"Chief {n}"
        await reading.ask(anna, EMPLOYEE, id=gid("Employee", anna))
        await writing.api.run(Employee, anna, Employee.promote, title=title, effective=DAY + timedelta(n))
        for each in (reading, writing):
            assert title.encode() in await each.ask(anna, EMPLOYEE, id=gid("Employee", anna))


async def test_own_commits_around_those_of_another_process_hide_nothing(
    api: Api, server: Server, others: Server
) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    await _score(api, anna, by=boss)
    await server.ask(boss, EMPLOYEE, id=gid("Employee", anna))
    await _score(api, anna, by=boss)
    await others.api.run(Employee, anna, Employee.promote, title="Chief", effective=DAY)
    await _score(api, anna, by=boss)
    assert b"Chief" in await server.ask(boss, EMPLOYEE, id=gid("Employee", anna))


async def test_a_commit_while_reads_are_under_way_is_seen_by_every_later_one(
    api: Api, server: Server, others: Server
) -> None:
    anna = await api.hire()
    said: list[str] = ["Sales agent"]

    async def read(it: Server) -> None:
        while len(said) < 15:
            known = len(said)
            found = (await it.ask(anna, EMPLOYEE, id=gid("Employee", anna))).decode()
            assert any(f'"{title}"' in found for title in said[known - 1 :]) or f'"T{known}"' in found

    async def write() -> None:
        for n in range(1, 15):
            it = (server, others)[n % 2]
            await it.api.run(Employee, anna, Employee.promote, title=f"T{n}", effective=DAY + timedelta(n))
            said.append(f"T{n}")
            await asyncio.sleep(0.005)

    await asyncio.gather(write(), *(read(it) for it in (server, others) for _ in range(6)))
    assert server.answers.hits > 0


async def test_whoever_asks_the_same_at_the_same_time_is_answered_together(api: Api, server: Server) -> None:
    anna = await api.hire()
    await server.ask(anna, "{ viewer { id } }")
    answers = await asyncio.gather(*(server.ask(anna, EMPLOYEE, id=gid("Employee", anna)) for _ in range(20)))
    assert len(set(answers)) == 1


# ── Nobody else's ──


async def test_what_depends_on_who_asks_is_given_to_nobody_else(api: Api, server: Server) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    cy = await api.hire("Cy", manager_id=anna)
    async with serving(api, answers_mb=0) as anew:
        for _ in range(2):
            for who in (boss, anna, cy):
                for whom in (boss, anna, cy):
                    for document in (EMPLOYEE, SCORES):
                        asked = {"id": gid("Employee", whom)}
                        assert await server.ask(who, document, **asked) == await anew.ask(who, document, **asked)
                assert (await server.ask(who, "{ viewer { id } }")) == (await anew.ask(who, "{ viewer { id } }"))
    assert server.answers.hits >= 21


async def test_who_may_the_same_shares_answers_and_who_may_not_is_denied(api: Api, server: Server) -> None:
    document = "{ events(first: 1) { nodes { topic } } }"
    one, other, nobody = await api.clerk("history.view"), await api.clerk("history.view"), await api.hire("No")
    first = await server.ask(one, document)
    assert await server.is_given_again(other, document)
    denied = await server.ask(nobody, document)
    assert b"FORBIDDEN_FIELD" in denied
    assert denied == await server.ask(nobody, document)
    assert first == await server.ask(other, document)
    assert b"UNAUTHENTICATED" in await server.ask(None, document)


async def test_who_loses_a_role_or_leaves_loses_the_answers(api: Api, server: Server, others: Server) -> None:
    document = "{ events(first: 1) { nodes { topic } } }"
    one, other = await api.hire("One"), await api.hire("Other")
    role = await api.permit(one, "history.view")
    await api.run(Role, role, Role.bind, employee_id=other, holder=EVERYTHING)
    for it in (server, others):
        assert b"topic" in await it.ask(one, document)
        assert b"topic" in await it.ask(other, document)
    await others.api.run(Role, role, Role.unbind, employee_id=one, holder=EVERYTHING)
    for it in (server, others):
        assert b"FORBIDDEN_FIELD" in await it.ask(one, document)
        assert b"topic" in await it.ask(other, document)
    await others.api.run(Role, role, Role.revoke, permission="history.view")
    yesterday = datetime.now(UTC).date() - timedelta(1)
    await others.api.run(Employee, one, Employee.terminate, last_day=yesterday, reason=Reason.RESIGNED)
    for it in (server, others):
        assert b"FORBIDDEN_FIELD" in await it.ask(other, document)
        assert b"UNAUTHENTICATED" in await it.ask(one, EMPLOYEE, id=gid("Employee", one))


# ── Read models that are elsewhere ──


async def test_read_models_that_were_built_again_are_read(api: Api, server: Server) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    await api.organisation.pool.execute(f"UPDATE {employees.table} SET title = 'Tampered with'")
    for _ in range(2):
        assert b"Tampered with" in await server.ask(boss, EMPLOYEE, id=gid("Employee", anna))
    await _score(api, anna, by=boss)
    await rebuild(api.organisation.pool, api.log.keys, api.organisation.read_models)
    await _score(api, anna, by=boss)
    assert b"Sales agent" in await server.ask(boss, EMPLOYEE, id=gid("Employee", anna))


async def test_what_is_read_of_a_read_model_that_is_behind_is_not_kept(api: Api, server: Server) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire(manager_id=boss)
    await api.organisation.pool.execute(
        "UPDATE store.head SET live = array_remove(live, $1), recorded_at = recorded_at + interval '1 microsecond'",
        scores.table.name,
    )
    for _ in range(3):
        assert not await server.is_given_again(boss, SCORES, id=gid("Employee", anna))
    await _score(api, anna, by=boss)
    assert b"ATTITUDE" not in await server.ask(boss, SCORES, id=gid("Employee", anna))
    position = await api.log.head()
    await api.organisation.pool.execute("INSERT INTO store.behind VALUES ($1, $2)", scores.table.name, position - 1)
    await catch_up(api.organisation.pool, api.log.keys, api.organisation.read_models)
    assert b"ATTITUDE" in await server.ask(boss, SCORES, id=gid("Employee", anna))


# ── What is kept, and what is not ──


async def test_what_functions_answer_and_mistakes_are_not_kept(api: Api, server: Server) -> None:
    anna = await api.clerk("history.view")
    for _ in range(2):
        await server.ask(anna, "{ events(first: 1) { nodes { data } } }")
        await server.ask(anna, "{ nothing }")
        await server.ask(anna, EMPLOYEE, id="Employee_nonsense")
        await server.ask(anna, EMPLOYEE)
    assert len(server.answers) <= 1
    assert all("nodes { data }" not in each.document for each in server.answers)


async def test_no_more_is_kept_than_there_is_room_for(api: Api) -> None:
    anna = await api.hire()
    async with serving(api, answers_mb=0.02) as server:
        for n in range(50):
            await server.ask(anna, f"query Q{n} {{ departments {{ totalCount }} }}")
            assert server.answers.bytes <= 20_000
        assert 5 < len(server.answers) < 40
        assert sum(each.size for each in server.answers) == server.answers.bytes
        assert await server.is_given_again(anna, "query Q49 { departments { totalCount } }")


async def test_nothing_is_kept_where_there_is_no_room(api: Api) -> None:
    anna = await api.hire()
    async with serving(api, answers_mb=0) as server:
        for _ in range(2):
            assert b"Anna" in await server.ask(anna, EMPLOYEE, id=gid("Employee", anna))
        assert (len(server.answers), server.answers.hits) == (0, 0)


def test_only_statements_that_depend_on_read_models_alone_are_kept() -> None:
    table = f"SELECT name AS f0 FROM read.{employees.table.name} AS t"
    assert dated(table)
    assert dated(f'SELECT 1 FROM "read"."{employees.table.name}_tree"')
    assert dated("SELECT count(*) FROM store.log")
    for unsteady in (
        f"{table} WHERE hired_on < current_date",
        f"{table} WHERE now() > $1",
        f"{table} ORDER BY random()",
        f"{table} WHERE age(hired_on) > $1",
        "SELECT 1 FROM store.commands",
        "SELECT 1 FROM read.whatever",
    ):
        assert dated(unsteady) is None
    assert written(f'UPDATE "read"."{employees.table.name}" t SET x = 1') == {employees.table.name}
    assert not written("SELECT write_everything()")


# ── Moments ──


class At(NamedTuple):
    position: int
    recorded_at: datetime


class Wrote(NamedTuple):
    sql: str


class Committed(NamedTuple):
    head: At
    after: At
    read: tuple[Wrote, ...]


START = datetime(2020, 1, 1, tzinfo=UTC)


def moment(position: int, swapped: int = 0) -> Moment:
    return Moment(position, START + timedelta(seconds=position, microseconds=swapped))


def wrote(before: Moment, after: Moment, *tables: str) -> Committed:
    return Committed(At(*before), At(*after), tuple(Wrote(f"INSERT INTO read.{each} …") for each in tables))


def test_own_commits_that_touched_nothing_of_it_leave_an_answer_standing() -> None:
    course = Course()
    course.committed(wrote(moment(1), moment(2), "a"))
    course.committed(wrote(moment(2), moment(4), "b"))
    assert course.unchanged({"a"}, moment(2), moment(4))
    assert course.unchanged({"c"}, moment(1), moment(4))
    assert not course.unchanged({"a"}, moment(1), moment(4))
    assert not course.unchanged({"a", "b"}, moment(2), moment(4))
    assert not course.unchanged({"log"}, moment(2), moment(4))
    assert not course.unchanged({"c"}, moment(4), moment(2))
    assert not course.unchanged({"c"}, moment(0), moment(4))
    assert not course.unchanged({"c"}, moment(3), moment(4))


@pytest.mark.parametrize(
    "between",
    [
        wrote(moment(3), moment(4), "a"),  # somebody else's commit came before it
        wrote(moment(2, swapped=1), moment(3), "a"),  # read models were swapped before it
        Committed(At(*moment(2)), At(*moment(3)), (Wrote("SELECT write_everything()"),)),
    ],
)
def test_whatever_is_not_known_may_have_changed_everything(between: Committed) -> None:
    course = Course()
    course.committed(wrote(moment(1), moment(2), "a"))
    course.committed(between)
    course.committed(wrote(Moment(*between.after), moment(9), "a"))
    for then in (moment(1), moment(2)):
        assert not course.unchanged({"b"}, then, moment(9))
    assert course.unchanged({"b"}, Moment(*between.after), moment(9))


def test_one_large_answer_does_not_drive_out_all_others() -> None:
    answers = Answers(None, 100_000)  # type: ignore[arg-type]  # nobody asks
    answers.keep(b"small", uuid4(), Kept(b"1" * 100, "", 0, frozenset(), moment(1)))
    answers.keep(b"large", uuid4(), Kept(b"1" * 50_000, "", 0, frozenset(), moment(1)))
    assert [len(each.body) for each in answers] == [100]


async def _score(api: Api, whom: UUID, *, by: UUID) -> None:
    await api.run(
        Score, uuid4(), Score.record, employee_id=whom, metric=Metric.ATTITUDE, value=Decimal(3), effective=DAY, by=by
    )
