"""Work: customers, opportunities, campaigns and tasks, and whose they are and were."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum

import strawberry
from strawberry import ID, UNSET

from domain import work_item as domain
from domain._kernel import Invalid
from projections import assignments as spells
from projections.assignments import assignments
from projections.work_items import work_items
from schema._kernel import (
    MY_REPORTS,
    NOBODYS,
    OWN,
    STAFF,
    CommandInput,
    Connection,
    CurrencyCode,
    Info,
    Money,
    Outcome,
    Position,
    allow,
    by_id,
    extends,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
    uuid_of,
)
from schema.employee import Employee

strawberry.enum(domain.Kind, name="WorkItemKind", description="What sort of work it is.")
strawberry.enum(domain.Status, name="WorkItemStatus", description="How far the work has come.")
strawberry.enum(
    spells.State, name="AssignmentState", description="Whether somebody still owns the work, and why no more."
)

THEIR_WORK = OWN | MY_REPORTS | may("work.view")
SHARED_WORK = OWN | MY_REPORTS | NOBODYS | may("work.view")
"""Customers, and work that nobody owns yet, are everybody's to know."""

ASSIGNER = MY_REPORTS | may("work.assign")


@reads(work_items, rows=SHARED_WORK, person="private_to")
class WorkItem:
    """A customer, an opportunity, a campaign or a task. Customers, and what nobody owns yet, are seen by all staff."""

    id: ID = seen_by(STAFF)
    kind: domain.Kind = seen_by(STAFF)
    title: str = seen_by(STAFF)
    reference: str | None = seen_by(STAFF, description="What another system calls it.")
    customer: WorkItem | None = one("customer_id", description="Whom it is for.")
    owner: Employee | None = one("owner_id", description="Whose it is; once closed, whose it was then.")
    status: domain.Status = seen_by(STAFF)
    engaged_on: date | None = seen_by(STAFF, description="When talks began.")
    assigned_on: date | None = seen_by(STAFF, description="Since when it is its owner's.")
    closed_on: date | None = seen_by(STAFF)
    amount: Money | None = seen_by(THEIR_WORK, description="What the deal was won for; also if it was reversed since.")
    lost_because: str | None = seen_by(THEIR_WORK)
    reversed_on: date | None = seen_by(STAFF)
    reversed_because: str | None = seen_by(THEIR_WORK)
    assignments: Connection[Assignment] = many(
        "work_item_id", where=("employee", "state"), order_by=("from_",), order=("since",)
    )
    work: Connection[WorkItem] = many(
        "customer_id",
        where=("kind", "status", "owner"),
        order_by=("title", "engaged_on", "closed_on"),
        order=("title",),
        description="What is done for this customer.",
    )
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about it.")


@reads(assignments, rows=THEIR_WORK, person="employee_id")
class Assignment:
    """A spell in which somebody owned a piece of work."""

    id: ID = seen_by(STAFF)
    work_item: WorkItem | None = one("work_item_id")
    employee: Employee | None = one("employee_id")
    from_: date = seen_by(STAFF, column="since", description="The first day.")
    to: date | None = seen_by(STAFF, column="until", description="The day on which it ended; null while it goes on.")
    state: spells.State = seen_by(STAFF)


@extends(Employee)
class WorkOfEmployee:
    assignments: Connection[Assignment] = many(
        "employee_id",
        where=("work_item", "state", "from_", "to"),
        order_by=("from_", "to"),
        order=("since",),
        description="What they own and owned.",
    )


@strawberry.type
class Query:
    work_item: WorkItem | None = by_id()
    work_items: Connection[WorkItem] = many(
        where=(
            "id",
            "kind",
            "title",
            "reference",
            "customer",
            "owner",
            "status",
            "engaged_on",
            "closed_on",
            "amount",
        ),
        order_by=("title", "reference", "status", "engaged_on", "closed_on", "amount"),
        order=("title",),
    )
    assignments: Connection[Assignment] = many(
        where=("employee", "work_item", "state", "from_", "to"), order_by=("from_", "to"), order=("since",)
    )


# ── Commands ──

FOLLOWS = "The day from which it holds; not before the latest change."


@strawberry.enum(description="How work ends: an opportunity won or lost, a campaign or a task done.")
class WorkOutcome(Enum):
    WON = "WON"
    LOST = "LOST"
    DONE = "DONE"


@strawberry.input
class RegisterWorkItemInput(CommandInput):
    kind: domain.Kind
    title: str = strawberry.field(description="Up to 200 characters.")
    customer_id: ID | None = names(WorkItem, "Whom it is for; a customer is for nobody.", optional=True)
    reference: str | None = strawberry.field(
        default=UNSET, description="What another system calls it: no other of its kind has the same."
    )
    engaged_on: date | None = UNSET


@strawberry.input
class AssignWorkInput(CommandInput):
    id: ID = names(WorkItem)
    owner_id: ID = names(Employee, "Somebody who works here on that day.")
    effective: date = strawberry.field(description=FOLLOWS)


@strawberry.input
class ReassignWorkInput(AssignWorkInput):
    pass


@strawberry.input
class ReturnWorkInput(CommandInput):
    id: ID = names(WorkItem)
    effective: date = strawberry.field(description=FOLLOWS)


@strawberry.input
class CompleteWorkInput(CommandInput):
    """`reason` says, of a deal that was lost, why."""

    id: ID = names(WorkItem)
    outcome: WorkOutcome
    effective: date = strawberry.field(description="The close date; a won deal counts for it.")
    amount: Decimal | None = strawberry.field(default=UNSET, description="Of a deal that was won.")
    currency: CurrencyCode | None = strawberry.field(default=UNSET, description="Of a deal that was won.")


