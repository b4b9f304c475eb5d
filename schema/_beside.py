"""What stands beside a row because rules ask for it, once for all fields that need it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from graphql import FieldNode, get_named_type

from schema._declare import shape_of
from schema._reading import One
from schema._rows import Columns, Row
from schema._rules import Line, Rule
from schema._select import Sql, lateral, left_joined, select
from schema._sight import Seen, Sight

if TYPE_CHECKING:
    from schema._compile import Compiler

Answers = dict[Rule, Sql]


def beside(
    compiler: Compiler, seen: Sight, groups: Mapping[str, list[FieldNode]], row: Row
) -> tuple[Row, list[Sql], Answers]:
    """The row as these of its fields find it, what stands beside it, and which rules are answered by that."""
    shown = [here for group in groups.values() if (here := seen.get(group[0].name.value)) and here.verdict is not False]
    looked_up = [here.verdict for here in shown if isinstance(here.verdict, Rule) and here.verdict.looked_up]
    if not looked_up:
        return row, [], {}
    row, joined = _with_their_own(compiler, shown, row)
    repeated = [rule for rule, times in Counter(looked_up).items() if times > 1]
    if not repeated or isinstance(compiler.found(row), Line):
        return row, joined, {}
    alias = compiler.alias("s")
    holds = {
        f"c{place}": compiler.condition(rule, row.person, compiler.found(row)) for place, rule in enumerate(repeated)
    }
    known = {rule: f"{alias}.{name}" for rule, name in zip(repeated, holds, strict=True)}
    asked_once = lateral(select(holds, offset=0), alias)  # with an OFFSET it is not merged into each field
    return row, [*joined, asked_once], known


def _with_their_own(compiler: Compiler, shown: Iterable[Seen], row: Row) -> tuple[Row, list[Sql]]:
    """The row with its person's own, if that is shown as well: it tells who is above them, so nobody looks that up."""
    if not isinstance(row, Columns) or row.person is None or row.tree is not None:
        return row, []
    for here in shown:
        if here.reading == One(row.person_column or ""):
            table, theirs = compiler.table(shape_of(get_named_type(here.field.type)))
            if theirs.tree is not None:
                person = f"{theirs.get('id')} = {row.person}"
                found = select(f"{theirs.alias}.*", [table], [person], offset=0)
                alias = compiler.alias("t")
                return replace(row, beside=theirs.at(alias)), [left_joined(found, alias)]
    return row, []
