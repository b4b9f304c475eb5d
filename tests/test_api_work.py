"""Work in the API: from the pool to a won deal, whose it was in between, and who sees what of it."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.employee import Employee, Reason
from domain.work_item import Kind, WorkItem
from tests._api import Api, gid
from tests._work import opportunity, won

SPELLS = "assignments { nodes { employee { name } from to state } }"


def item(id: UUID) -> str:
    return gid("WorkItem", id)


async def test_work_goes_from_the_pool_to_a_won_deal(api: Api) -> None:
    clerk = await api.clerk("work.register")
    boss = await api.hire("Boss")
    anna = await api.hire("Anna", manager_id=boss)
    customer = await api.give(clerk, "registerWorkItem", "workItem { id }", kind="CUSTOMER", title="Acme")
    given = {"kind": "OPPORTUNITY", "title": "Ten pumps", "reference": "OPP-1", "engagedOn": "2017-01-02"}
    answer = await api.give(
        clerk,
        "registerWorkItem",
        "workItem { id status owner { name } }",
        customerId=customer["workItem"]["id"],
        **given,
    )
    id = answer["workItem"]["id"]
    assert answer["workItem"] == {"id": id, "status": "UNASSIGNED", "owner": None}
    await api.give(boss, "assignWork", id=id, ownerId=gid("Employee", anna), effective="2017-01-09")
    answer = await api.give(
        anna,
        "completeWork",
        "workItem { status closedOn amount { amount currency } customer { title work { totalCount } } position }",
        id=id,
        outcome="WON",
        effective="2017-03-31",
        amount="1250.5",
        currency="USD",
    )
    assert answer["workItem"] == {
        "status": "WON",
        "closedOn": "2017-03-31",
        "amount": {"amount": "1250.50", "currency": "USD"},
        "customer": {"title": "Acme", "work": {"totalCount": 1}},
        "position": answer["position"],
    }
    document = """
        { workItems(where: { reference: { eq: "OPP-1" }, status: { eq: WON }, amount: { gt: "1250" } }) {
            nodes { title owner { name assignments { nodes { workItem { title } state } } } } } }
    """
    spell = {"workItem": {"title": "Ten pumps"}, "state": "COMPLETED"}
    assert (await api.data(boss, document))["workItems"]["nodes"] == [
        {"title": "Ten pumps", "owner": {"name": "Anna", "assignments": {"nodes": [spell]}}}
    ]


async def test_every_spell_has_a_row_also_of_whoever_owned_it_before(api: Api) -> None:
    boss = await api.hire("Boss")
    anna, bo = [await api.hire(name, manager_id=boss) for name in ("Anna", "Bo")]
    id = item(await opportunity(api))
    for mutation, day, owner in [
        ("assignWork", "2017-01-01", anna),
        ("returnWork", "2017-01-02", None),
        ("assignWork", "2017-01-03", anna),
        ("reassignWork", "2017-01-04", bo),
        ("reassignWork", "2017-01-04", anna),
    ]:
        to = {"ownerId": gid("Employee", owner)} if owner else {}
        answer = await api.give(boss, mutation, id=id, effective=day, **to)
        assert answer["__typename"].endswith("Payload"), answer
    await api.give(anna, "completeWork", id=id, outcome="LOST", effective="2017-02-01", reason="Too dear.")
    document = f"query ($id: ID!) {{ workItem(id: $id) {{ lostBecause {SPELLS} }} }}"
    found = (await api.data(boss, document, id=id))["workItem"]
    assert found["lostBecause"] == "Too dear."
    assert sorted((each["employee"]["name"], each["from"], each["to"], each["state"])
                  for each in found["assignments"]["nodes"]) == [
        ("Anna", "2017-01-01", "2017-01-02", "RETURNED"),
        ("Anna", "2017-01-03", "2017-01-04", "REASSIGNED"),
        ("Anna", "2017-01-04", "2017-02-01", "COMPLETED"),
        ("Bo", "2017-01-04", "2017-01-04", "REASSIGNED"),
    ]  # fmt: skip


async def test_a_manager_gives_work_among_their_own_reports_only(api: Api) -> None:
    boss, stranger = await api.hire("Boss"), await api.hire("Stranger")
    anna = await api.hire("Anna", manager_id=boss)
    pool, foreign = await opportunity(api), await opportunity(api, stranger)
    hers = await opportunity(api, anna)
    before = await api.log.head()
    for mutation, id, owner in [
        ("assignWork", pool, boss),
        ("assignWork", pool, stranger),
        ("assignWork", pool, uuid4()),
        ("reassignWork", foreign, anna),
        ("reassignWork", hers, stranger),
        ("reassignWork", uuid4(), anna),
    ]:
        given = {"id": item(id), "ownerId": gid("Employee", owner), "effective": "2017-01-01"}
        answer = await api.give(boss, mutation, **given)
        assert (answer["__typename"], answer["code"]) == ("Refused", "FORBIDDEN")
    assert await api.log.head() == before
    clerk = await api.clerk("work.assign")
    given = {"id": item(foreign), "ownerId": gid("Employee", anna), "effective": "2017-01-01"}
    assert (await api.give(clerk, "reassignWork", **given))["__typename"] == "ReassignWorkPayload"


async def test_nobody_closes_what_is_not_theirs(api: Api) -> None:
    boss, stranger = await api.hire("Boss"), await api.clerk("work.view", "work.assign")
    anna = await api.hire("Anna", manager_id=boss)
    id = await opportunity(api, anna)
    given = {"outcome": "WON", "effective": "2017-01-01", "amount": "1", "currency": "USD"}
    assert (await api.give(stranger, "completeWork", id=item(id), **given))["code"] == "FORBIDDEN"
    assert (await api.give(boss, "completeWork", id=item(id), **given))["__typename"] == "CompleteWorkPayload"
    again = {"id": item(id), "reason": "Never real.", "effective": "2017-01-02"}
    assert (await api.give(anna, "reverseDeal", **again))["code"] == "FORBIDDEN"
    answer = await api.give(boss, "reverseDeal", "workItem { status reversedOn amount { amount } }", **again)
    assert answer["workItem"] == {"status": "REVERSED", "reversedOn": "2017-01-02", "amount": {"amount": "1.00"}}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"outcome": "WON"}, ["amount"]),
        ({"outcome": "WON", "amount": "5"}, ["currency"]),
        ({"outcome": "WON", "amount": "0", "currency": "USD"}, ["amount"]),
        ({"outcome": "WON", "amount": "-5", "currency": "USD"}, ["amount"]),
        ({"outcome": "WON", "amount": "5.001", "currency": "USD"}, ["amount"]),
        ({"outcome": "WON", "amount": "5", "currency": "XYZ"}, ["currency"]),
        ({"outcome": "LOST", "amount": "5"}, ["amount"]),
        ({"outcome": "DONE"}, []),
    ],
)
async def test_a_deal_is_won_for_money_and_nothing_else_is(api: Api, given: dict[str, Any], path: list[str]) -> None:
    anna = await api.hire()
    id = await opportunity(api, anna)
    answer = await api.give(anna, "completeWork", id=item(id), effective="2017-01-01", **given)
    assert answer["__typename"] == "Refused", answer
    assert answer["path"] == (path or ["id"])


async def test_customers_and_the_pool_are_everybodys_to_know_and_deals_are_not(api: Api) -> None:
    boss, reader, stranger = await api.hire("Boss"), await api.clerk("work.view"), await api.hire("Stranger")
    anna = await api.hire("Anna", manager_id=boss)
    customer = uuid4()
    await api.run(WorkItem, customer, WorkItem.register, kind=Kind.CUSTOMER, title="Acme")
    await api.run(WorkItem, customer, WorkItem.assign, owner_id=anna, effective=date(2017, 1, 1))
    await opportunity(api, title="Nobody's")
    deal = await opportunity(api, anna, title="Anna's", customer_id=customer)
    document = """
        query ($deal: ID!) {
          workItems { totalCount nodes { title work { nodes { title } } } }
          assignments { totalCount }
          workItem(id: $deal) { title }
          node(id: $deal) { id }
        }
    """
    seen = await api.data(stranger, document, deal=item(deal))
    titles = [{"title": "Acme", "work": {"nodes": []}}, {"title": "Nobody's", "work": {"nodes": []}}]
    assert seen == {
        "workItems": {"totalCount": 2, "nodes": titles},
        "assignments": {"totalCount": 0},
        "workItem": None,
        "node": None,
    }
    for who in (anna, boss, reader):
        seen = await api.data(who, document, deal=item(deal))
        assert seen["workItems"]["totalCount"] == 3
        assert seen["workItems"]["nodes"][0]["work"]["nodes"] == [{"title": "Anna's"}]
        assert (seen["workItem"], seen["assignments"]) == ({"title": "Anna's"}, {"totalCount": 2})


async def test_nobody_learns_what_a_deal_was_worth_by_trying(api: Api) -> None:
    anna, stranger = await api.hire("Anna"), await api.hire("Stranger")
    await won(api, anna, "5000")
    for where in ('{ amount: { gt: "1" } }', '{ not: { amount: { lt: "1" } } }', "{ status: { eq: WON } }"):
        document = f"{{ workItems(where: {where}, orderBy: [{{ field: AMOUNT }}]) {{ totalCount nodes {{ id }} }} }}"
        assert (await api.data(stranger, document))["workItems"] == {"totalCount": 0, "nodes": []}
        assert (await api.data(anna, document))["workItems"]["totalCount"] == 1


async def test_a_repeated_command_takes_effect_once(api: Api) -> None:
    clerk = await api.clerk("work.register", "work.view")
    given = {"kind": "TASK", "title": "Call back", "reference": "T-1"}
    keyed = given | {"commandId": str(uuid4())}
    first = await api.give(clerk, "registerWorkItem", "workItem { id }", **keyed)
    assert await api.give(clerk, "registerWorkItem", "workItem { id }", **keyed) == first
    other = await api.give(clerk, "registerWorkItem", **(keyed | {"title": "Call off"}))
    assert other["code"] == "IDEMPOTENCY_MISMATCH"
    taken = await api.give(clerk, "registerWorkItem", **given)
    assert (taken["code"], taken["path"]) == ("WORK_ITEM_REFERENCE_TAKEN", ["reference"])
    assert (await api.data(clerk, "{ workItems { totalCount } }"))["workItems"]["totalCount"] == 1


async def test_work_is_only_for_people_who_are_here(api: Api) -> None:
    clerk, anna = await api.clerk("work.assign"), await api.hire()
    await api.run(Employee, anna, Employee.terminate, last_day=date(2017, 1, 31), reason=Reason.RESIGNED)
    id = await opportunity(api)
    given = {"id": item(id), "ownerId": gid("Employee", anna)}
    refused = await api.give(clerk, "assignWork", effective="2017-02-01", **given)
    assert (refused["__typename"], refused["path"]) == ("Refused", ["ownerId"])
    wrong = await api.give(clerk, "assignWork", effective="2017-01-01", **(given | {"id": gid("Employee", anna)}))
    assert (wrong["code"], wrong["path"]) == ("VALIDATION_FAILED", ["id"])
