"""Documents, each parsed, limited and validated once: what its operations are and cost, or what is wrong with it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    KnownTypeNamesRule,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    OverlappingFieldsCanBeMergedRule,
    get_variable_values,
    parse,
)
from graphql.utilities import type_from_ast, validate_input_value
from graphql.validation import specified_rules, validate
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule

from schema._cost import FREE, MOST_COST, Cost, cost_of
from schema._limits import LONGEST, MOST_COMMENTS, MOST_TOKENS, check, only_about_the_schema, too_much
from schema._masking import placed, safe_input, safe_syntax, safe_validation
from schema._overlaps import Overlaps
from schema._parse import plainly_parsed
from schema._plain import Plain
from schema._plan import Cache
from schema._work import MOST_WORK, all_short


class KnownTypes(KnownTypeNamesRule):
    """Suggests nothing: there are too many types to compare a name with."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.type_names = []


OURS = {OverlappingFieldsCanBeMergedRule: Overlaps, KnownTypeNamesRule: KnownTypes}
RULES = (
    *(OURS.get(each, each) for each in specified_rules),
    MaybeNullValidationRule,
)
MOST_ERRORS = 10
"""What one document is told at a time."""

MOST_HELPED = 3
MOST_WORDS_HELPED = 500
"""With how many errors, in how many words, it is suggested what could be meant; and names must be of usual length."""

_LONG_NAME = re.compile(r"\w{31}")

KEPT = 2_000
LARGEST_KEPT = 16_000
"""How many documents of usual size are kept, and how long one may be, in characters."""

USUAL_WORDS, USUAL_CHARACTERS = 20, 500
"""Of a document that counts for one. Parsed, a word is up to eight objects and two kilobytes."""


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of a document, and the fragments beside it."""

    definition: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    source: str
    cost: Cost = FREE
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What whoever executes it finds out about it, by whom."""

    @cached_property
    def name(self) -> str | None:
        return self.definition.name.value if self.definition.name else None

    @cached_property
    def is_query(self) -> bool:
        return self.definition.operation is OperationType.QUERY

    @cached_property
    def is_subscription(self) -> bool:
        return self.definition.operation is OperationType.SUBSCRIPTION

    @cached_property
    def about_the_schema(self) -> bool:
        """Whether it is a query of the schema and nothing else."""
        return self.is_query and only_about_the_schema(self.definition)

    def coerced(self, schema: GraphQLSchema, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        """The values of the variables. Raises Invalid if they are not such as the operation declares."""
        definitions = self.definition.variable_definitions
        if not definitions:
            return {}
        found = get_variable_values(schema, definitions, dict(variables or {}), MOST_ERRORS, hide_suggestions=True)
        if isinstance(found, list):
            raise Invalid(_wrong(schema, self.located, variables or {}))
        return found.coerced

    @property
    def located(self) -> OperationDefinitionNode:
        """The definition with the places of everything in it, for errors to tell."""
        if self.definition.loc:
            return self.definition
        operations = (each for each in _parsed(self.source).definitions if isinstance(each, OperationDefinitionNode))
        return next(each for each in operations if (each.name.value if each.name else None) == self.name)


class Invalid(Exception):
    """A document, or the variables with it, can't be executed."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__()
        self.errors = errors


@dataclass(frozen=True)
class Document:
    """With `errors` there are no operations. `known`: as it was parsed, if that was with the places of everything."""

    text: str
    errors: tuple[GraphQLError, ...] = ()
    operations: Mapping[str | None, Operation] = field(default_factory=dict)
    known: DocumentNode | None = None
    words: int = 0

    @property
    def weight(self) -> int:
        """In a cache: for how many it counts."""
        return 1 + self.words // USUAL_WORDS + len(self.text) // USUAL_CHARACTERS

    @cached_property
    def parsed(self) -> DocumentNode | None:
        """With the places of everything; None if it can't be parsed."""
        try:
            return self.known or _parsed(self.text)
        except GraphQLError:
            return None

    def operation(self, name: str | None) -> Operation:
        """The operation of this name, or the only one. Raises Invalid."""
        if self.errors:
            raise Invalid(list(self.errors))
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name)
        if found is None:
            message = (
                "There is no operation of this name in the document."
                if name is not None
                else "There are several operations: say with operationName which."
                if self.operations
                else "There is no operation in the document."
            )
            raise Invalid([GraphQLError(message, extensions={"code": "OPERATION_NOT_FOUND"})])
        return found


