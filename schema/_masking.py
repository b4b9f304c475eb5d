"""What clients are told of errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from uuid import uuid4

from graphql import GraphQLError
from strawberry.extensions import SchemaExtension

logger = logging.getLogger("meritbook.api")


class Masked(SchemaExtension):
    """What goes wrong inside stays inside: the client gets a number to ask about."""

    def on_operation(self) -> Iterator[None]:
        yield
        result = self.execution_context.result
        if result is not None and getattr(result, "errors", None):
            result.errors = [masked(error) for error in result.errors]  # type: ignore[union-attr]


def masked(error: GraphQLError) -> GraphQLError:
    original = error.original_error
    if original is None or isinstance(original, GraphQLError) or "code" in (error.extensions or {}):
        return error
    request = uuid4().hex[:12]
    logger.error("Request %s failed.", request, exc_info=original)
    return GraphQLError(
        f"Something went wrong. Ask about it with the number {request}.",
        nodes=error.nodes,
        path=error.path,
        extensions={"code": "INTERNAL", "requestId": request},
    )
