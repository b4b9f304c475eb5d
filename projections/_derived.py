"""What PostgreSQL derives from the rows of a read model, in the same commit: closures of trees, and ranks.

Triggers do it, so that it holds whoever writes the rows: a commit, a catch-up, or a rebuild beside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from projections._kernel import ReadModel

DIGITS, LONGEST = 3, 18
LEAST = f"""CASE WHEN value < 0 THEN '-Infinity'
    {" ".join(f"WHEN value < 1e{n} THEN trunc(value, {DIGITS - n})" for n in range(1, LONGEST))}
    ELSE trunc(value, {DIGITS - LONGEST}) END"""
"""The least value of the bucket that a value is counted in: its first three digits (12,345 is counted from 12,300).

So there are a thousand buckets or two where most values are, however large these are, and none has many that differ.
Below 10 there are two decimals. What is below nought has one bucket, for no score is.
"""


def derived(model: ReadModel) -> list[Table]:
    """The tables that are kept beside this one."""
    return [table for table in (model.closure, model.ranks) if table is not None]


def keepers(model: ReadModel) -> list[str]:
    """What keeps them: triggers, with a function each that has all names written in, so that ranks keep their plans.

    A plan may have been made for one row and be used for thousands: none joins what a statement has changed to itself.
    """
    statements = []
    if model.tree:
        for event, changed in _CHANGED.items():
            body = (
                _LEAVES if event == "INSERT" else ""
            ) + f"SELECT array_agg(id) INTO changed FROM ({changed}) c;{_TREE}"
            named = body.format(**_names(model))
            statements += _keeper(model, "tree", event, f"DECLARE changed uuid[]; BEGIN {named} RETURN NULL; END")
        comes = f"BEFORE INSERT ON {_named(model.table)} FOR EACH ROW"
        statements += _trigger(model, "keep_line", comes, _LINE.format(**_names(model)))
    if model.ranked:
        for event, signs in _COUNTED.items():
            rows = " UNION ALL ".join(f"SELECT *, {by} AS by FROM {which}" for which, by in signs.items())
            counted = f"{_counted(model, rows)}{_grown(model)}"
            statements += _keeper(model, "ranks", event, f"BEGIN {counted}; RETURN NULL; END")
    return statements


_PLANS = {"tree": "SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off", "ranks": ""}
"""A tree is looked up row by row: nobody knows beforehand how few of the many rows are below somebody."""

_WHEN = {"tree": "WHEN (pg_trigger_depth() = 0)", "ranks": ""}
"""What keeps a tree writes the rows' lines, and that alone moves nobody."""

_SEEN = {"INSERT": "NEW", "DELETE": "OLD", "UPDATE": "OLD NEW"}
_COUNTED = {"INSERT": {"new_rows": 1}, "DELETE": {"old_rows": -1}, "UPDATE": {"new_rows": 1, "old_rows": -1}}
_CHANGED = {
    "INSERT": "SELECT id FROM new_rows",
    "DELETE": "SELECT id FROM old_rows",
    "UPDATE": "SELECT id, {parent} FROM new_rows EXCEPT SELECT id, {parent} FROM old_rows",
}

_LINE = """SET enable_seqscan = off AS $$ BEGIN
    NEW.line := NEW.id || coalesce((SELECT r.line FROM {rows} r WHERE r.id = NEW.{parent}), '{{}}');
    RETURN NEW;
END $$"""
"""Who is above a row stands in the row, too: as it comes, if its parent was there before."""

_LEAVES = """
    IF NOT EXISTS (SELECT FROM new_rows n JOIN {rows} r ON r.{parent} = n.id) THEN
        -- Nobody is below any of them, as is usual for whoever is new.
        INSERT INTO {tree} (ancestor, descendant, depth)
        SELECT id, id, 0 FROM new_rows
        UNION ALL SELECT t.ancestor, n.id, t.depth + 1 FROM new_rows n JOIN {tree} t ON t.descendant = n.{parent};
        RETURN NULL;
    END IF;
"""

_ABOVE = """
    WITH RECURSIVE above (ancestor, descendant, depth, next) AS (
        SELECT r.id, r.id, 0, r.{parent} FROM {which}
        UNION ALL
        SELECT r.id, a.descendant, a.depth + 1, r.{parent} FROM above a JOIN {rows} r ON r.id = a.next
    ) CYCLE ancestor SET cyclic USING path, lines AS MATERIALIZED (
        SELECT descendant, array_agg(ancestor ORDER BY depth) AS line FROM above WHERE NOT cyclic GROUP BY descendant
    )
    UPDATE {rows} r SET line = l.line FROM lines l WHERE r.id = l.descendant AND r.line IS DISTINCT FROM l.line;
"""
"""Who is above them, found by walking up, stands in the rows' lines."""

_PAIRS = """
    INSERT INTO {tree} (ancestor, descendant, depth)
    SELECT a.id, r.id, a.place - 1 FROM {which} CROSS JOIN unnest(r.line) WITH ORDINALITY a (id, place)
    ON CONFLICT DO NOTHING;
"""
"""What the lines say, in the tree: pairs that are there already stay as they are."""

