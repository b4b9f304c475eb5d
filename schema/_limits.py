"""How much one operation may ask for. Checked once per document, for it can be answered only by its text."""

from __future__ import annotations

from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    SelectionSetNode,
)

MOST_TOKENS = 4_000

DEEPEST = 16
"""Objects within objects, edges and nodes of connections counted."""

MOST_FIELDS = 1_500
"""Fields, each fragment counted wherever it is spread."""

MOST_ROOTS = 30
"""Fields of the query itself."""


class Limits(ASTValidationRule):
    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        measure = _Measure(node)
        for definition in node.definitions:
            if isinstance(definition, FragmentDefinitionNode) or not hasattr(definition, "selection_set"):
                continue
            fields, depth = measure.of(definition.selection_set)
            roots = measure.direct(definition.selection_set)
            if fields > MOST_FIELDS or depth > DEEPEST or roots > MOST_ROOTS:
                message = (
                    f"This asks for too much: at most {MOST_FIELDS} fields, {DEEPEST} deep, {MOST_ROOTS} of them roots."
                )
                self.report_error(GraphQLError(message, definition, extensions={"code": "LIMIT_EXCEEDED"}))


class _Measure:
    """Counts fields and depth, each fragment once, so that fragments in fragments cost nothing to measure."""

    def __init__(self, document: DocumentNode) -> None:
        named = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
        self._fragments = {each.name.value: each.selection_set for each in named}
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        """How many fields there are, and how deep they go."""
        fields, deepest = 0, 0
        for node in selections.selections if selections else ():
            if isinstance(node, FragmentSpreadNode):
                count, depth = self._spread(node.name.value)
            else:
                count, depth = self.of(getattr(node, "selection_set", None))
                count, depth = (count + 1, depth + 1) if isinstance(node, FieldNode) else (count, depth)
            fields, deepest = fields + count, max(deepest, depth)
        return fields, deepest

    def direct(self, selections: SelectionSetNode) -> int:
        """How many fields stand at the top, those of inline fragments among them."""
        found = 0
        for node in selections.selections:
            inner = getattr(node, "selection_set", None)
            found += 1 if isinstance(node, FieldNode | FragmentSpreadNode) or inner is None else self.direct(inner)
        return found

    def _spread(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            self._known[name] = (0, 0)  # a fragment within itself is another rule's business
            self._known[name] = self.of(self._fragments.get(name))
        return self._known[name]