@strawberry.input
class ReverseDealInput(CommandInput):
    id: ID = names(WorkItem)
    reason: str = strawberry.field(description="Why it came to nothing.")
    effective: date = strawberry.field(description="When that was known; not before it was won.")


PRIVATE_TO = f"SELECT private_to FROM {work_items.table} WHERE id = $1"  # noqa: S608
"""Whose it is, if not everybody knows of it."""


@strawberry.type
class Mutation:
    @mutation(may("work.register"), changes=WorkItem)
    async def register_work_item(self, info: Info, input: RegisterWorkItemInput) -> Outcome:
        return await give(info, domain.WorkItem, domain.WorkItem.register, input, id=new_id(WorkItem, input))

    @mutation(ASSIGNER, changes=WorkItem, on=lambda input: uuid_of(Employee, input.owner_id, "ownerId"))
    async def assign_work(self, info: Info, input: AssignWorkInput) -> Outcome:
        """Give work that is nobody's to somebody."""
        id = uuid_of(WorkItem, input.id, "id")
        if (whose := await info.context.reader.pool.fetchval(PRIVATE_TO, id)) is not None:
            await allow(info.context, ASSIGNER, whose, otherwise=domain.Unknown("There is no such work item.", "id"))
        return await give(info, domain.WorkItem, domain.WorkItem.assign, input)

    @mutation(ASSIGNER, changes=WorkItem, about="owner_id")
    async def reassign_work(self, info: Info, input: ReassignWorkInput) -> Outcome:
        """Take work from its owner and give it to somebody else. A manager does so among their own reports."""
        owner_id = uuid_of(Employee, input.owner_id, "ownerId")
        await allow(info.context, ASSIGNER, owner_id)
        return await give(info, domain.WorkItem, domain.WorkItem.reassign, input)

    @mutation(OWN | ASSIGNER, changes=WorkItem, about="owner_id")
    async def return_work(self, info: Info, input: ReturnWorkInput) -> Outcome:
        """Give work back to the pool: nobody's until it is assigned again."""
        return await give(info, domain.WorkItem, domain.WorkItem.give_back, input)

    @mutation(OWN | MY_REPORTS | may("work.complete"), changes=WorkItem, about="owner_id")
    async def complete_work(self, info: Info, input: CompleteWorkInput) -> Outcome:
        """Close work. A deal that is won counts for its owner, as scores and for the payout of its period."""
        if input.outcome is WorkOutcome.WON:
            amount, currency = _money(input)
            return await give(info, domain.WorkItem, domain.WorkItem.win, input, amount=amount, currency=currency)
        if isinstance(input.amount, Decimal) or input.currency:
            path = "amount" if isinstance(input.amount, Decimal) else "currency"
            raise Invalid("Only a deal that was won has an amount.", path)
        if input.outcome is WorkOutcome.LOST:
            return await give(info, domain.WorkItem, domain.WorkItem.lose, input)
        return await give(info, domain.WorkItem, domain.WorkItem.complete, input)

    @mutation(MY_REPORTS | may("work.complete"), changes=WorkItem, about="owner_id")
    async def reverse_deal(self, info: Info, input: ReverseDealInput) -> Outcome:
        """Take a won deal back: cancelled, or never real. It counts for nothing on the day it had counted for."""
        return await give(info, domain.WorkItem, domain.WorkItem.reverse, input)


def _money(input: CompleteWorkInput) -> tuple[Decimal, str]:
    if not isinstance(input.amount, Decimal):
        raise Invalid("Say what the deal was won for.", "amount")
    if not input.currency:
        raise Invalid("Say in which currency.", "currency")
    return input.amount, input.currency


WORDS = {
    "Assignment.workItem": "What is owned.",
    "Assignment.employee": "Who owns it.",
    "Assignment.state": "Whether it goes on, and why no more.",
    "AssignmentState.ACTIVE": "It goes on.",
    "AssignmentState.REASSIGNED": "Somebody else took over.",
    "AssignmentState.RETURNED": "It was given back; nobody took over.",
    "AssignmentState.COMPLETED": "The work was done.",
    "CompleteWorkInput.outcome": "How it ended.",
    "RegisterWorkItemInput.kind": "What kind of work it is.",
    "RegisterWorkItemInput.engagedOn": "The day on which the work began; left out if it has not.",
    "WorkItem.kind": "What kind of work it is.",
    "WorkItem.title": "What it is called.",
    "WorkItem.status": "Whether somebody works on it, and how it ended.",
    "WorkItem.closedOn": "The day on which it ended; null while it goes on.",
    "WorkItem.reversedOn": "The day on which a won deal turned out to be none; null if it did not.",
    "WorkItem.assignments": "Who has owned it, spell by spell.",
    "WorkItemKind.CUSTOMER": "A customer to look after.",
    "WorkItemKind.OPPORTUNITY": "A deal to be won.",
    "WorkItemKind.CAMPAIGN": "A campaign to run.",
    "WorkItemKind.TASK": "A task to do.",
    "WorkItemStatus.UNASSIGNED": "Nobody owns it.",
    "WorkItemStatus.ACTIVE": "Somebody works on it.",
    "WorkItemStatus.WON": "The deal was won.",
    "WorkItemStatus.LOST": "The deal was lost.",
    "WorkItemStatus.COMPLETED": "It is done.",
    "WorkItemStatus.REVERSED": "The deal was won, and turned out to be none.",
    "WorkOutcome.WON": "The deal was won; it counts for its owner.",
    "WorkOutcome.LOST": "The deal was lost.",
    "WorkOutcome.DONE": "The work is done; for what is no deal.",
}