_TREE = """
    IF changed IS NULL THEN
        RETURN NULL;
    END IF;
    -- Whoever is below a changed row, before or after the change, is looked at anew; what is the same stays.
    WITH RECURSIVE below (id) AS (
        SELECT unnest(changed)
        UNION SELECT t.descendant FROM {tree} t WHERE t.ancestor = ANY (changed)
        UNION SELECT r.id FROM below b JOIN {rows} r ON r.{parent} = b.id
    )
    SELECT array_agg(id) FROM below INTO changed;
""" + (
    _ABOVE
    + """
    DELETE FROM {tree} t USING unnest(changed) c (id)
    WHERE t.descendant = c.id AND NOT EXISTS (
        SELECT FROM {rows} r WHERE r.id = c.id AND r.line[t.depth + 1] = t.ancestor
    );"""
    + _PAIRS
).replace("{which}", "unnest(changed) c (id) JOIN {rows} r ON r.id = c.id")


def _counted(model: ReadModel, rows: str) -> str:
    """Adds these rows, `by` times each, to the buckets that they are in."""
    assert model.ranked is not None
    within = listed(model.ranked.within)
    return f"""
        INSERT INTO {_named(model.ranks)} AS c ({within}, least, n)
        SELECT {within}, {LEAST} AS least, sum(by)
        FROM (SELECT {within}, "{model.ranked.value}"::numeric AS value, by FROM ({rows}) r) r
        WHERE value IS NOT NULL
        GROUP BY {within}, least
        HAVING sum(by) <> 0"""


def _grown(model: ReadModel) -> str:
    """What becomes of counts that are there already."""
    assert model.ranked is not None
    return f"""
        ON CONFLICT ({listed(model.ranked.within)}, least) DO UPDATE SET n = c.n + excluded.n"""


def _keeper(model: ReadModel, what: str, event: str, body: str) -> list[str]:
    tables = " ".join(f"{which} TABLE AS {which.lower()}_rows" for which in _SEEN[event].split())
    when = f"AFTER {event} ON {_named(model.table)} REFERENCING {tables} FOR EACH STATEMENT {_WHEN[what]}"
    return _trigger(model, f"keep_{what}_on_{event.lower()}", when, f"{_PLANS[what]} AS $${body}$$")


def _trigger(model: ReadModel, name: str, when: str, does: str) -> list[str]:
    function = f'"{model.table.schema}"."{model.table.name}_{name}"()'
    return [
        f"CREATE OR REPLACE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql {does}",
        f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION {function}",
    ]


def _names(model: ReadModel) -> dict[str, str]:
    """Those that stand in what keeps a tree."""
    return {"rows": _named(model.table), "tree": _named(model.closure), "parent": f'"{model.tree}"'}


def listed(names: Iterable[str]) -> str:
    """Names of columns, as statements have them."""
    return ", ".join(f'"{name}"' for name in names)


def _named(table: Table | None) -> str:
    assert table is not None
    return f'"{table.schema}"."{table.name}"'


def filled(model: ReadModel) -> list[str]:
    """What fills them at once, from rows that were written without triggers; they are empty."""
    statements = []
    if model.tree:
        every = f"{_named(model.table)} r"
        statements += [each.format(which=every, **_names(model)) for each in (_ABOVE, _PAIRS)]
    if model.ranked is not None:
        counted = _counted(model, f"SELECT *, 1 AS by FROM {_named(model.table)}")
        in_order = f"ORDER BY {listed(model.ranked.within)}, least"  # a rank goes through many that follow each other
        statements.append(f"{counted} {in_order}")
    return statements


# ── Ranks, asked for ──


class Rank(ColumnElement[int]):
    """The rank that `value` has among the rows that agree with `within`: 1 and how many are greater (1, 2, 2, 4).

    Counts the buckets that begin above it, and single rows only up to where the first of these begins. It is written
    out, for SQLAlchemy would take milliseconds to write it each time.
    """

    inherit_cache = False

    def __init__(self, model: ReadModel, value: ColumnElement[Any], within: Mapping[str, ColumnElement[Any]]) -> None:
        self.model, self.value, self.within, self.type = model, value, within, BigInteger()


@compiles(Rank)
def _rank(it: Rank, compiler: SQLCompiler, *, literal_binds: bool = False, **_: Any) -> str:
    assert it.model.ranked is not None
    written = partial(compiler.process, literal_binds=literal_binds)
    within = it.model.ranked.within
    return _RANK.format(
        value=written(it.value),
        within=", ".join(f'{written(it.within[name])} AS "{name}"' for name in within),
        agreeing=" AND ".join(f'r."{name}" = v."{name}"' for name in within),
        ranks=_named(it.model.ranks),
        rows=_named(it.model.table),
        column=f'"{it.model.ranked.value}"',
    )


_RANK = """(
    SELECT 1 + coalesce(above.n, 0) + (
        SELECT count(*) FROM {rows} r
        WHERE {agreeing} AND r.{column} > v.value AND r.{column} < coalesce(above.least, 'Infinity')
    )
    FROM (SELECT ({value})::numeric AS value, {within} OFFSET 0) v, LATERAL (
        SELECT sum(r.n)::bigint AS n, min(r.least) AS least FROM {ranks} r WHERE {agreeing} AND r.least > v.value
    ) above
)"""
"""The values are found once: with an OFFSET they are not merged into each place."""
