"""The tables of a read model: made and dropped."""

from __future__ import annotations

from sqlalchemy import Table, UniqueConstraint
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, ExecutableDDLElement

from projections._derived import derived, filled, keepers
from projections._kernel import ReadModel
from projections._statements import POSTGRESQL
from store.batch import Session


def said(statement: ExecutableDDLElement) -> str:
    return str(statement.compile(dialect=POSTGRESQL))


async def create(connection: Session, model: ReadModel) -> None:
    for table in (model.table, *derived(model)):
        await connection.execute(said(CreateTable(table)))
    for statement in (*filled(model), *indexes(model), *keepers(model)):
        await connection.execute(statement)


def keys(table: Table) -> list[str]:
    """What makes its keys. From then on the table, which must be nobody else's, is created without them."""
    unique = [rule for rule in table.constraints if isinstance(rule, UniqueConstraint)]
    return [said(AddConstraint(rule)) for rule in (table.primary_key, *unique)]


def indexes(model: ReadModel) -> list[str]:
    return [said(CreateIndex(index)) for table in (model.table, *derived(model)) for index in table.indexes]


async def drop(connection: Session, name: str) -> None:
    """The tables of a read model that this program may know nothing of, and what keeps them."""
    for table in (name, f"{name}_tree", f"{name}_rank"):
        await connection.execute(f'DROP TABLE IF EXISTS read."{table}"')
    functions = await connection.fetch(
        "SELECT oid::regprocedure::text AS function FROM pg_proc"
        " WHERE pronamespace = 'read'::regnamespace AND starts_with(proname, $1)",
        f"{name}_keep_",
    )
    for row in functions:
        await connection.execute(f"DROP FUNCTION {row['function']}")
