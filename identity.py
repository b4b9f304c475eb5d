"""Who is asking: bearer tokens, signed by the server's own key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt

AUDIENCE = "meritbook"
ALGORITHM = "HS256"
SCHEME = "bearer "
LIFETIME = timedelta(days=1)


class Identity:
    """Makes tokens and reads them. The key never leaves the server."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, employee_id: UUID, *, lifetime: timedelta = LIFETIME) -> str:
        now = datetime.now(UTC)
        claims = {"sub": str(employee_id), "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
        return jwt.encode(claims, self._key, ALGORITHM)

    def identify(self, authorization: str | None) -> UUID | None:
        """The employee whom this `Authorization` header stands for; None if it stands for nobody."""
        if authorization is None or authorization[: len(SCHEME)].lower() != SCHEME:
            return None
        try:
            claims = jwt.decode(
                authorization[len(SCHEME) :].strip(),
                self._key,
                [ALGORITHM],
                audience=AUDIENCE,
                options={"require": ["sub", "aud", "exp"]},
            )
            return UUID(claims["sub"])
        except (jwt.InvalidTokenError, ValueError):
            return None
