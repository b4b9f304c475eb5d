"""Mutations as they are carried out: one command after the other, each answered with what it changed, or with why not.

What graphql-core would find out anew for each request is found out once for each document: which fields are asked for,
where the input stands, what is read again. What was changed is written into the answer as PostgreSQL wrote it. Only
mutations that ask functions of ours within what was changed are left to graphql-core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import msgspec
from graphql import (
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_argument_values,
    get_variable_values,
    is_non_null_type,
    located_error,
    type_from_ast,
)
from sqlalchemy import Uuid

from domain._kernel import Refused
from schema._arguments import Call, frozen, shaped
from schema._asked import Asked
from schema._context import Context
from schema._documents import Operation
from schema._given import input_of
from schema._mutation import Outcome, Refusal, refusal_of
from schema._plan import Cache, Plan, Planner
from schema._reader import Reader, Viewer, unauthenticated
from schema._selection import Selection
from schema._steps import REFUSED, Look, Pieces, Step, steps_of

KEPT = 8
"""Of one mutation, those that are kept which differ by their directives, or the arguments within."""


class Asker(NamedTuple):
    """What the function of a command finds at `info`."""

    context: Context


@dataclass(slots=True)
class Given:
    """One request: whom it is of, and its variables, coerced and as they were sent."""

    context: Context
    variables: Mapping[str, Any]
    sent: Mapping[str, Any] | None
    errors: list[GraphQLError] = field(default_factory=list)


@dataclass(slots=True)
class Mutation:
    """A mutation of a document. `shaping` are the types of the variables on which it depends what is asked for and how.

    `functions`: whether functions of ours have a say in what is answered.
    """

    reader: Reader
    operation: Operation
    root: GraphQLObjectType
    shaping: dict[str, Any] = field(default_factory=dict)
    functions: bool = False
    _steps: Cache[Any, list[Step | str]] = field(default_factory=lambda: Cache(KEPT))

    def __post_init__(self) -> None:
        look, schema = Look(self.reader.schema, self.root, self.operation), self.reader.schema
        definitions = {
            each.variable.name.value: each.type for each in self.operation.definition.variable_definitions or ()
        }
        self.shaping = {name: type_from_ast(schema, definitions[name]) for name in sorted(look.variables)}
        self.functions = look.functions

    async def carried_out(self, given: Given) -> bytes:
        """The data, as JSON. Every field is non-null, so what goes wrong with one takes all, and ends it."""
        shape, told = self._shape(given.variables)
        found = []
        try:
            for each in self._asked(shape, told):
                if isinstance(each, str):
                    found.append(_json(each) + b":" + _json(self.root.name))
                else:
                    found.append(_json(each.key) + b":" + await self._step(each, given, shape, told))
        except GraphQLError as error:
            given.errors.append(error)
            return b"null"
        return b"{%b}" % b",".join(found)

    def _asked(self, shape: Mapping[str, Any], told: Any) -> list[Step | str]:
        """Raises GraphQLError if a directive was given null: before anything is done."""
        found = self._steps.find(told)
        if found is None:
            selection = Selection(self.reader.schema, self.operation.fragments, shape)
            found = self._steps.keep(told, steps_of(self.root, self.operation, selection))
        return found

    def _shape(self, variables: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """The variables as the compiler sees them, and the same for all that ask for the same."""
        shape = {
            name: shaped(variables[name], type_, (name,)) for name, type_ in self.shaping.items() if name in variables
        }
        return shape, frozen(shape)

    # ── What is done ──

    async def _step(self, step: Step, given: Given, shape: Mapping[str, Any], told: Any) -> bytes:
        try:
            input = self._input(step, given)
            if given.context.viewer is None:
                raise unauthenticated()  # noqa: TRY301 - it is told where it stands, as all others are
            try:
                outcome = await step.declared.carried_out(Asker(given.context), input)
            except Refused as refused:
                return _refused(step, refusal_of(refused, given.context.log))
            found = await self._read(step, outcome, given, shape, told) if step.changed else {}
            return _took_effect(step.effect, outcome.position, found)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told where it happened
            raise located_error(error, step.nodes, [step.key]) from None

    def _input(self, step: Step, given: Given) -> Any:
        asked = step.declared.arguments[0].type
        values = given.variables.get(step.variable) if step.variable is not None else None
        if values is None:
            definitions = self.operation.definition.variable_definitions or ()
            coerced: Any = get_variable_values(self.reader.schema, definitions, dict(given.sent or {}))
            values = get_argument_values(step.field, step.nodes[0], coerced)["input"]
        return input_of(asked, values)

    async def _read(
        self, step: Step, outcome: Outcome, given: Given, shape: Mapping[str, Any], told: Any
    ) -> dict[str, bytes | None]:
        """What was changed, as it stands now, by response key."""
        context = given.context
        call = Call(context.signed_in.id, {**given.variables, "$changed": outcome.stream_id})
        plan_for = partial(self._plan, step, shape, told)
        found, plan, wrong = await self.reader.found(plan_for, call, context.signed_in, context.policy)
        context.denied += plan.denied
        for key, nodes in step.changed.items():
            error: Exception | None = wrong.get(key)
            needed = is_non_null_type(step.payload.fields[nodes[0].name.value].type)
            if error is None and needed and found[key] is None:
                where = f"{step.payload.name}.{nodes[0].name.value}"
                error = TypeError(f"Cannot return null for non-nullable field {where}.")
            if error is not None:
                located = located_error(error, nodes, [step.key, key])
                if needed:
                    raise located
                given.errors.append(located)
                found[key] = None
        return found

    def _plan(self, step: Step, shape: Mapping[str, Any], told: Any, viewer: Viewer, version: int) -> Plan:
        operation, reader = self.operation, self.reader

        def make() -> Plan:
            compiler = reader.compiler(operation, shape, viewer, mixed=False)
            planner = Planner(compiler, reader.policy)
            id = compiler.params.bind(lambda call: call.variables["$changed"], Uuid())
            for key, nodes in step.changed.items():
                asked = Asked(step.payload.fields[nodes[0].name.value], nodes, None, (step.key, key))
                planner.add(key, partial(compiler.one, asked, lambda row: f"{row.get('id')} = {id}"))
            return planner.plan([*step.changed])

        return reader.cached((operation.source, operation.name, step.key, "", told, viewer.permissions, version), make)


class Commands:
    """Carries mutations out."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def mutation(self, operation: Operation) -> Mutation | None:
        """What is to be done for it; None if that is for graphql-core to find out. Kept as long as the document is."""
        found = operation.known.get(self)
        if found is None:
            found = operation.known[self] = self._looked_at(operation)
        return None if found.functions else found

    def _looked_at(self, operation: Operation) -> Mutation:
        """With the places of everything in the document, for errors to tell."""
        root, document = self._reader.schema.mutation_type, self._reader.documents.get(operation.source).parsed
        assert root is not None
        assert document is not None
        fragments = {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}
        operations = (each for each in document.definitions if isinstance(each, OperationDefinitionNode))
        located = next(each for each in operations if (each.name.value if each.name else None) == operation.name)
        return Mutation(self._reader, Operation(located, fragments, operation.source), root)


# ── What is told ──


def _took_effect(pieces: Pieces, position: int, found: Mapping[str, bytes | None]) -> bytes:
    told = b""
    for each in pieces:
        told += each if isinstance(each, bytes) else b"%d" % position if each is None else found[each] or b"null"
    return told


def _refused(step: Step, refusal: Refusal) -> bytes:
    return _json({key: REFUSED if name is None else getattr(refusal, name) for key, name in step.refusal.items()})


_json = msgspec.json.encode
