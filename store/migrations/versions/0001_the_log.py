"""The log, and what commits with it.

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = [
    "CREATE SCHEMA IF NOT EXISTS store",
    "CREATE SCHEMA read",
    # One row: where the log ends. Whoever holds its lock writes; `live` are the read models that stand there too.
    """
    CREATE TABLE store.head (
        one         boolean PRIMARY KEY DEFAULT true CHECK (one),
        position    bigint NOT NULL,
        recorded_at timestamptz NOT NULL,
        live        text[] NOT NULL
    )
    """,
    "INSERT INTO store.head (position, recorded_at, live) VALUES (0, '1970-01-01Z', '{}')",
    """
    CREATE TABLE store.log (
        position           bigint PRIMARY KEY,
        stream_id          uuid NOT NULL,
        version            integer NOT NULL CHECK (version > 0),
        topic              text NOT NULL,
        data               bytea NOT NULL,
        effective          date NOT NULL,
        recorded_at        timestamptz NOT NULL,
        actor              uuid NOT NULL,
        on_behalf_of       uuid,
        reason             text,
        command_id         uuid NOT NULL,
        correlation_id     uuid NOT NULL,
        causation_position bigint,
        leaf               bytea NOT NULL CHECK (length(leaf) = 32),
        UNIQUE (stream_id, version)
    )
    """,
    """
    CREATE FUNCTION store.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON store.log
    FOR EACH STATEMENT EXECUTE FUNCTION store.refuse()
    """,
    # What only one stream may have. Values are digests under a key of the server: no personal data stands here.
    """
    CREATE TABLE store.claims (
        kind      text NOT NULL,
        value     bytea NOT NULL,
        stream_id uuid NOT NULL,
        PRIMARY KEY (kind, value)
    )
    """,
    "CREATE INDEX claims_stream ON store.claims (stream_id, kind)",
    # Idempotency keys that clients gave, and the answer that each command got.
    """
    CREATE TABLE store.commands (
        command_id  uuid PRIMARY KEY,
        fingerprint bytea NOT NULL,
        stream_id   uuid NOT NULL,
        version     integer NOT NULL,
        position    bigint NOT NULL
    )
    """,
    # What must happen outside: ordered by a commit and by nothing else.
    """
    CREATE TABLE store.effects (
        kind       text NOT NULL,
        key        text NOT NULL,
        payload    jsonb NOT NULL,
        position   bigint NOT NULL,
        status     text NOT NULL DEFAULT 'requested'
                   CHECK (status IN ('requested', 'dispatched', 'confirmed', 'failed', 'unknown')),
        attempt    integer NOT NULL DEFAULT 0,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (kind, key)
    )
    """,
    # One data key a person, wrapped; a row without a key is a person whose data is erased.
    """
    CREATE TABLE store.person_keys (
        person_id uuid PRIMARY KEY,
        wrapped   bytea,
        erased_at timestamptz
    )
    """,
    # The RFC 6962 tree above the leaves: the hashes of full subtrees of 256, 65,536, … leaves; and what was signed.
    """
    CREATE TABLE store.tree (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hash  bytea NOT NULL,
        PRIMARY KEY (level, index)
    )
    """,
    """
    CREATE TABLE store.checkpoints (
        size      bigint PRIMARY KEY,
        root      bytea NOT NULL,
        signature bytea NOT NULL,
        signed_at timestamptz NOT NULL DEFAULT now()
    )
    """,
    "CREATE TABLE store.followers (name text PRIMARY KEY, position bigint NOT NULL)",
    # Read models that are behind the head, and how far they are. One that stands at the head is in `head.live`.
    """
    CREATE TABLE store.behind (
        table_name text PRIMARY KEY,
        position   bigint NOT NULL,
        since      timestamptz NOT NULL DEFAULT now()
    )
    """,
]


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """History is never taken back."""
    raise RuntimeError("The log is never taken back; restore a backup instead.")
