"""The limit of one Python process: a Starlette route for each question, and SQL written by hand whose bytes are sent.

No GraphQL, no schema, no arguments but one, nobody signed in, no rules. The server and the connections are set up as
ours are. Beside, for whoever wants to know whether rules are kept: the same for the manager who is number 1, with the
rules written in.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.organisation import employee_id
from bench.peers.tables import TABLES
from store.pool import DAY, Connection

EIGHT = (
    """number, name, work_email AS "workEmail", title, status, hired_on AS "hiredOn", left_on AS "leftOn", version"""
)

EMPLOYEE = f"""
SELECT json_build_object('data', json_build_object('employee', (
    SELECT row_to_json(o) FROM (SELECT {EIGHT} FROM {{employees}} WHERE id = $1) o)))
"""

MEMBERS = f"""
SELECT json_build_object('data', json_build_object('department', json_build_object('members', json_build_object(
    'nodes', (SELECT coalesce(json_agg(o), '[]') FROM (
        SELECT {EIGHT} FROM {{employees}} WHERE department_id = $1 AND status = 'ACTIVE' ORDER BY name, id LIMIT 100
    ) o)))))
"""

NESTED = """
SELECT json_build_object('data', json_build_object('department', json_build_object('members', json_build_object(
    'nodes', (SELECT coalesce(json_agg(o), '[]') FROM (
        SELECT e.number, e.name,
            (SELECT row_to_json(m) FROM (SELECT m.number, m.name FROM {employees} m WHERE m.id = e.manager_id) m
            ) AS manager,
            (SELECT row_to_json(d) FROM (SELECT d.code, d.name FROM {departments} d WHERE d.id = e.department_id) d
            ) AS department,
            (SELECT json_build_object('nodes', coalesce(json_agg(a), '[]')) FROM (
                SELECT a.state, a.since AS "from",
                    (SELECT row_to_json(w) FROM (SELECT w.title FROM {work_items} w WHERE w.id = a.work_item_id) w
                    ) AS "workItem"
                FROM {assignments} a WHERE a.employee_id = e.id ORDER BY a.since DESC, a.id DESC LIMIT 5) a
            ) AS assignments,
            (SELECT json_build_object('nodes', coalesce(json_agg(s), '[]')) FROM (
                SELECT s.metric, s.value::text AS value, s.effective
                FROM {scores} s WHERE s.employee_id = e.id ORDER BY s.effective DESC, s.id DESC LIMIT 5) s
            ) AS scores
        FROM (
            SELECT * FROM {employees} WHERE department_id = $1 AND status = 'ACTIVE' ORDER BY name, id LIMIT 50
        ) e
    ) o)))))
"""

LEADERBOARD = """
SELECT json_build_object('data', json_build_object('leaderboard', json_build_object(
    'entries', (SELECT coalesce(json_agg(o), '[]') FROM (
        SELECT s.rank, s.value::text AS value,
            (SELECT row_to_json(e) FROM (SELECT e.number, e.name FROM {employees} e WHERE e.id = s.employee_id) e
            ) AS employee
        FROM (
            SELECT employee_id, points, points AS value, rank() OVER (ORDER BY points DESC)
            FROM {standings}
            WHERE board = (SELECT number FROM {boards} WHERE period = $1) AND points IS NOT NULL
            ORDER BY points DESC, employee_id LIMIT 100
        ) s ORDER BY points DESC, employee_id
    ) o))))
"""

COUNTED_RANK = """
SELECT json_build_object('data', json_build_object('standing', (
    SELECT row_to_json(o) FROM (
        SELECT 1 + (
            SELECT count(*) FROM {standings} s
            WHERE s.board = {first_quarter} AND s.points > mine.points
        ) AS rank, points::text AS value
        FROM {standings} mine
        WHERE board = {first_quarter} AND employee_id = $1
    ) o)))
"""

QUESTIONS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "A": (EMPLOYEE, UUID),
    "B": (MEMBERS, UUID),
    "C": (NESTED, UUID),
    "D": (LEADERBOARD, str),
    "E": (COUNTED_RANK, UUID),
}


# ── The same for a manager ──

MANAGER = employee_id(1)

_MINE = f"EXISTS (SELECT FROM {{reporting}} t WHERE t.ancestor = '{MANAGER}' AND t.descendant = "
"""Followed by whom something is about: the manager, or anybody below."""

_DATES = 'hired_on AS "hiredOn", left_on AS "leftOn"'
_DATES_OF_MINE = (
    f'CASE WHEN {_MINE}id) THEN hired_on END AS "hiredOn", CASE WHEN {_MINE}id) THEN left_on END AS "leftOn"'
)

AS_MANAGER: dict[str, str] = {
    "A": EMPLOYEE.replace(_DATES, _DATES_OF_MINE),
    "B": MEMBERS.replace(_DATES, _DATES_OF_MINE),
    "C": NESTED.replace("WHERE a.employee_id = e.id", f"WHERE a.employee_id = e.id AND {_MINE}a.employee_id)").replace(
        "WHERE s.employee_id = e.id", f"WHERE s.employee_id = e.id AND {_MINE}s.employee_id)"
    ),
    "D": LEADERBOARD.replace(
        "s.value::text AS value", f"CASE WHEN {_MINE}s.employee_id) THEN s.value::text END AS value"
    ),
}
"""When somebody was hired and left, what they work on and how they scored, is seen by themselves and those above."""


async def serve() -> None:
    pool = await _pool(os.environ["DATABASE_URL"])
    routes = [Route(f"/{name}", _route(pool, sql, of), methods=["POST"]) for name, (sql, of) in QUESTIONS.items()]
    routes += [
        Route(f"/manager/{name}", _route(pool, sql, QUESTIONS[name][1]), methods=["POST"])
        for name, sql in AS_MANAGER.items()
    ]
    config = uvicorn.Config(
        Starlette(routes=routes), port=int(os.environ["PORT"]), http="httptools", access_log=False, server_header=False
    )
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    await uvicorn.Server(config).serve()


async def _pool(url: str) -> Any:
    """asyncpg's own pool: statements stay prepared, nothing is reset, JSON arrives as the bytes that are sent on."""

    async def ready(connection: Any) -> None:
        await connection.execute("SET jit = off")
        await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")

    return await asyncpg.create_pool(
        url,
        min_size=1,
        init=ready,
        connection_class=Connection,
        max_inactive_connection_lifetime=DAY,
        max_cached_statement_lifetime=0,
        command_timeout=30.0,
        server_settings={"timezone": "UTC"},
    )


def _route(pool: Any, sql: str, of: Callable[[str], Any]) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    statement = sql.format(**TABLES)

    async def answer(request: Request) -> Response:
        asked = json.loads(await request.body())
        return Response(await pool.fetchval(statement, of(asked["id"])), media_type="application/json")

    return answer


if __name__ == "__main__":
    asyncio.Runner(loop_factory=uvloop.new_event_loop).run(serve())
