"""The tree over the log: its roots are those of RFC 6962, and whoever alters a fact is found out where they did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from store import tree, witness
from store.log import Log
from store.tree import Growing, leaf_hash, node_hash, root_at, root_hash
from store.witness import Checkpoint, Witness, verify
from tests._ledger import BO, Account, by, open_log

KEY = b"w" * 32
OTHER_KEY = b"x" * 32
FACTS = 41


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\1" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def leaves(count: int) -> list[bytes]:
    return [sha256(b"\0" + str(n).encode()).digest() for n in range(count)]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Levels that are full after four, so that a short log has several; and pages that end within one."""
    monkeypatch.setattr(tree, "WIDTH", 4)
    monkeypatch.setattr(witness, "PAGE", 6)


@pytest.fixture
async def log(database_url: str, narrow: None) -> AsyncIterator[Log]:
    """A log with some facts, and a tree that knows them."""
    async with open_log(database_url) as it:
        id = uuid4()
        await it.run(Account, id, Account.open, number="1", origin=by())
        origin = by(on_behalf_of=BO, reason="said \u2028 so", causation_position=1)
        await it.run(Account, id, Account.deposit, amount=Decimal(1), times=FACTS - 1, origin=origin)
        yield it


@pytest.fixture
async def sealed(log: Log, pool: asyncpg.Pool) -> Witness:
    it = Witness(pool, log.news, KEY)
    await it.catch_up()
    return it


async def leaves_of(pool: asyncpg.Pool) -> list[bytes]:
    return [row["leaf"] for row in await pool.fetch("SELECT leaf FROM store.log ORDER BY position")]


async def alter(pool: asyncpg.Pool, statement: str, *arguments: Any) -> None:
    """As somebody may who owns the tables."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("ALTER TABLE store.log DISABLE TRIGGER append_only")
        await connection.execute(statement, *arguments)
        await connection.execute("ALTER TABLE store.log ENABLE TRIGGER append_only")


def test_published_roots() -> None:
    """Of the test vectors of Certificate Transparency's reference implementation."""
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    hashes = [sha256(b"\0" + bytes.fromhex(each)).digest() for each in data]
    assert root_hash([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_hash(hashes[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert root_hash(hashes).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


@given(st.integers(0, 3_000))
def test_a_root_is_the_one_of_rfc_6962(count: int) -> None:
    assert root_hash(leaves(count)) == naive(leaves(count))


@pytest.mark.parametrize("width", [2, 4, 256])
def test_a_growing_tree_has_it_at_every_size(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "WIDTH", width)
    growing, added = Growing(), leaves(300)
    for size, leaf in enumerate(added, start=1):
        growing.add(leaf)
        if size < 40 or size > 250:
            assert growing.root() == naive(added[:size])
    assert node_hash(b"a", b"b") == sha256(b"\1ab").digest()


async def test_the_root_at_every_position_is_the_one_over_the_facts_up_to_it(
    sealed: Witness, pool: asyncpg.Pool
) -> None:
    found = await leaves_of(pool)
    assert len(found) == FACTS
    for size in range(FACTS + 1):
        assert await root_at(pool, size) == naive(found[:size])
        assert (await Growing.at(pool, size)).root() == naive(found[:size])
    assert await pool.fetchval("SELECT max(level) FROM store.tree") == 2


async def test_a_witness_signs_what_it_has_seen(sealed: Witness, log: Log, pool: asyncpg.Pool) -> None:
    found = await leaves_of(pool)
    rows = await pool.fetch("SELECT size, root, signature FROM store.checkpoints ORDER BY size")
    assert [row["size"] for row in rows] == [6, 12, 18, 24, 30, 36, 41]
    for row in rows:
        checkpoint = Checkpoint(*row.values())
        assert checkpoint.root == naive(found[: checkpoint.size])
        assert checkpoint.is_signed_by(Ed25519PrivateKey.from_private_bytes(KEY).public_key())
        assert not checkpoint.is_signed_by(Ed25519PrivateKey.from_private_bytes(OTHER_KEY).public_key())
    verdict = await verify(pool, KEY)
    assert (verdict.size, verdict.root, verdict.checkpoints, verdict.broken) == (FACTS, naive(found), 7, None)


async def test_witnesses_of_several_processes_take_turns(log: Log, pool: asyncpg.Pool) -> None:
    witnesses = [Witness(pool, log.news, KEY) for _ in range(3)]
    following = [asyncio.create_task(each.follow()) for each in witnesses]
    for _ in range(5):
        await log.run(Account, UUID(int=9), Account.puzzle, how="not at all", origin=by())
    async with asyncio.timeout(60):
        while await pool.fetchval("SELECT coalesce(max(size), 0) FROM store.checkpoints") < FACTS + 5:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert (await verify(pool, KEY)).broken is None


CHANGES = [
    "data = replace(convert_from(data, 'UTF8'), 'o', 'e')::bytea",
    "version = version + 100",
    "effective = effective + 1",
    "recorded_at = recorded_at + interval '1 microsecond'",
    "actor = gen_random_uuid()",
    "on_behalf_of = gen_random_uuid()",
    "reason = 'another'",
    "correlation_id = gen_random_uuid()",
    "causation_position = 99",
    "topic = topic || '2'",
    "leaf = sha256(leaf)",
]


async def test_an_altered_fact_is_found(sealed: Witness, pool: asyncpg.Pool) -> None:
    await pool.execute("CREATE TABLE store.copy AS TABLE store.log")
    for n, change in enumerate(CHANGES * 2):
        position = 1 + n * 13 % FACTS
        await alter(pool, f"UPDATE store.log SET {change} WHERE position = $1", position)
        assert (await verify(pool, KEY)).broken == position
        await alter(pool, "DELETE FROM store.log WHERE position = $1", position)
        assert (await verify(pool, KEY)).broken == position
        await alter(pool, "INSERT INTO store.log SELECT * FROM store.copy WHERE position = $1", position)
    assert (await verify(pool, KEY)).broken is None


@pytest.mark.parametrize("position", [1, 24, 41])
async def test_who_makes_the_leaf_fit_too_is_found_at_the_next_checkpoint(
    sealed: Witness, pool: asyncpg.Pool, position: int
) -> None:
    await alter(pool, "UPDATE store.log SET reason = 'another' WHERE position = $1", position)
    row = await pool.fetchrow("SELECT * FROM store.log WHERE position = $1", position)
    assert row is not None
    await alter(
        pool, "UPDATE store.log SET leaf = $2 WHERE position = $1", position, leaf_hash(*list(row.values())[1:-1])
    )
    signed = [6, 12, 18, 24, 30, 36, 41]
    assert (await verify(pool, KEY)).broken == next(size for size in signed if size >= position)


async def test_an_end_that_is_cut_off_is_found(sealed: Witness, pool: asyncpg.Pool) -> None:
    await alter(pool, "DELETE FROM store.log WHERE position > 39")
    assert (await verify(pool, KEY)).broken == 40
    await pool.execute("UPDATE store.head SET position = 39")
    assert (await verify(pool, KEY)).broken == 40


async def test_a_checkpoint_of_somebody_else_is_found(sealed: Witness, pool: asyncpg.Pool) -> None:
    assert (await verify(pool, OTHER_KEY)).broken == 6
    assert (await verify(pool, KEY, to=20)).broken is None


async def test_an_altered_tree_is_found(sealed: Witness, pool: asyncpg.Pool) -> None:
    await pool.execute("UPDATE store.tree SET hash = sha256(hash) WHERE level = 1 AND index = 9")
    assert (await verify(pool, KEY)).broken is not None
