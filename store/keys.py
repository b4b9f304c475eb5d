"""The key of each person: what they are told about is sealed with it, and erasing it erases that, everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from asyncpg import Pool
from cachetools import TTLCache
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
REMEMBERED = 65_536
SECONDS = 60
"""How long a process may still read what another has erased."""


class Kms(Protocol):
    """Where the key-encryption key lives. It never leaves; data keys come to it."""

    async def wrap(self, key: bytes, person: UUID) -> bytes: ...
    async def unwrap(self, wrapped: bytes, person: UUID) -> bytes: ...


class LocalKms:
    """A key-encryption key in a file of the server's."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)

    async def wrap(self, key: bytes, person: UUID) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._key.encrypt(nonce, key, person.bytes)

    async def unwrap(self, wrapped: bytes, person: UUID) -> bytes:
        return self._key.decrypt(wrapped[:NONCE], wrapped[NONCE:], person.bytes)


class Keys:
    """Each person's data key, from a table that may live in a database of its own."""

    def __init__(self, pool: Pool, kms: Kms) -> None:
        self._pool = pool
        self._kms = kms
        self._known: TTLCache[UUID, AESGCM] = TTLCache(REMEMBERED, SECONDS)

    async def of(self, people: Iterable[UUID]) -> Mapping[UUID, AESGCM]:
        """The keys that there are. Who is missing has been erased, or nothing was ever sealed for them."""
        found, unknown = self._split(people)
        if unknown:
            rows = await self._pool.fetch(
                "SELECT person_id, wrapped FROM store.person_keys WHERE person_id = ANY($1) AND wrapped IS NOT NULL",
                unknown,
            )
            for row in rows:
                person = row["person_id"]
                found[person] = self._known[person] = AESGCM(await self._kms.unwrap(row["wrapped"], person))
        return found

    async def make(self, people: Iterable[UUID]) -> Mapping[UUID, AESGCM]:
        """The keys, made for those who had none; who is erased stays so."""
        found, unknown = self._split(people)
        if unknown:
            unknown.sort()  # in one order everywhere, so that two makers never wait for each other
            wrapped = [await self._kms.wrap(AESGCM.generate_key(256), person) for person in unknown]
            await self._pool.execute(
                "INSERT INTO store.person_keys (person_id, wrapped) SELECT * FROM unnest($1::uuid[], $2::bytea[])"
                " ON CONFLICT DO NOTHING",
                unknown,
                wrapped,
            )
            found |= await self.of(unknown)
        return found

    async def fit(self) -> bool:
        """Whether the key-encryption key is the one that this database was written with."""
        row = await self._pool.fetchrow(
            "SELECT person_id, wrapped FROM store.person_keys WHERE wrapped IS NOT NULL LIMIT 1"
        )
        try:
            return row is None or bool(await self._kms.unwrap(row["wrapped"], row["person_id"]))
        except InvalidTag:
            return False

    async def erase(self, person: UUID) -> None:
        """Destroy the key. What was sealed with it can't be read again; the log itself is untouched."""
        await self._pool.execute(
            "INSERT INTO store.person_keys (person_id, erased_at) VALUES ($1, now())"
            " ON CONFLICT (person_id) DO UPDATE SET wrapped = NULL, erased_at = coalesce(person_keys.erased_at, now())",
            person,
        )
        self._known.pop(person, None)

    def _split(self, people: Iterable[UUID]) -> tuple[dict[UUID, AESGCM], list[UUID]]:
        found: dict[UUID, AESGCM] = {}
        unknown = []
        for person in set(people):
            if (key := self._known.get(person)) is not None:
                found[person] = key
            else:
                unknown.append(person)
        return found, unknown
