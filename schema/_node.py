"""Any object by its id."""

from __future__ import annotations

import strawberry

from schema._declare import Node, by_global_id


@strawberry.type
class Query:
    node: Node | None = by_global_id()
