from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from domain import employee
from domain._kernel import Invalid
from domain.employee import Employee, Reason, Terminated
from domain.work_item import (
    AlreadyAssigned,
    AlreadyRegistered,
    Assigned,
    Completed,
    DealReversed,
    IsClosed,
    Kind,
    Lost,
    NoSuchCustomer,
    NotAssigned,
    NotPositive,
    NotWon,
    Reassigned,
    ReferenceTaken,
    Registered,
    Returned,
    TooEarly,
    Unknown,
    Won,
    WorkItem,
    WrongKind,
)
from tests._people import hired
from tests._scenario import World, given

ANNA, BO, ACME = UUID(int=2), UUID(int=3), UUID(int=4)
ENGAGED, ASSIGNED_ON, CLOSED_ON, AFTER = date(2016, 10, 20), date(2016, 11, 1), date(2017, 3, 1), date(2017, 4, 1)
CUSTOMER = Registered(kind=Kind.CUSTOMER, title="Acme", customer_id=None, reference="Acme", engaged_on=None)
DEAL = Registered(
    kind=Kind.OPPORTUNITY, title="GTX Plus for Acme", customer_id=ACME, reference="1C1I7A6R", engaged_on=ENGAGED
)
TASK = Registered(kind=Kind.TASK, title="Call Acme", customer_id=ACME, reference=None, engaged_on=None)
ASSIGNED = Assigned(owner_id=ANNA, effective=ASSIGNED_ON)
WON = Won(owner_id=ANNA, customer_id=ACME, amount=Decimal("1054.00"), currency="USD", effective=CLOSED_ON)
LOST = Lost(owner_id=ANNA, customer_id=ACME, reason="Too dear", effective=CLOSED_ON)
WIN: dict[str, Any] = {"amount": Decimal(1054), "currency": "USD", "effective": CLOSED_ON}


@pytest.fixture
def world() -> World:
    """Anna left at the end of March 2017; Bo stayed."""
    left = Terminated(reason=Reason.RESIGNED, effective=date(2017, 3, 31))
    return (
        World()
        .having(Employee, ANNA, hired("E-1"), left)
        .having(Employee, BO, hired("E-2"))
        .having(WorkItem, ACME, CUSTOMER)
    )


def test_an_opportunity_is_registered_for_a_customer(world: World) -> None:
    register = {
        "kind": Kind.OPPORTUNITY,
        "title": "GTX Plus for Acme",
        "customer_id": ACME,
        "reference": "1C1I7A6R",
        "engaged_on": ENGAGED,
    }
    given(WorkItem).among(world).when(WorkItem.register, **register).then(DEAL)
    given(WorkItem, DEAL).among(world).when(WorkItem.register, **register).nothing()
    given(WorkItem, DEAL).among(world).when(WorkItem.register, **register | {"title": "Else"}).refused(
        AlreadyRegistered, "id"
    )


def test_its_customer_is_a_customer(world: World) -> None:
    world.having(WorkItem, UUID(int=8), TASK)
    for nobody in UUID(int=8), UUID(int=9):
        given(WorkItem).among(world).when(WorkItem.register, kind=Kind.TASK, title="Call", customer_id=nobody).refused(
            NoSuchCustomer, "customerId"
        )
    given(WorkItem).among(world).when(WorkItem.register, kind=Kind.CUSTOMER, title="B", customer_id=ACME).refused(
        WrongKind, "customerId"
    )


def test_a_reference_is_registered_once_for_each_kind(world: World) -> None:
    world.run(WorkItem, UUID(int=8), WorkItem.register, kind=Kind.TASK, title="Call", reference="Acme")
    with pytest.raises(ReferenceTaken):
        world.run(WorkItem, UUID(int=9), WorkItem.register, kind=Kind.CUSTOMER, title="Acme again", reference="Acme")


