"""Subscriptions as they are asked, and planned: one statement for all who ask the same with the same permissions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from graphql import DocumentNode, GraphQLError

from schema._arguments import Call, frozen
from schema._asked import Asked
from schema._compile import Compiler
from schema._connection import Page
from schema._cost import MOST_COST, MOST_EXECUTED
from schema._documents import Invalid, Operation, check_cost
from schema._news import followed_page, news
from schema._plan import Plan, Planner
from schema._reader import Reader, Viewer
from schema._reading import Following, reading
from store.recorded import Recorded

PAGE = 100
"""Facts that are read at a time."""

MOST_COST_OF_ONE = 1_000
"""What one fact may cost that is told to a follower: there may be many, and they come unasked."""

ANYBODY = uuid4()
"""Stands for a viewer where it makes no difference who it is."""


@dataclass(frozen=True, slots=True)
class Planned:
    """How a question is answered to who holds these permissions, by a version of the policy."""

    permissions: frozenset[str]
    version: int
    plan: Plan
    most: int
    alike: Hashable
    """The same for all whose answers are made of the same, `viewer` apart."""


@dataclass(eq=False, slots=True, kw_only=True)
class Question:
    """A subscription as it is asked: with variables as they were sent, as they are read, and as they are planned."""

    operation: Operation
    document: DocumentNode
    sent: dict[str, Any] | None
    variables: dict[str, Any]
    shape: dict[str, Any]
    cost: int
    page: Page
    about: Callable[[Recorded], UUID | None]
    same: Hashable
    """The same for all questions that are planned alike."""
    planned: Planned | None = None

    def call(self, viewer: UUID, after: int, to: int, most: int) -> Call:
        return Call(viewer, {**self.variables, "$after": after, "$to": to, "$most": most})


@dataclass(frozen=True, slots=True)
class Questions:
    """All that can be asked of one reader."""

    reader: Reader

    def ask(self, document: DocumentNode, operation: Operation, sent: dict[str, Any] | None) -> Question:
        """What is asked for, whoever asks. Raises Invalid for what can't be followed."""
        variables = self.reader.coerced(operation, sent)
        shape, same = self.reader.shaped(operation, variables)
        compiler, asked = self._asked(operation, shape, Viewer(ANYBODY), mixed=False)
        source = reading(asked.declared)
        assert isinstance(source, Following)
        return Question(
            operation=operation,
            document=document,
            sent=sent,
            variables=variables,
            shape=shape,
            same=(operation.source, operation.name, same),
            cost=check_cost(operation, variables, MOST_COST_OF_ONE),
            page=followed_page(compiler, asked),
            about=source.about,
        )

    def plan(self, question: Question, who: Viewer, version: int) -> Planned:
        """Raises GraphQLError for what can't be answered to them."""
        for mixed in (False, True):
            key = ("news", question.same, who.permissions, version, mixed)
            plan = self.reader.cached(key, partial(self._compiled, question, who, mixed=mixed))
            if plan.whole:
                break
        bound, errors = plan.possible(question.call(ANYBODY, 0, 0, 0))
        for error in errors.values():
            raise error
        most = max(1, min(PAGE, (MOST_COST if plan.whole else MOST_EXECUTED) // question.cost))
        alike = (question.same, plan.sql, frozen(bound), who.permissions, version)
        return Planned(who.permissions, version, plan, most, alike)

    def _compiled(self, question: Question, who: Viewer, *, mixed: bool) -> Plan:
        compiler, asked = self._asked(question.operation, question.shape, who, mixed=mixed)
        planner, key = Planner(compiler, self.reader.policy), str(asked.path[0])
        with compiler.each():
            planner.add(key, partial(news, compiler, asked))
        return planner.plan([key])

    def _asked(
        self, operation: Operation, shape: Mapping[str, Any], who: Viewer, *, mixed: bool
    ) -> tuple[Compiler, Asked]:
        """The one field of a subscription."""
        root, compiler = self.reader.schema.subscription_type, self.reader.compiler(operation, shape, who, mixed=mixed)
        assert root is not None
        selected = compiler.selection.root(root, operation.definition.selection_set)
        for key, nodes in selected.items():
            if (field := root.fields.get(nodes[0].name.value)) is not None:
                return compiler, Asked(field, nodes, None, (key,))
        message = "There is nothing to follow in this subscription."
        raise Invalid([GraphQLError(message, operation.definition, extensions={"code": "BAD_USER_INPUT"})])
