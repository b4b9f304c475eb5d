"""What clients are told of errors: a code, the number of the request, and never a value that somebody sent.

graphql-core quotes what it was given; here it is said anew, from what it expected.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg
from graphql import GraphQLError, ValueNode, VariableDefinitionNode, VariableNode
from graphql.language import ObjectFieldNode

from store.writer import Unavailable

logger = logging.getLogger("meritbook.api")

LONGEST_MESSAGE = 300
"""Characters: names come from the client too, and may be of any length."""

MOST_PLACES = 10
"""Places of one error: to find the line of each, the document is read from its beginning."""

MOST_TOLD = 30
"""Errors of one answer. Each may have been one of a thousand values, and one that nobody foresaw is logged as well."""

AWAY = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError, Unavailable)
"""What it looks like when PostgreSQL is not there."""


# ── Before anything is executed ──


def safe_syntax(error: GraphQLError) -> GraphQLError:
    """A document that can't be parsed."""
    message = error.message
    if "more than" in message or "too deeply" in message or "exceeds" in message:  # tokens, comments, length, nesting
        return _again(error, message.removeprefix("Syntax Error: "), "QUERY_TOO_COMPLEX")
    message = re.sub(r"\b(String|BlockString|Int|Float) '.*", r"\1.", message, flags=re.DOTALL)
    if re.search(r"Invalid|Unexpected character", message):
        message = message.partition(", ")[0].rpartition(": ")[0] if message.count(": ") > 1 else message
    return _again(error, message.rstrip(".") + ".", "GRAPHQL_PARSE_FAILED")


def safe_validation(error: GraphQLError) -> GraphQLError:
    """A document that is not valid."""
    if "code" in (error.extensions or {}):
        return error
    message = error.message
    node = error.nodes[0] if error.nodes else None
    if isinstance(node, ValueNode | ObjectFieldNode) and not isinstance(node, VariableNode):
        message = _expected(message)
    return _again(error, message, "GRAPHQL_VALIDATION_FAILED")


def placed(error: GraphQLError) -> GraphQLError:
    """The same, which knows its place by itself: who keeps it does not keep the document as it was parsed."""
    return _again(error, error.message, (error.extensions or {})["code"])


def safe_input(error: GraphQLError, name: str, path: Iterable[str | int], node: VariableDefinitionNode) -> GraphQLError:
    """A variable whose value is not what it should be; `path` says where in it."""
    where = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in path)
    said = error.message if "code" in (error.extensions or {}) else _expected(error.message)
    message = f"Variable '${name}{where}': {said}"
    return GraphQLError(message[:LONGEST_MESSAGE], node, extensions={"code": "BAD_USER_INPUT"})


def _expected(message: str) -> str:
    """What was expected, without what was found."""
    if found := re.match(r"Expected value of (?:non-null )?type '([^']+)'(.*)", message, re.DOTALL):
        type_, rest = found.groups()
        if member := re.match(r" (not )?to include (required|unknown) field '(\w{1,100})'", rest):
            return f"{type_} needs {member[3]}." if member[2] == "required" else f"{type_} has no {member[3]}."
        return f"Expected {type_}."
    if found := re.match(r"(\w+) cannot represent ([\w -]+)", message):
        return f"{found[1]} cannot represent {found[2].rstrip()}."
    if found := re.match(r"Value '.*' does not exist in '(\w+)' enum", message, re.DOTALL):
        return f"This is none of the values of {found[1]}."
    return message if "'" not in message and '"' not in message else "This is not what is expected here."


def _again(error: GraphQLError, message: str, code: str) -> GraphQLError:
    """The same error, said otherwise. It knows its places by itself: who keeps it does not keep the whole document."""
    places = list(error.positions or ())[:MOST_PLACES] or None
    return GraphQLError(message[:LONGEST_MESSAGE], None, error.source, places, extensions={"code": code})


# ── Afterwards ──


def masked(error: GraphQLError, request_id: str) -> GraphQLError:
    """What goes wrong inside stays inside: the client gets a number to ask about."""
    original = error.original_error
    if "code" in (error.extensions or {}):
        return error
    if original is None or isinstance(original, GraphQLError):
        return _again(error, error.message, "BAD_USER_INPUT")
    return GraphQLError(path=error.path, nodes=error.nodes, **went_wrong(original, request_id))


def went_wrong(error: BaseException, request_id: str) -> dict[str, Any]:
    """The message and the extensions of something that nobody foresaw; it is logged here."""
    if isinstance(error, TimeoutError):
        return {"message": "This took too long, and was given up.", "extensions": {"code": "TIMEOUT"}}
    logger.error("Request %s failed.", request_id, exc_info=error)
    if isinstance(error, AWAY):
        return {"message": "The database is away; try again soon.", "extensions": {"code": "UNAVAILABLE"}}
    return {
        "message": f"Something went wrong. Ask about it with the number {request_id}.",
        "extensions": {"code": "INTERNAL"},
    }


def told(errors: Sequence[GraphQLError], request_id: str) -> list[dict[str, Any]]:
    """Errors as they are sent; of very many the first, and how many more there are."""
    found = [_told(masked(each, request_id), request_id) for each in errors[:MOST_TOLD]]
    if more := len(errors) - len(found):
        extensions = {"code": "MORE_ERRORS"}
        found.append(_told(GraphQLError(f"{more} more went wrong.", extensions=extensions), request_id))
    return found


def _told(error: GraphQLError, request_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {"message": error.message}
    if error.locations:
        found["locations"] = [{"line": each.line, "column": each.column} for each in error.locations]
    if error.path:
        found["path"] = error.path
    return found | {"extensions": {**(error.extensions or {}), "requestId": request_id}}