def test_work_is_assigned_to_one_owner(world: World) -> None:
    given(WorkItem, DEAL).among(world).when(WorkItem.assign, owner_id=ANNA, effective=ASSIGNED_ON).then(ASSIGNED)
    given(WorkItem, DEAL, ASSIGNED).among(world).when(WorkItem.assign, owner_id=ANNA, effective=AFTER).nothing()
    given(WorkItem, DEAL, ASSIGNED).among(world).when(WorkItem.assign, owner_id=BO, effective=AFTER).refused(
        AlreadyAssigned, "ownerId"
    )
    given(WorkItem).among(world).when(WorkItem.assign, owner_id=ANNA, effective=AFTER).refused(Unknown, "id")


def test_work_is_given_to_employed_people_only(world: World) -> None:
    item = given(WorkItem, DEAL).among(world)
    item.when(WorkItem.assign, owner_id=ANNA, effective=AFTER).refused(employee.NotEmployed, "ownerId")
    item.when(WorkItem.assign, owner_id=UUID(int=99), effective=AFTER).refused(employee.Unknown, "ownerId")
    given(WorkItem, DEAL, Assigned(owner_id=BO, effective=ASSIGNED_ON)).among(world).when(
        WorkItem.reassign, owner_id=ANNA, effective=AFTER
    ).refused(employee.NotEmployed, "ownerId")


def test_nothing_happens_before_what_happened_last(world: World) -> None:
    given(WorkItem, DEAL).among(world).when(WorkItem.assign, owner_id=BO, effective=date(2016, 10, 19)).refused(
        TooEarly, "effective"
    )
    item = given(WorkItem, DEAL, ASSIGNED).among(world)
    item.when(WorkItem.reassign, owner_id=BO, effective=ENGAGED).refused(TooEarly, "effective")
    item.when(WorkItem.give_back, effective=ENGAGED).refused(TooEarly, "effective")
    item.when(WorkItem.win, **WIN | {"effective": ENGAGED}).refused(TooEarly, "effective")
    item.when(WorkItem.lose, effective=ENGAGED).refused(TooEarly, "effective")
    given(WorkItem, CUSTOMER).among(world).when(WorkItem.assign, owner_id=BO, effective=date(1899, 1, 1)).refused(
        Invalid, "effective"
    )


def test_work_is_reassigned_and_given_back(world: World) -> None:
    item = given(WorkItem, DEAL, ASSIGNED).among(world)
    item.when(WorkItem.reassign, owner_id=BO, effective=AFTER).then(Reassigned(owner_id=BO, was=ANNA, effective=AFTER))
    item.when(WorkItem.reassign, owner_id=ANNA, effective=AFTER).nothing()
    item.when(WorkItem.give_back, effective=AFTER).then(Returned(was=ANNA, effective=AFTER))
    pooled = given(WorkItem, DEAL, ASSIGNED, Returned(was=ANNA, effective=AFTER)).among(world)
    pooled.when(WorkItem.give_back, effective=AFTER).nothing()
    pooled.when(WorkItem.reassign, owner_id=BO, effective=AFTER).refused(NotAssigned, "id")
    pooled.when(WorkItem.assign, owner_id=BO, effective=AFTER).then(Assigned(owner_id=BO, effective=AFTER))


def test_a_deal_is_won_by_its_owner(world: World) -> None:
    given(WorkItem, DEAL, ASSIGNED).among(world).when(WorkItem.win, **WIN).then(WON)
    given(WorkItem, DEAL, ASSIGNED, WON).among(world).when(WorkItem.win, **WIN).nothing()
    given(WorkItem, DEAL, ASSIGNED, WON).among(world).when(WorkItem.win, **WIN | {"amount": Decimal(1)}).refused(
        IsClosed, "id"
    )
    given(WorkItem, DEAL).among(world).when(WorkItem.win, **WIN).refused(NotAssigned, "id")
    given(WorkItem).among(world).when(WorkItem.win, **WIN).refused(Unknown, "id")


