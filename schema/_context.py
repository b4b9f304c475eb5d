"""One request: who asks, and with what."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from graphql import GraphQLError
from sqlalchemy import Uuid
from strawberry import UNSET
from strawberry.dataloader import DataLoader

from schema._arguments import Call
from schema._asked import Asked
from schema._documents import Operation
from schema._mutation import CommandInput, Log, Outcome, origin_of
from schema._plan import Plan, Planner
from schema._reader import Reader, Viewer
from store.recorded import Recorded


@dataclass(slots=True)
class Context:
    """What resolvers find at `info.context`."""

    reader: Reader
    log: Log
    viewer: Viewer | None = None
    policy: int = 0
    denied: list[dict[str, Any]] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _facts: DataLoader[int, Recorded] | None = None
    _roots: asyncio.Task[tuple[dict[str, Any], dict[str, GraphQLError]]] | None = None

    @property
    def today(self) -> date:
        return self.clock().date()

    async def root(self, info: Any) -> Any:
        """A root field that is read from tables. All of an operation are one statement."""
        if self._roots is None:
            self._roots = asyncio.ensure_future(self._read_roots(info))
        values, errors = await self._roots
        if (error := errors.get(info.path.key)) is not None:
            raise error
        return values.get(info.path.key)

    async def _read_roots(self, info: Any) -> tuple[dict[str, Any], dict[str, GraphQLError]]:
        values, plan, errors = await self.reader.values(
            _operation(info), info.variable_values, self.signed_in, self.policy
        )
        self.denied += plan.denied
        return values, errors

    async def run(self, kind: Any, id: UUID, command: Any, input: CommandInput, /, **kwargs: Any) -> Outcome:
        """Give a command to the log as the viewer. Raises Refused."""
        outcome: Outcome = await self.log.run(
            kind,
            id,
            command,
            origin=origin_of(self.signed_in.id, input),
            expected_version=None if input.expected_version is UNSET else input.expected_version,
            keyed=bool(input.command_id),
            asked=input,
            **kwargs,
        )
        return outcome

    @property
    def signed_in(self) -> Viewer:
        """Who asks. Root fields are not resolved for nobody, so here somebody does."""
        assert self.viewer is not None
        return self.viewer

    async def recorded(self, position: int) -> Recorded:
        """The fact at a position of the log. Those that are asked for together are read together."""
        if self._facts is None:
            self._facts = DataLoader(self._recorded)
        return await self._facts.load(position)

    async def _recorded(self, positions: list[int]) -> list[Recorded]:
        found = {each.position: each for each in await self.log.at(positions)}
        return [found[position] for position in positions]

    async def read(self, info: Any, id: UUID) -> Any:
        """What is asked for below the field that is being resolved, of the object with this id."""
        info = getattr(info, "_raw_info", info)
        operation, path = _operation(info), tuple(info.path.as_list())
        shape, told = self.reader.shaped(operation, info.variable_values)

        def plan(viewer: Viewer, version: int) -> Plan:
            def make() -> Plan:
                compiler = self.reader.compiler(operation, shape, viewer, mixed=True)
                planner, key = Planner(compiler, self.reader.policy), info.path.key
                bound = compiler.params.bind(lambda call: call.variables["$changed"], Uuid())
                asked = Asked(info.parent_type.fields[info.field_name], info.field_nodes, None, path)
                planner.add(key, lambda: compiler.one(asked, lambda row: f"{row.get('id')} = {bound}"))
                return planner.plan([key])

            key = (operation.source, operation.name, path, told, viewer.permissions, version)
            return self.reader.cached(key, make)

        call = Call(self.signed_in.id, {**info.variable_values, "$changed": id})
        values, found, errors = await self.reader.run(plan, call, self.signed_in, self.policy)
        self.denied += found.denied
        for error in errors.values():
            raise error
        return values[info.path.key]


def _operation(info: Any) -> Operation:
    return Operation(info.operation, info.fragments, info.operation.loc.source.body)
