"""Subscriptions: what comes to a list after a place in the log, told to each follower in order, once.

Every follower has a place of their own and reads on from there, page by page; so nobody misses a fact, and nobody waits
for another. Those who stand at the same place, ask the same and have the same rights share what is read and what is
made of it; each has their own cursors put in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from inspect import isawaitable
from typing import Any
from uuid import UUID, uuid4

import msgspec
from graphql import DocumentNode, ExecutionResult, GraphQLError, execute
from strawberry.dataloader import DataLoader

from schema._arguments import Call, given
from schema._context import Context
from schema._cursor import opened, sealed, values_of
from schema._documents import Operation
from schema._live import Live, people
from schema._masking import AWAY, told
from schema._mutation import Log
from schema._news import CURSOR
from schema._plan import Cache
from schema._question import ANYBODY, Planned, Question, Questions
from schema._reader import Reader, Viewer, unauthenticated
from store.pool import LOST
from store.recorded import Recorded

AT_ONCE = 4
"""Statements that followers run at the same time: the connections are for everybody."""

SHARED = 32
"""Pages that are at hand for others who want the same."""

AGAIN = 1.0
"""Seconds until a PostgreSQL that is away is asked again."""

Tell = Callable[[str], Awaitable[None]]


class SignedOut(Exception):
    """Who follows may not sign in any more."""


class _Row(msgspec.Struct):
    position: int
    told: msgspec.Raw


_rows = msgspec.json.Decoder(list[_Row]).decode


@dataclass(frozen=True, slots=True)
class _Page:
    """What has come: of each fact what stands in its cursor, and the answer in pieces, between which the cursor stands.

    It was made with the rights of a version of the policy; `reached` is the place after it.
    """

    policy: int
    facts: list[tuple[bytes, list[str]]]
    reached: int


@dataclass(eq=False, slots=True)
class Followers:
    """All who follow something in this process. `patience`: seconds that one page may take."""

    reader: Reader
    log: Log
    patience: float
    live: Live = field(init=False)
    _questions: Questions = field(init=False)
    _pages: Cache[Any, asyncio.Task[_Page]] = field(default_factory=lambda: Cache(SHARED), init=False)
    _people: Cache[Any, frozenset[UUID] | None] = field(default_factory=lambda: Cache(SHARED), init=False)
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    def __post_init__(self) -> None:
        self.live, self._questions = Live(self.log), Questions(self.reader)

    async def follow(
        self, document: DocumentNode, operation: Operation, sent: dict[str, Any] | None, viewer: UUID | None, tell: Tell
    ) -> None:
        """Tell whatever comes, each as an answer in JSON. Ends by being cancelled, or with an error.

        `sent` are the variables. Raises Invalid or GraphQLError for what can't be followed, SignedOut when the viewer
        may not sign in any more.
        """
        question = self._questions.ask(document, operation, sent)
        if viewer is None or (await self.reader.viewer(viewer))[0] is None:
            raise unauthenticated()
        key = question.page.signing_key(Call(viewer, question.variables))
        async with self.live.followed():
            position = await self._start(given(question.page.arguments.get("after"), question.variables), key)
            await self._page(question, viewer, position, position)  # so that a mistake is told at once
            while True:
                news = await self._page(question, viewer, position, await self.live.beyond(position))
                for place, pieces in news.facts:
                    await tell(pieces[0] if len(pieces) == 1 else sealed(place, key).join(pieces))
                position = news.reached

    async def _start(self, after: str | None, key: str) -> int:
        """Where to go on: after the cursor, or from now on."""
        head = await self.log.head()
        if after is None:
            return head
        position = int(opened(after, key, 2)[0] or 0)
        if position > head:
            message = "This cursor is of facts that are not there (any more): the log has been restored, or is another."
            raise GraphQLError(message, extensions={"code": "BAD_CURSOR"})
        return position

    # ── A page, for all who want the same ──

    async def _page(self, question: Question, viewer: UUID, after: int, to: int) -> _Page:
        """What has come after one position, up to another; a PostgreSQL that is away is waited for."""
        since = None
        while True:
            try:
                who, version = await self.reader.viewers.get(viewer, since=since)
                if who is None:
                    raise SignedOut
                page = await self._shared(question, who, version, after, to)
            except TimeoutError:
                raise
            except (*AWAY, *LOST):
                await asyncio.sleep(AGAIN)
            else:
                if page.policy == version:
                    return page
                since = page.policy

    async def _shared(self, question: Question, who: Viewer, version: int, after: int, to: int) -> _Page:
        planned = question.planned
        if planned is None or planned.version != version or planned.permissions != who.permissions:
            planned = question.planned = self._questions.plan(question, who, version)
        concerned = self._concerned(question, after, to)
        viewer = who.id if planned.plan.personal or concerned is None or who.id in concerned else ANYBODY
        key = (planned.alike, viewer, after, to)
        task = self._pages.find(key)
        if task is None or task.cancelled() or (task.done() and task.exception()):
            call = question.call(viewer, after, to, planned.most)
            task = self._pages.keep(key, asyncio.create_task(self._read(question, planned, call)))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # nobody may wait any more
        return task.result() if task.done() else await asyncio.shield(task)

    def _concerned(self, question: Question, after: int, to: int) -> frozenset[UUID] | None:
        """Whom these facts are about; None if that is not known without reading them."""
        key = (question.about, after, to)
        if key not in self._people:
            facts = self.live.at_hand(after, to)
            self._people.keep(key, None if facts is None else people(facts, question.about))
        return self._people[key]

    async def _read(self, question: Question, planned: Planned, call: Call) -> _Page:
        plan = planned.plan
        async with self._turns, asyncio.timeout(self.patience):
            row = await self.reader.pool.fetchrow(plan.sql, *plan.possible(call)[0])
            assert row is not None
            rows = _rows(row[0])
            answers = (
                [plan.answer([bytes(each.told)]) for each in rows]
                if plan.whole
                else await self._executed(question, planned, rows, call.viewer)
            )
        facts = [
            (values_of(*[str(each.position)] * 2), answer.decode().split(CURSOR))
            for each, answer in zip(rows, answers, strict=True)
        ]
        reached = rows[-1].position if len(rows) == planned.most else call.variables["$to"]
        return _Page(row["policy"], facts, reached)

    async def _executed(self, question: Question, planned: Planned, rows: list[_Row], viewer: UUID) -> list[bytes]:
        """What functions of our own have to say is added by graphql-core, fact by fact; they are opened together."""
        at_hand = {each.position: each for each in self.live.at_hand_of(each.position for each in rows)}
        facts = DataLoader(load_fn=partial(self._opened, at_hand))
        who, (key,) = Viewer(viewer, planned.permissions), planned.plan.keys

        async def executed(row: _Row) -> bytes:
            denied = list(planned.plan.denied)
            context = Context(self.reader, self.log, who, planned.version, denied=denied, _facts=facts)
            root, name = {key: json.loads(bytes(row.told))}, question.operation.name
            graph = self.reader.schema
            result = execute(graph, question.document, root, context, question.sent, operation_name=name)
            return _answer(await result if isawaitable(result) else result, context)

        return await asyncio.gather(*map(executed, rows))

    async def _opened(self, at_hand: dict[int, Recorded], positions: list[int]) -> list[Recorded]:
        found = dict(at_hand)
        if missing := [each for each in positions if each not in found]:
            found |= {each.position: each for each in await self.log.at(missing)}
        return [found[each] for each in positions]


def _answer(result: ExecutionResult, context: Context) -> bytes:
    answer: dict[str, Any] = {"data": result.data}
    if result.errors:
        answer = {"errors": told(result.errors, uuid4().hex), **answer}
    if context.denied:
        answer["extensions"] = {"denied": context.denied}
    return msgspec.json.encode(answer)