def test_nobody_wins_after_their_last_day(world: World) -> None:
    given(WorkItem, DEAL, ASSIGNED).among(world).when(WorkItem.win, **WIN | {"effective": AFTER}).refused(
        employee.NotEmployed, "effective"
    )


def test_a_deal_is_worth_money(world: World) -> None:
    item = given(WorkItem, DEAL, ASSIGNED).among(world)
    item.when(WorkItem.win, **WIN | {"amount": Decimal(0)}).refused(NotPositive, "amount")
    item.when(WorkItem.win, **WIN | {"amount": Decimal("1.001")}).refused(Invalid, "amount")
    item.when(WorkItem.win, **WIN | {"amount": Decimal("NaN")}).refused(Invalid, "amount")
    item.when(WorkItem.win, **WIN | {"currency": "BUCKS"}).refused(Invalid, "currency")


def test_a_deal_is_lost(world: World) -> None:
    lose: dict[str, Any] = {"effective": CLOSED_ON, "reason": "Too dear"}
    given(WorkItem, DEAL, ASSIGNED).when(WorkItem.lose, **lose).then(LOST)
    given(WorkItem, DEAL, ASSIGNED, LOST).when(WorkItem.lose, **lose).nothing()
    given(WorkItem, DEAL, ASSIGNED, LOST).among(world).when(WorkItem.win, **WIN).refused(IsClosed, "id")
    given(WorkItem, DEAL, ASSIGNED, WON).when(WorkItem.lose, **lose).refused(IsClosed, "id")


def test_what_is_closed_keeps_its_owner(world: World) -> None:
    for closing in WON, LOST:
        closed = given(WorkItem, DEAL, ASSIGNED, closing).among(world)
        closed.when(WorkItem.reassign, owner_id=BO, effective=AFTER).refused(IsClosed, "id")
        closed.when(WorkItem.assign, owner_id=BO, effective=AFTER).refused(IsClosed, "id")
        closed.when(WorkItem.give_back, effective=AFTER).refused(IsClosed, "id")


def test_each_kind_ends_in_its_own_way(world: World) -> None:
    done = Completed(owner_id=ANNA, effective=AFTER)
    given(WorkItem, TASK, ASSIGNED).when(WorkItem.complete, effective=AFTER).then(done)
    given(WorkItem, TASK, ASSIGNED, done).when(WorkItem.complete, effective=AFTER).nothing()
    given(WorkItem, TASK, ASSIGNED).among(world).when(WorkItem.win, **WIN).refused(WrongKind, "id")
    given(WorkItem, CUSTOMER, ASSIGNED).when(WorkItem.lose, effective=AFTER).refused(WrongKind, "id")
    for endless in CUSTOMER, DEAL:
        given(WorkItem, endless, ASSIGNED).when(WorkItem.complete, effective=AFTER).refused(WrongKind, "id")


def test_a_reversed_deal_is_taken_back_from_whom_it_counted_for() -> None:
    reversed_ = DealReversed(
        owner_id=ANNA,
        customer_id=ACME,
        amount=WON.amount,
        currency="USD",
        won_on=CLOSED_ON,
        reason="Never paid",
        effective=AFTER,
    )
    won = given(WorkItem, DEAL, ASSIGNED, WON)
    won.when(WorkItem.reverse, reason="Never paid", effective=AFTER).then(reversed_)
    won.when(WorkItem.reverse, reason="Never paid", effective=ASSIGNED_ON).refused(TooEarly, "effective")
    given(WorkItem, DEAL, ASSIGNED, WON, reversed_).when(WorkItem.reverse, reason="Again", effective=AFTER).nothing()
    for never in (DEAL,), (DEAL, ASSIGNED), (DEAL, ASSIGNED, LOST):
        given(WorkItem, *never).when(WorkItem.reverse, reason="No", effective=AFTER).refused(NotWon, "id")
