"""Who is asking: bearer tokens, signed by the server's own key."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from time import time
from uuid import UUID

import jwt

AUDIENCE = "meritbook"
ALGORITHM = "HS256"
SCHEME = "bearer "
LIFETIME = timedelta(days=1)
KEPT = 10_000
"""Tokens that are known to be good: to check a signature takes longer than to answer a small question."""


class Identity:
    """Makes tokens and reads them. The key never leaves the server."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: OrderedDict[str, tuple[UUID, float]] = OrderedDict()

    def token(self, employee_id: UUID, *, lifetime: timedelta = LIFETIME) -> str:
        now = datetime.now(UTC)
        claims = {"sub": str(employee_id), "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
        return jwt.encode(claims, self._key, ALGORITHM)

    def identify(self, authorization: str | None) -> UUID | None:
        """The employee whom this `Authorization` header stands for; None if it stands for nobody."""
        if authorization is None or authorization[: len(SCHEME)].lower() != SCHEME:
            return None
        known = self._known.get(authorization)
        if known is not None and time() < known[1]:
            return known[0]
        return self._check(authorization)

    def _check(self, authorization: str) -> UUID | None:
        """What was signed stays so until it runs out."""
        try:
            claims = jwt.decode(
                authorization[len(SCHEME) :].strip(),
                self._key,
                [ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["sub", "aud", "exp"]},
            )
            found = UUID(claims["sub"])
        except (jwt.InvalidTokenError, ValueError):
            self._known.pop(authorization, None)
            return None
        self._known[authorization] = found, float(claims["exp"])
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return found
