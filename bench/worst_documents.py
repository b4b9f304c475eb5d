"""The processor time that each of the worst documents takes until it is answered or refused.

    python -m bench.worst_documents

Everything is counted: reading the body, parsing, the limits, validation, the cost, planning the statement for
somebody who may do everything and for somebody who may do nothing, and what is bound into it. Nothing is kept from one
run to the next; the slowest of all runs is what counts.
"""

from __future__ import annotations

import sys
from time import process_time
from typing import Any
from uuid import UUID

import msgspec

from bench.corpus import WORST, Worst, worst

MOST_MILLISECONDS = 100
"""What is promised; on a quiet machine the slowest take half of it."""

RUNS = 5


def outcome(found: Worst, permissions: frozenset[str]) -> str:
    """What becomes of the document: the statement that answers it, or the code of its refusal."""
    from schema import schema  # noqa: PLC0415
    from schema._arguments import Call  # noqa: PLC0415
    from schema._documents import Documents, Invalid, check_cost  # noqa: PLC0415
    from schema._http import HttpError, from_body  # noqa: PLC0415
    from schema._reader import Reader, Viewer  # noqa: PLC0415

    graph, nothing = schema()._schema, Any  # noqa: SLF001
    body = msgspec.json.encode({"query": found.document, "variables": found.variables})
    reader = Reader(graph, nothing, nothing, b"", documents=Documents(graph))  # type: ignore[arg-type]
    viewer = Viewer(UUID(int=1), permissions)
    try:
        request = from_body(body)
        operation = reader.documents.get(found.document).operation(None)
        variables = operation.coerced(graph, request.variables)
        check_cost(operation, variables)
        if not operation.is_query:
            return ""
        plan = reader.plan(operation, variables, viewer, 1, mixed=False)
        plan.values(Call(viewer.id, variables))
    except Invalid as error:
        return str((error.errors[0].extensions or {})["code"])
    except HttpError as error:
        return error.code
    return plan.sql


def milliseconds(found: Worst, permissions: frozenset[str]) -> tuple[float, str]:
    """The processor time until the document is refused, or ready to be run; and which of the two."""
    began = process_time()
    said = outcome(found, permissions)
    time = (process_time() - began) * 1_000
    return time, f"refused: {said}" if said.isupper() else "answered"


def main() -> int:
    from domain.role import PERMISSIONS  # noqa: PLC0415
    from server import settle  # noqa: PLC0415

    milliseconds(worst("a comment"), frozenset())
    settle()
    slowest = 0.0
    for name, make in WORST.items():
        found = make()
        runs = [milliseconds(found, each) for each in (frozenset(PERMISSIONS), frozenset[str]()) for _ in range(RUNS)]
        time, said = max(runs)
        slowest = max(slowest, time)
        print(f"{name:36} {len(found.document):7} characters {time:8.1f} ms  {said}")
    print(f"\nThe slowest took {slowest:.0f} ms; none may take more than {MOST_MILLISECONDS}.")
    return int(slowest > MOST_MILLISECONDS)


if __name__ == "__main__":
    sys.exit(main())
