"""What PostgreSQL derives from the rows of a read model, in the same commit: closures of trees, and ranks.

Triggers do it, so that it holds whoever writes the rows: a commit, a catch-up, or a rebuild beside.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Numeric, Table, case, cast, func, literal, select
from sqlalchemy.sql import ColumnElement

from projections._kernel import ReadModel

WIDTHS = (8, 512, 32_768, 2_097_152)
"""The widths of the buckets that values are counted in, each 64 of the one before."""

FUNCTIONS = [
    """
    CREATE OR REPLACE FUNCTION read.keep_tree() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        rows text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
        tree text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME || '_tree');
        parent text := TG_ARGV[0];
        changed uuid[];
    BEGIN
        IF TG_OP = 'INSERT' THEN
            SELECT array_agg(id) INTO changed FROM new_rows;
        ELSIF TG_OP = 'DELETE' THEN
            SELECT array_agg(id) INTO changed FROM old_rows;
        ELSE
            EXECUTE format(
                'SELECT array_agg(n.id) FROM new_rows n JOIN old_rows o USING (id)
                 WHERE n.%1$I IS DISTINCT FROM o.%1$I',
                parent) INTO changed;
        END IF;
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
        -- Whoever is below a changed row, before or after the change, gets all that is above it anew.
        EXECUTE format($q$
            WITH RECURSIVE below (id) AS (
                SELECT unnest($1)
                UNION SELECT t.descendant FROM %2$s t WHERE t.ancestor = ANY ($1)
                UNION SELECT r.id FROM below b JOIN %1$s r ON r.%3$I = b.id
            ), gone AS (
                DELETE FROM %2$s t USING below b WHERE t.descendant = b.id
            )
            SELECT array_agg(id) FROM below $q$, rows, tree, parent) INTO changed USING changed;
        EXECUTE format($q$
            WITH RECURSIVE above (ancestor, descendant, depth, next) AS (
                SELECT r.id, r.id, 0, r.%3$I FROM %1$s r WHERE r.id = ANY ($1)
                UNION ALL
                SELECT r.id, a.descendant, a.depth + 1, r.%3$I FROM above a JOIN %1$s r ON r.id = a.next
            ) CYCLE ancestor SET cyclic USING path
            INSERT INTO %2$s (ancestor, descendant, depth)
            SELECT ancestor, descendant, depth FROM above WHERE NOT cyclic $q$, rows, tree, parent) USING changed;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION read.keep_ranks() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        counts text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME || '_rank');
        value text := TG_ARGV[0];
        within text := TG_ARGV[1];
        widths text := TG_ARGV[2];
        changes text;
    BEGIN
        changes := CASE TG_OP
            WHEN 'INSERT' THEN format('SELECT %1$s, %2$I AS value, 1 AS by FROM new_rows', within, value)
            WHEN 'DELETE' THEN format('SELECT %1$s, %2$I AS value, -1 AS by FROM old_rows', within, value)
            ELSE format('SELECT %1$s, %2$I AS value, 1 AS by FROM new_rows UNION ALL
                         SELECT %1$s, %2$I, -1 FROM old_rows', within, value) END;
        EXECUTE format($q$
            INSERT INTO %1$s AS c (%2$s, width, bucket, n)
            SELECT %2$s, w.width, b.bucket, sum(by)
            FROM (%3$s) changes, unnest(%4$s) AS w (width), LATERAL (
                SELECT div(floor(value::numeric) - CASE WHEN value < 0 THEN w.width - 1 ELSE 0 END, w.width)::bigint
            ) AS b (bucket)
            WHERE value IS NOT NULL
            GROUP BY %2$s, w.width, b.bucket
            HAVING sum(by) <> 0
            ON CONFLICT (%2$s, width, bucket) DO UPDATE SET n = c.n + excluded.n $q$, counts, within, changes, widths);
        RETURN NULL;
    END $$
    """,
]


def derived(model: ReadModel) -> list[Table]:
    """The tables that are kept beside this one."""
    return [table for table in (model.closure, model.ranks) if table is not None]


def triggers(model: ReadModel, schema: str) -> list[str]:
    """What keeps them."""
    statements = []
    if model.tree:
        statements += _trigger(model, schema, "keep_tree", [model.tree])
    if model.ranked:
        within = ", ".join(f'"{column}"' for column in model.ranked.within)
        widths = f"ARRAY[{', '.join(map(str, WIDTHS))}]::bigint[]"
        statements += _trigger(model, schema, "keep_ranks", [model.ranked.value, within, widths])
    return statements


def filled(model: ReadModel) -> list[str]:
    """What fills them at once, from rows that were written without triggers."""
    rows = f'"{model.table.schema}"."{model.table.name}"'
    statements = []
    if model.closure is not None:
        statements.append(f"""
            WITH RECURSIVE above (ancestor, descendant, depth, next) AS (
                SELECT r.id, r.id, 0, r."{model.tree}" FROM {rows} r
                UNION ALL
                SELECT r.id, a.descendant, a.depth + 1, r."{model.tree}" FROM above a JOIN {rows} r ON r.id = a.next
            ) CYCLE ancestor SET cyclic USING path
            INSERT INTO "{model.closure.schema}"."{model.closure.name}" (ancestor, descendant, depth)
            SELECT ancestor, descendant, depth FROM above WHERE NOT cyclic""")
    if model.ranked is not None and model.ranks is not None:
        within = ", ".join(f'"{column}"' for column in model.ranked.within)
        statements.append(f"""
            INSERT INTO "{model.ranks.schema}"."{model.ranks.name}" ({within}, width, bucket, n)
            SELECT {within}, w.width, b.bucket, count(*)
            FROM (SELECT {within}, "{model.ranked.value}"::numeric AS value FROM {rows}) r,
                unnest(ARRAY[{", ".join(map(str, WIDTHS))}]::bigint[]) AS w (width), LATERAL (
                SELECT div(floor(value) - CASE WHEN value < 0 THEN w.width - 1 ELSE 0 END, w.width)::bigint
            ) AS b (bucket)
            WHERE value IS NOT NULL
            GROUP BY {within}, w.width, b.bucket""")
    return statements


def _trigger(model: ReadModel, schema: str, function: str, arguments: list[str]) -> list[str]:
    quoted = ", ".join("'" + argument.replace("'", "''") + "'" for argument in arguments)
    seen = {"INSERT": "NEW", "DELETE": "OLD", "UPDATE": "OLD NEW"}
    return [
        f'CREATE TRIGGER {function}_{event.lower()} AFTER {event} ON "{schema}"."{model.table.name}" REFERENCING '
        + " ".join(f"{which} TABLE AS {which.lower()}_rows" for which in tables.split())
        + f" FOR EACH STATEMENT EXECUTE FUNCTION read.{function}({quoted})"
        for event, tables in seen.items()
    ]


def rank(model: ReadModel, value: ColumnElement[Any], within: dict[str, ColumnElement[Any]]) -> ColumnElement[int]:
    """The rank that `value` has among the rows that agree with `within`: 1 and how many are greater (1, 2, 2, 4).

    Counts whole buckets, from the widest that fit down to the narrowest, and single rows only in the narrowest.
    """
    assert model.ranked is not None
    assert model.ranks is not None
    counts = model.ranks.alias()
    agreeing = [counts.c[name] == bound for name, bound in within.items()]
    numeric = cast(value, Numeric)

    def bucket(width: int) -> ColumnElement[Any]:
        """Rounded down; a quotient of decimals would be rounded to so many digits first."""
        below = case((numeric < 0, width - 1), else_=0)
        return func.div(func.floor(numeric) - below, width)

    total: ColumnElement[Any] = literal(1, BigInteger)
    for width, wider in zip(WIDTHS, (*WIDTHS[1:], None), strict=True):
        above = select(func.coalesce(func.sum(counts.c.n), 0)).where(
            *agreeing, counts.c.width == width, counts.c.bucket > cast(bucket(width), BigInteger)
        )
        if wider is not None:
            above = above.where(counts.c.bucket < cast((bucket(wider) + 1) * (wider // width), BigInteger))
        total += above.scalar_subquery()
    rows = model.table.alias()
    column = rows.c[model.ranked.value]
    beside = select(func.count()).where(
        *(rows.c[name] == bound for name, bound in within.items()),
        column > numeric,
        column < (bucket(WIDTHS[0]) + 1) * WIDTHS[0],
    )
    return cast(total + beside.scalar_subquery(), BigInteger)