class Documents:
    """All documents of one schema. In production, the schema can't be asked for, and nothing is suggested."""

    def __init__(self, schema: GraphQLSchema, *, production: bool = False) -> None:
        self.schema = schema
        self._production = production
        self._rules = (*RULES, NoSchemaIntrospectionCustomRule) if production else RULES
        self._plain = Plain(schema)
        self._known: Cache[str, Document] = Cache(KEPT)

    def get(self, text: str) -> Document:
        found = self._known.find(text)
        if found is None:
            found = self._read(text)
            if len(text) <= LARGEST_KEPT:
                self._known.keep(text, found)
        return found

    def _read(self, text: str) -> Document:
        """Plainly, if it can be; whatever has to be told of a document is told by who knows where everything stands."""
        plain = plainly_parsed(text)
        if plain is not None and not check(plain) and self._plain(plain):
            found = self._document(text, plain)
            if not found.errors:
                return found
        try:
            parsed = _parsed(text)
        except GraphQLError as error:
            return Document(text, (safe_syntax(error),))
        errors = check(parsed) or self._wrong(text, parsed)
        return Document(text, tuple(map(placed, errors))) if errors else self._document(text, parsed)

    def _document(self, text: str, parsed: DocumentNode) -> Document:
        """A valid document: its operations and what they cost."""
        known = parsed if parsed.loc else None
        fragments = {each.name.value: each for each in parsed.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = {}
        for each in parsed.definitions:
            if isinstance(each, OperationDefinitionNode):
                cost = cost_of(self.schema, each, fragments)
                if cost.work.written > MOST_WORK:
                    return Document(text, (placed(_too_much_work(each)),))
                operations[each.name.value if each.name else None] = Operation(each, fragments, text, cost)
        return Document(text, operations=operations, known=known, words=parsed.token_count)

    def _wrong(self, text: str, parsed: DocumentNode) -> list[GraphQLError]:
        """What is wrong with it. To suggest something, a name is compared letter by letter with all others."""
        if self._plain(parsed):
            return []
        found = validate(self.schema, parsed, self._rules, MOST_ERRORS, hide_suggestions=True)
        helped = parsed.token_count <= MOST_WORDS_HELPED and len(found) <= MOST_HELPED and not _LONG_NAME.search(text)
        if found and helped and not self._production:
            found = validate(self.schema, parsed, self._rules, MOST_ERRORS)
        return [safe_validation(each) for each in found]


def _parsed(text: str) -> DocumentNode:
    return parse(text, max_lexical_tokens=MOST_TOKENS, max_comments=MOST_COMMENTS, max_source_length=LONGEST)


def check_cost(operation: Operation, variables: Mapping[str, Any], most: int = MOST_COST) -> int:
    """What the operation costs with these variables. Raises Invalid if that, or the work it is, is too much."""
    if operation.cost.steady and all_short(variables) and operation.cost.fixed <= most:
        return operation.cost.fixed
    cost = operation.cost.of(variables)
    if cost > most:
        message = f"This costs {cost}; at most {most} is answered at a time. Ask for smaller pages."
        extensions = {"code": "QUERY_TOO_COMPLEX", "cost": cost, "mostCost": most}
        raise Invalid([GraphQLError(message, operation.located, extensions=extensions)])
    if operation.cost.work.with_(variables) > MOST_WORK:
        raise Invalid([_too_much_work(operation.located)])
    return cost


def _too_much_work(definition: OperationDefinitionNode) -> GraphQLError:
    return too_much("lists, objects and conditions to be planned together, each weighed", MOST_WORK, definition)


class _Enough(Exception):
    """What is wrong so far is all that is told."""


def _wrong(
    schema: GraphQLSchema, definition: OperationDefinitionNode, variables: Mapping[str, Any]
) -> list[GraphQLError]:
    """What is wrong with the variables, without their values; not more than is told at a time."""
    errors: list[GraphQLError] = []
    for each in definition.variable_definitions or ():
        name, type_ = each.variable.name.value, type_from_ast(schema, each.type)
        if name not in variables and each.default_value is not None:
            continue

        def tell(error: GraphQLError, path: list[str | int], name: str = name, node: Any = each) -> None:
            errors.append(safe_input(error, name, path, node))
            if len(errors) == MOST_ERRORS:
                raise _Enough

        missing = name not in variables
        with suppress(_Enough):
            validate_input_value(None if missing else variables[name], type_, tell, hide_suggestions=True)  # type: ignore[arg-type]
        if len(errors) == MOST_ERRORS:
            break
    return errors or [GraphQLError("The variables can't be read.", definition, extensions={"code": "BAD_USER_INPUT"})]


# ── Trusted documents ──


class BadManifest(Exception):
    """The manifest of trusted documents is not what it should be; the message is one line for whoever set it."""


def trusted_documents(manifest: Path, documents: Documents) -> dict[str, str]:
    """Documents by their ids, as a JSON object says. An id that begins with sha256: must be the document's hash."""
    try:
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError) as error:
        raise BadManifest(f"TRUSTED_DOCUMENTS: {manifest} can't be read as JSON.") from error
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise BadManifest(f"TRUSTED_DOCUMENTS: {manifest} must be an object of documents by their ids.")
    for id, text in found.items():
        kind, _, digest = id.partition(":")
        if kind == "sha256" and hashlib.sha256(text.encode()).hexdigest() != digest.lower():
            raise BadManifest(f"TRUSTED_DOCUMENTS: the document {id[:80]} does not have this hash.")
        if errors := documents.get(text).errors:
            raise BadManifest(f"TRUSTED_DOCUMENTS: the document {id[:80]} is not valid: {errors[0].message}")
    return found
