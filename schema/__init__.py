"""The public face: GraphQL. One module per capability, each with its Query and Mutation."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

import strawberry

from schema._schema import build


@cache
def schema() -> strawberry.Schema:
    """The whole API: every module of this package brings its part."""
    names = sorted(module.name for module in iter_modules(__path__) if not module.name.startswith("_"))
    modules = [import_module(f"{__name__}.{name}") for name in ("_node", *names)]
    roots = ("Query", "Mutation", "Subscription")
    return build(*([getattr(module, root) for module in modules if hasattr(module, root)] for root in roots))


def sdl() -> str:
    """The API as it is published in `schema.graphql`."""
    return schema().as_str() + "\n"
