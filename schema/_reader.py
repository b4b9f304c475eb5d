"""Reads: from a document, its variables and a viewer to an answer, by one statement."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, cast
from uuid import UUID

from graphql import GraphQLError, GraphQLSchema

from schema._answers import Answers, Calling, Kept, Moment
from schema._arguments import Call
from schema._compile import Compiler
from schema._documents import Documents, Operation
from schema._held import LARGEST_KEPT, ReadingPool
from schema._plan import Cache, Plan, Planner
from schema._selection import Selection
from schema._shared import Shared
from schema._signature import Signature
from schema._together import Kind, Together

NO_POLICY = "0::bigint"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: an employee, and what the employee may do."""

    id: UUID
    permissions: frozenset[str] = frozenset()


class Viewers(Protocol):
    """Who knows what people may do."""

    async def get(self, id: UUID, *, since: int | None = None) -> tuple[Viewer | None, int]:
        """The viewer, and the version of the policy that the permissions are of; not older than `since`.

        None is somebody who may not sign in (any more).
        """
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """A plan, with all that its answer depends on."""

    plan: Plan
    values: list[Any]
    cost: int | None
    version: int
    question: bytes
    whose: UUID | frozenset[str]
    document: str


@dataclass(slots=True)
class Reader:
    """The one way from the API to the read models."""

    schema: GraphQLSchema
    pool: ReadingPool
    viewers: Viewers
    secret: bytes
    policy: str = NO_POLICY
    documents: Documents = None  # type: ignore[assignment]  # unless given, of the schema
    answers: Answers | None = None
    """Those that are kept, if any are."""
    _plans: Cache[Any, Plan] = field(default_factory=lambda: Cache(4_000))

    _policy_now: Shared[int] = field(init=False)
    _together: Together = field(init=False)

    def __post_init__(self) -> None:
        self.documents = self.documents or Documents(self.schema)
        self._together = Together(self.pool)
        self._policy_now = Shared(lambda: self.pool.fetchval(f"SELECT {self.policy}"))

    # ── The fast way: a whole answer in bytes ──

    def knows(self, question: bytes) -> bool:
        """Whether somebody was answered the same question, and the answer is kept."""
        return self.answers is not None and self.answers.know(question)

    async def again(self, question: bytes, viewer: UUID) -> Kept | None:
        """What was answered to the same question before, if it is the answer still."""
        assert self.answers is not None
        who, version = await self.viewers.get(viewer)
        return None if who is None else await self.answers.again(question, who, version)

    async def answer(
        self,
        operation: Operation,
        variables: dict[str, Any],
        viewer: UUID,
        cost: int | None = None,
        question: bytes | None = None,
    ) -> bytes | None:
        """The answer to a query that SQL alone can answer; None for everything else, mistakes among it.

        The variables are coerced; `cost` is told in the answer. It is kept under `question`, which says all of this.
        """
        who, version = await self.viewers.get(viewer)
        while who is not None:
            try:
                plan = self.plan(operation, variables, who, version, mixed=False)
            except GraphQLError:
                return None  # at the top, a directive was given null
            call = Calling(who.id, variables)
            values = plan.values(cast(Call, call)) if plan.whole else None
            if values is None:
                return None
            known = self._together.known(plan.sql)
            if isinstance(known, Kind):
                row = await self._together.row_of(known, values)
                assert row is not None
                body, now = plan.answer(row, cost), row["policy"]
            elif question is not None and self._worth_keeping(plan, question):
                whose = who.id if call.personal else who.permissions
                body, now = await self._shared(Asking(plan, values, cost, version, question, whose, operation.source))
            else:
                body, now = await self._read(plan, values, cost, once=known is None)
            if now == version:
                return body
            who, version = await self.viewers.get(viewer, since=now)
        return None

    def _worth_keeping(self, plan: Plan, question: bytes) -> bool:
        """What only looks ids up is found with others of its kind: to keep that would cost more than to find it."""
        heard = self.answers is not None and self.answers.hear(question)
        return heard and self._together.kind(plan.sql) is None

    async def _read(self, plan: Plan, values: list[Any], cost: int | None, *, once: bool = False) -> tuple[bytes, int]:
        """The answer of a plan, and the version of the policy when it was read."""
        row: Any = await (self.pool.once(plan.sql, values) if once else self.pool.fetchrow(plan.sql, *values))
        assert row is not None
        return plan.answer(row, cost), int(row[-1])

    async def _shared(self, asking: Asking) -> tuple[bytes, int]:
        """The same, found once for all who ask the same meanwhile, and kept."""
        assert self.answers is not None
        key = (asking.question, asking.whose, asking.version)
        found: tuple[bytes, int] = await self.answers.alike.get(key, partial(self._kept, self.answers, asking))
        return found

    async def _kept(self, answers: Answers, asking: Asking) -> tuple[bytes, int]:
        plan, dated = asking.plan, answers.dated(asking.plan.sql)
        if dated is None:
            return await self._read(plan, asking.values, asking.cost)
        row = await self.pool.fetchrow(dated.sql, *asking.values)
        assert row is not None
        body, version = plan.answer(row, asking.cost), row["policy"]
        if version == asking.version and row["position"] is not None:
            moment = Moment(row["position"], row["recorded_at"])
            answers.keep(asking.question, asking.whose, Kept(body, asking.document, version, dated.tables, moment))
        return body, version

    # ── Within Strawberry: values for graphql-core to complete ──

    async def viewer(self, id: UUID) -> tuple[Viewer | None, int]:
        """Who this is and what they may do as of now, for what is not checked by the statement itself."""
        return await self.viewers.get(id, since=await self._policy_now.get())

    async def values(
        self, operation: Operation, variables: Mapping[str, Any], viewer: Viewer, version: int
    ) -> tuple[dict[str, Any], Plan, dict[str, GraphQLError]]:
        """The values of all compiled root fields of a query, by response key; the plan; and what can't be answered."""

        def plan(who: Viewer, version: int) -> Plan:
            return self.plan(operation, variables, who, version, mixed=True)

        return await self.run(plan, Call(viewer.id, variables), viewer, version)

    async def run(
        self, plan_for: Callable[[Viewer, int], Plan], call: Call, viewer: Viewer, version: int
    ) -> tuple[dict[str, Any], Plan, dict[str, GraphQLError]]:
        found, plan, errors = await self.found(plan_for, call, viewer, version)
        return {key: value and json.loads(value) for key, value in found.items()}, plan, errors

    async def found(
        self, plan_for: Callable[[Viewer, int], Plan], call: Call, viewer: Viewer, version: int
    ) -> tuple[dict[str, bytes | None], Plan, dict[str, GraphQLError]]:
        """What a plan finds, each value as JSON, with the rights that the viewer has when it is found."""
        while True:
            plan = plan_for(viewer, version)
            bound, errors = plan.possible(call)
            row = await self._together.row(plan.sql, bound)
            assert row is not None
            if row["policy"] == version:
                return dict(zip(plan.keys, row, strict=False)), plan, errors
            now, version = await self.viewers.get(viewer.id, since=row["policy"])
            viewer = now or Viewer(viewer.id)  # who leaves while an operation is under way ends it without any rights

    # ── Plans ──

    def plan(
        self, operation: Operation, variables: Mapping[str, Any], viewer: Viewer, version: int, *, mixed: bool
    ) -> Plan:
        shape, told = self._signature(operation).shaped(variables)
        key = (operation.source, operation.name, told, viewer.permissions, version, mixed)
        found = self._plans.find(key)
        if found is None:
            compiler = self.compiler(operation, shape, viewer, mixed=mixed)
            root = self.schema.query_type
            assert root is not None
            asked = compiler.selection.root(root, operation.definition.selection_set)
            found = Planner(compiler, self.policy).query(root, asked)
            self._keep(key, found)
        return found

    def cached(self, key: tuple[Any, ...], make: Callable[[], Plan]) -> Plan:
        """The plan under a key that begins with its document."""
        found = self._plans.find(key)
        if found is None:
            found = make()
            self._keep(key, found)
        return found

    def _keep(self, key: tuple[Any, ...], plan: Plan) -> None:
        if len(key[0]) + len(plan.sql) <= LARGEST_KEPT:
            self._plans.keep(key, plan)

    def compiler(self, operation: Operation, shape: Mapping[str, Any], viewer: Viewer, *, mixed: bool) -> Compiler:
        selection = Selection(self.schema, operation.fragments, shape)
        return Compiler(selection, shape, viewer.permissions, self.secret, mixed=mixed)

    # ── Variables ──

    def coerced(self, operation: Operation, variables: Mapping[str, Any] | None) -> dict[str, Any]:
        """The values of the variables. Raises Invalid if they are not such as the operation declares."""
        found = self._signature(operation).coerced(variables)
        return operation.coerced(self.schema, variables) if found is None else found

    def shaped(self, operation: Operation, variables: Mapping[str, Any]) -> tuple[dict[str, Any], Hashable]:
        """The variables as the compiler sees them, and the same for all that compile to the same statement."""
        return self._signature(operation).shaped(variables)

    def _signature(self, operation: Operation) -> Signature:
        """Kept as long as the document is."""
        found: Signature | None = operation.known.get(Signature)
        if found is None:
            found = operation.known[Signature] = Signature.of(self.schema, operation)
        return found


def unauthenticated() -> GraphQLError:
    return GraphQLError("Sign in first.", extensions={"code": "UNAUTHENTICATED"})
