"""What the history is searched for: by whom, what, for which day, in which command, and when.

Each index costs every fact that is recorded, so what most facts have none of has none. When a fact was recorded has
none either: facts are recorded one after the other, so the place is found by halving.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = [
    "CREATE INDEX log_actor ON store.log (actor, position)",
    "CREATE INDEX log_topic ON store.log (topic, position)",
    "CREATE INDEX log_effective ON store.log (effective, position)",
    "CREATE INDEX log_command ON store.log (command_id, position)",
    # Nearly every command is the first of its chain, and nearly everybody does things for themselves.
    "CREATE INDEX log_correlation ON store.log (correlation_id, position) WHERE correlation_id <> command_id",
    "CREATE INDEX log_on_behalf_of ON store.log (on_behalf_of, position) WHERE on_behalf_of IS NOT NULL",
    # The position of the last fact that was recorded before a moment; 0 if there is none.
    """
    CREATE FUNCTION store.recorded_before(moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE STRICT AS $$
    DECLARE
        low bigint := 0;
        high bigint := (SELECT position FROM store.head);
        middle bigint;
    BEGIN
        WHILE low < high LOOP
            middle := (low + high + 1) / 2;
            IF (SELECT recorded_at FROM store.log WHERE position = middle) < moment THEN
                low := middle;
            ELSE
                high := middle - 1;
            END IF;
        END LOOP;
        RETURN low;
    END $$
    """,
]


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """History is never taken back."""
    raise RuntimeError("The log is never taken back; restore a backup instead.")
