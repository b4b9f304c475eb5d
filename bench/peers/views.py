"""What PostGraphile is shown: our read tables as views of simple names, with the relations between them."""

from __future__ import annotations

from bench.peers.tables import tables
from domain.score import Metric

COLUMNS = {
    "employees": "id, number, name, work_email, title, department_id, manager_id, status, hired_on, left_on, version",
    "departments": "id, code, name",
    "work_items": "id, title",
    "assignments": "id, employee_id, work_item_id, since, state",
    "scores": "id, employee_id, metric, value, effective",
}

RELATIONS = {
    "employees": (
        ("department_id", "departments", "department", "members"),
        ("manager_id", "employees", "manager", "reports"),
    ),
    "departments": (),
    "work_items": (),
    "assignments": (
        ("employee_id", "employees", "employee", "assignments"),
        ("work_item_id", "work_items", "workItem", "assignments"),
    ),
    "scores": (("employee_id", "employees", "employee", "scores"),),
}

BY_EMPLOYEE = "@foreignKey (employee_id) references peer.employees (id)|@fieldName employee"

BOARD = """
CREATE FUNCTION peer.leaderboard (period text) RETURNS SETOF peer.standings LANGUAGE sql STABLE AS $$
    SELECT employee_id, rank() OVER (ORDER BY points DESC)::int AS rank, points AS value FROM {standings} s
    WHERE board = (SELECT number FROM {boards} WHERE b.period = leaderboard.period) AND points IS NOT NULL
    ORDER BY points DESC, employee_id LIMIT 100
$$
"""


def statements(ranked: Metric) -> list[str]:
    """What makes them; boards are of this metric."""
    names_of = tables(ranked)
    found = ["DROP SCHEMA IF EXISTS peer CASCADE", "CREATE SCHEMA peer"]
    for name, columns in COLUMNS.items():
        tags = ["@primaryKey id"]
        for column, other, forwards, backwards in RELATIONS[name]:
            names = f"@fieldName {forwards}|@foreignFieldName {backwards}"
            tags.append(f"@foreignKey ({column}) references peer.{other} (id)|{names}")
        found += [
            f"CREATE VIEW peer.{name} AS SELECT {columns} FROM {names_of[name]}",
            f"COMMENT ON VIEW peer.{name} IS E'{chr(92)}n'".replace("\\n", "\\n".join(tags)),
        ]
    found += [
        "CREATE VIEW peer.standings AS SELECT NULL::uuid AS employee_id, NULL::int AS rank, NULL::numeric AS value",
        f"COMMENT ON VIEW peer.standings IS '{BY_EMPLOYEE}'",
        BOARD.format(**names_of),
    ]
    return found
