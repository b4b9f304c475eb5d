"""What a read model is defined by: its module, and all that its projections take from elsewhere in the program.

That is followed name by name: a projection that shows hires is defined by the fact `Hired`, not by who may be hired.
Comments, docstrings and layout are no part of it, and neither is what a fact asks of the log.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

OURS = {"domain", "projections"}
MACHINERY = "projections._kernel"
"""Says how read models are declared, and nothing of any of them."""

DERIVED = ("projections._derived", ("keepers", "filled"))
"""Where it is said what PostgreSQL derives from rows."""

ASKED = {"claims", "effects"}

Name = tuple[str, str]
"""A module, and what it calls something."""


class Bound(NamedTuple):
    """What a name stands for: its text, and the names that this is told in; or what it is imported from."""

    text: str
    names: frozenset[str]
    imported: Name | None = None


def definition(module: str, *, derives: bool) -> str:
    """Eight digits that change when this module would show something else."""
    text, roots = whole(module)
    found: dict[Name, str] = {}
    _follow(module, roots, found)
    if derives:
        _follow(*DERIVED, found)
    told = [text, *(f"{name}: {found[name]}" for name in sorted(found) if name[0] != module)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:8]


def _follow(module: str, names: Iterable[str], found: dict[Name, str]) -> None:
    """Add what these names of a module stand for, and what that is told in."""
    known = bound(module)
    for name in names:
        it = known.get(name)
        if it is None or (module, name) in found:
            continue
        if it.imported is not None:
            if it.imported[0].partition(".")[0] in OURS and it.imported[0] != MACHINERY:
                _follow(it.imported[0], [it.imported[1]], found)
            continue
        found[module, name] = it.text
        _follow(module, it.names, found)
        _follow(module, (old for old, each in known.items() if "upcast" in each.names and name in each.names), found)


@cache
def bound(module: str) -> Mapping[str, Bound]:
    known: dict[str, Bound] = {}
    for statement in _parsed(module).body:
        match statement:
            case ast.ImportFrom(module=str(origin), names=aliases, level=0):
                known |= {each.asname or each.name: Bound("", frozenset(), (origin, each.name)) for each in aliases}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                known[name] = _of(statement)
            case ast.Assign(targets=targets):
                known |= {each.id: _of(statement) for each in targets if isinstance(each, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                known[name] = _of(statement)
    return known


def _of(statement: ast.stmt) -> Bound:
    return Bound(ast.dump(statement), _names(statement))


def _names(statement: ast.stmt) -> frozenset[str]:
    """Whatever is named in it, and the methods that it has."""
    return frozenset(
        node.id if isinstance(node, ast.Name) else node.name
        for node in ast.walk(statement)
        if isinstance(node, ast.Name | ast.FunctionDef)
    )


@cache
def whole(module: str) -> tuple[str, frozenset[str]]:
    """All that a module says, and the names that its declarations are told in: those of its tables and projections."""
    tree = _parsed(module)
    declarations = (
        each
        for each in tree.body
        if not isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or each.decorator_list
    )
    return ast.dump(tree), frozenset[str]().union(*map(_names, declarations))


def _parsed(module: str) -> ast.Module:
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree: ast.Module = _Bare().visit(ast.parse(Path(spec.origin).read_text()))
    return tree


class _Bare(ast.NodeTransformer):
    """Leaves out what is for people, and what facts ask of the log."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST | None:
        return None if node.name in ASKED else self.generic_visit(node)
