"""Changes: whatever happens, told as it happens to whoever may see the history; nothing left out, nothing twice."""

from __future__ import annotations

import strawberry

from schema._kernel import STAFF, following, one, part, seen_by
from schema.history import HISTORY, Event, person


@part
class Change:
    """A fact that was recorded, and the place where it stands."""

    cursor: str = seen_by(STAFF, description="Keep it: `after` it goes on, on any server, whenever you are back.")
    event: Event = one("position", description="The fact.")


@strawberry.type
class Subscription:
    changes: Change = following(
        "events",
        about=person,
        seen_by=HISTORY,
        description="Everything that happens, in the order in which it is recorded, each fact once.",
    )
