"""The public face: GraphQL. One module per capability, each with its Query and Mutation."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import strawberry
from graphql import build_schema, lexicographic_sort_schema, print_schema

from schema._schema import build


@cache
def schema() -> strawberry.Schema:
    """The whole API: every module of this package brings its part, and the words for it."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    modules = [import_module(f"{__name__}.{name}") for name in ("_node", *names)]
    queries, mutations, subscriptions = (
        [getattr(module, root) for module in modules if hasattr(module, root)]
        for root in ("Query", "Mutation", "Subscription")
    )
    words = {name: text for module in modules for name, text in getattr(module, "WORDS", {}).items()}
    return build(queries, mutations, subscriptions, words)


def sdl() -> str:
    """The API as it is published in `schema.graphql`: everything in the order of its name."""
    return print_schema(lexicographic_sort_schema(build_schema(schema().as_str()))) + "\n"
