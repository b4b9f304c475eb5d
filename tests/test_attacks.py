"""What somebody tries who wants to know or to change more than is theirs, and what comes of it."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.employee import Employee, Reason
from domain.role import ADMINISTRATOR, Role
from domain.work_item import WorkItem
from tests._api import EVERYTHING, Api, gid
from tests._work import opportunity, taken_back, won


@pytest.mark.parametrize("letter", "tpaovj")
async def test_whatever_a_client_calls_a_field_the_answer_is_the_same(api: Api, letter: str) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire("Anna", manager_id=boss)
    for number in range(1, 10):
        document = "query ($id: ID!) { KEY: employee(id: $id) { manager { KEY: name reports { nodes { KEY: id } } } } }"
        keyed = await api.data(anna, document.replace("KEY", f"{letter}{number}"), id=gid("Employee", anna))
        plain = await api.data(anna, document.replace("KEY", "plain"), id=gid("Employee", anna))
        assert json.dumps(keyed).replace(f'"{letter}{number}"', '"plain"') == json.dumps(plain)


async def test_who_may_edit_people_does_not_come_to_see_how_they_do(api: Api) -> None:
    boss = await api.hire("Bo")
    clerk = await api.clerk("employee.edit", "employee.hire", manager_id=boss)
    anna, left = await api.hire("Anna", manager_id=boss), await api.hire("Lee", manager_id=boss)
    await api.run(Employee, left, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
    head = await api.log.head()
    mine = {"managerId": gid("Employee", clerk), "effective": "2017-01-01"}
    job = {"workEmail": "lee@example.com", "title": "Agent"}
    for refused in (
        await api.give(clerk, "changeManager", id=gid("Employee", anna), **mine),
        await api.give(clerk, "rehireEmployee", id=gid("Employee", left), **mine, **job),
        await api.give(clerk, "changeManager", id=gid("Employee", clerk), effective="2017-01-01", managerId=None),
    ):
        assert refused["code"] == "EMPLOYEE_OWN_REPORTING_LINE"
    assert await api.log.head() == head


async def test_who_may_rehire_people_does_not_bring_back_rights_that_they_lack(api: Api) -> None:
    await api.administrator()
    clerk, left = await api.clerk("employee.hire"), await api.hire("Lee")
    await api.run(Role, ADMINISTRATOR, Role.bind, employee_id=left, holder=EVERYTHING)
    await api.run(Employee, left, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.RESIGNED)
    head = await api.log.head()
    job = {"workEmail": "lee@example.com", "title": "Agent", "effective": "2017-01-01"}
    refused = await api.give(clerk, "rehireEmployee", id=gid("Employee", left), **job)
    assert refused["code"] == "ROLE_MORE_THAN_HELD"
    assert await api.log.head() == head


async def test_who_may_edit_roles_does_not_get_rid_of_the_administrators(api: Api) -> None:
    ada, other = await api.administrator(), await api.hire("Ad Min")
    await api.run(Role, ADMINISTRATOR, Role.bind, employee_id=other, holder=EVERYTHING)
    clerk = await api.clerk("role.edit")
    clerk = await api.clerk("role.edit")
    head, role = await api.log.head(), gid("Role", ADMINISTRATOR)
    refused = await api.give(clerk, "unbindRole", id=role, employeeId=gid("Employee", other))
    assert refused["code"] == "ROLE_ADMINISTRATORS_ONLY"
    assert await api.log.head() == head
    assert "position" in await api.give(ada, "unbindRole", id=role, employeeId=gid("Employee", other))
    last = await api.give(ada, "unbindRole", id=role, employeeId=gid("Employee", ada))
    assert last["code"] == "ROLE_LAST_ADMINISTRATOR"


# ── Refusals tell nothing of what one does not see ──

ANY_VERSION: tuple[dict[str, Any], ...] = ({}, {"expectedVersion": 7})


async def test_a_manager_learns_nothing_of_the_work_of_others_by_assigning_it(api: Api) -> None:
    boss, stranger = await api.hire("Bo"), await api.hire("Stran Ger")
    anna = gid("Employee", await api.hire("Anna", manager_id=boss))
    open_, closed = await opportunity(api, stranger, "Secret pumps"), await won(api, stranger, "100")
    answers = [
        await api.give(boss, "assignWork", id=gid("WorkItem", id), ownerId=anna, effective="2017-01-01", **given)
        for id in (open_, closed, uuid4())
        for given in ANY_VERSION
    ]
    hidden, missing = answers[:4], answers[4]
    assert [answer["code"] for answer in hidden] == ["WORK_ITEM_NOT_FOUND"] * 4
    assert hidden == [missing] * 4


async def test_whoever_may_assign_but_not_see_all_work_is_told_no_titles(api: Api) -> None:
    clerk, stranger = await api.clerk("work.assign"), await api.hire("Stran Ger")
    closed = await opportunity(api, stranger, "Secret pumps")
    await api.run(WorkItem, closed, WorkItem.lose, effective=date(2017, 1, 1))
    for mutation in "assignWork", "reassignWork":
        given = {"id": gid("WorkItem", closed), "ownerId": gid("Employee", clerk), "effective": "2017-01-01"}
        answer = await api.give(clerk, mutation, "workItem { title }", **given)
        assert answer["code"] == "WORK_ITEM_CLOSED"
        assert "Secret" not in json.dumps(answer)


# ── What is written ──


@pytest.mark.parametrize("reason", ["x" * 1001, "a\nb", "\x1b[31m", " "])
async def test_a_reason_is_a_line_of_text(api: Api, reason: str) -> None:
    clerk = await api.clerk("role.edit")
    head = await api.log.head()
    refused = await api.give(clerk, "defineRole", name="Greeters", reason=reason)
    assert (refused["code"], refused["path"]) == ("VALIDATION_FAILED", ["reason"])
    assert await api.log.head() == head


@pytest.mark.parametrize(
    ("mutation", "given", "path"),
    [
        ("registerWorkItem", {"kind": "CUSTOMER", "title": "X"}, "title"),
        ("registerWorkItem", {"kind": "CUSTOMER", "title": "Acme", "reference": "X"}, "reference"),
        ("createDepartment", {"code": "X", "name": "Sales", "effective": "2017-01-01"}, "code"),
        ("defineCommissionPlan", {"name": "X", "currency": "USD", "cadence": "MONTH", "quota": "1"}, "name"),
    ],
)
async def test_no_name_turns_the_direction_of_reading_around(
    api: Api, mutation: str, given: dict[str, Any], path: str
) -> None:
    clerk = await api.clerk("work.register", "department.edit", "plan.edit")
    wrong = {name: "gnp.\u202eexe" if each == "X" else each for name, each in given.items()}
    tiers: dict[str, Any] = {"tiers": [{"start": "0", "rate": "0.1"}]} if "quota" in given else {}
    refused = await api.give(clerk, mutation, **wrong, **tiers)
    assert (refused["code"], refused["path"]) == ("VALIDATION_FAILED", [path])


@pytest.mark.parametrize("written", ["e-1", "E-1\u200b", "\u2060E-1", "\uff25-1", "\uff45\u00ad\uff0d\uff11"])
async def test_no_number_looks_like_that_of_somebody_else(api: Api, written: str) -> None:
    await api.hire("Anna", number="E-1")
    clerk = await api.clerk("employee.hire")
    given = {"name": "Anna", "workEmail": "other@example.com", "title": "Agent", "effective": "2017-01-01"}
    assert (await api.give(clerk, "hireEmployee", number=written, **given))["code"] == "EMPLOYEE_NUMBER_TAKEN"


async def test_no_role_looks_like_that_of_the_administrators(api: Api) -> None:
    await api.administrator()
    clerk = await api.clerk("role.edit")
    assert (await api.give(clerk, "defineRole", name="Adminis\u200dtrator"))["code"] == "ROLE_NAME_TAKEN"


# ── Money ──


async def plan(api: Api, **given: Any) -> UUID:
    """A plan as it was asked for, and approved; or refused."""
    drafter = await api.clerk("plan.edit", "plan.view")
    usual = {"name": "Agents", "currency": "USD", "cadence": "QUARTER", "quota": "1000"}
    answer = await api.give(drafter, "defineCommissionPlan", "commissionPlan { id }", **(usual | given))
    assert answer["__typename"] != "Refused", answer
    id = answer["commissionPlan"]["id"]
    await api.give(await api.clerk("plan.approve", "plan.view"), "approveCommissionPlan", id=id)
    return UUID(id.partition("_")[2])


async def calculated(api: Api, plan_id: UUID) -> dict[str, Any]:
    payroll = await api.clerk("payout.open", "payout.calculate", "payout.view", "pay.view")
    run = await api.give(
        payroll, "openPayoutRun", "payoutRun { id }", planId=gid("CommissionPlan", plan_id), period="2017-Q1"
    )
    result = "payoutRun { id resultHash total { amount } lines { nodes { explanation { legs { start end } exact } } } }"
    answer: dict[str, Any] = await api.give(payroll, "calculatePayoutRun", result, id=run["payoutRun"]["id"])
    return answer


async def test_a_tier_that_ends_at_nought_is_not_one_without_end(api: Api) -> None:
    with pytest.raises(AssertionError, match="COMMISSION_PLAN_WRONG_TIERS"):
        await plan(api, tiers=[{"start": "0", "end": "0", "rate": "0.1"}])


async def test_the_largest_quota_in_the_finest_tiers_loses_no_digit(api: Api) -> None:
    end, quota = Decimal("999999999999999.999999"), Decimal("999999999999999.99")
    tiers = [{"start": "0", "end": str(end), "rate": "0.1"}, {"start": str(end), "rate": "0.2"}]
    await won(api, await api.hire("Anna"), "100")
    run = (await calculated(api, await plan(api, quota=str(quota), tiers=tiers)))["payoutRun"]
    (line,) = run["lines"]["nodes"]
    assert line["explanation"]["legs"] == [{"start": "0.00", "end": "999999999999999989999000000000.00000001"}]


async def test_deals_beyond_all_bounds_stand_in_nobodys_way(api: Api) -> None:
    """Whoever looks at the result sees them; a run that can't be calculated would pay nobody."""
    anna = await api.hire("Anna")
    for _ in range(3):
        await won(api, anna, "999999999999999.99")
    run = (await calculated(api, await plan(api, tiers=[{"start": "0", "rate": "1"}])))["payoutRun"]
    assert run["total"] == {"amount": "2999999999999999.97"}


@pytest.mark.parametrize("written", ["99999999999999.99", "0.1234567890123456"])
async def test_no_amount_is_recorded_but_the_one_that_was_written(api: Api, written: str) -> None:
    """A number of JSON that a float does not hold is refused; as text it is exact."""
    clerk = await api.clerk("plan.edit", "plan.view")
    document = """mutation VARIABLES {
        defineCommissionPlan(input: {
            name: "Agents", currency: "USD", cadence: MONTH, quota: QUOTA, tiers: [{ start: 0, rate: 0.1 }]
        }) { ... on DefineCommissionPlanPayload { commissionPlan { quota { amount } } } ... on Refused { code } } }"""
    head = await api.log.head()
    by_variable = document.replace("QUOTA", "$quota").replace("VARIABLES", "($quota: Decimal!)")
    for answer in (
        await api(clerk, by_variable, quota=float(written)),
        await api(clerk, document.replace("QUOTA", written).replace("VARIABLES", "")),
    ):
        assert answer["errors"], answer
    assert await api.log.head() == head
    if written.startswith("9"):
        answer = await api.data(clerk, by_variable, quota=written)
        assert answer["defineCommissionPlan"]["commissionPlan"]["quota"]["amount"] == written


async def test_a_deal_in_another_currency_stands_in_nobodys_way_once_it_is_reversed(api: Api) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "100")
    for wrong in await won(api, anna, "0.01", currency="EUR"), await won(api, bo, "7", currency="JPY"):
        await taken_back(api, wrong, "2017-03-01")
    run = (await calculated(api, await plan(api, tiers=[{"start": "0", "rate": "0.1"}])))["payoutRun"]
    document = """query ($id: ID!) { payoutRun(id: $id) { blockedCount lines(orderBy: [{ field: AMOUNT }]) { nodes {
        state amount { amount } explanation { credited { amount } deals { amount { amount currency } } } } } } }"""
    payroll = await api.clerk("payout.view", "pay.view")
    seen = (await api.data(payroll, document, id=run["id"]))["payoutRun"]
    deal = {"amount": {"amount": "100.00", "currency": "USD"}}
    assert seen["blockedCount"] == 0
    assert [(line["amount"]["amount"], line["explanation"]) for line in seen["lines"]["nodes"]] == [
        ("0.00", {"credited": {"amount": "0.00"}, "deals": []}),
        ("10.00", {"credited": {"amount": "100.00"}, "deals": [deal]}),
    ]


@pytest.mark.parametrize(("people", "told"), [(1, None), (4, None), (5, {"amount": "500.00"})])
async def test_what_few_get_together_does_not_tell_what_each_gets(api: Api, people: int, told: Any) -> None:
    """Who sees payout runs and nobody's pay learns no total of fewer than five, neither by asking nor by trying."""
    for _ in range(people):
        await won(api, await api.hire("Anna"), "1000")
    run = (await calculated(api, await plan(api, tiers=[{"start": "0", "rate": "0.1"}])))["payoutRun"]
    assert run["total"] == {"amount": f"{people}00.00"}, "to whoever sees what each gets"
    clerk = await api.clerk("payout.view", "payout.approve")
    seen = "query ($id: ID!) { payoutRun(id: $id) { lineCount total { amount } } }"
    assert (await api.data(clerk, seen, id=run["id"]))["payoutRun"] == {"lineCount": people, "total": told}
    tried = "query ($least: Decimal) { payoutRuns(where: { total: { gte: $least } }) { totalCount } }"
    for least in "1", "999999":
        found = (await api.data(clerk, tried, least=least))["payoutRuns"]["totalCount"]
        assert found == int(told is not None and least == "1")
    approved = await api.give(clerk, "approvePayoutRun", "payoutRun { total { amount } }", id=run["id"])
    assert approved["payoutRun"]["total"] == told


async def test_an_empty_hash_is_not_the_hash_of_what_was_seen(api: Api) -> None:
    await won(api, await api.hire("Anna"), "100")
    run = (await calculated(api, await plan(api, tiers=[{"start": "0", "rate": "0.1"}])))["payoutRun"]
    checker = await api.clerk("payout.approve")
    refused = await api.give(checker, "approvePayoutRun", id=run["id"], resultHash="")
    assert refused["code"] == "PAYOUT_RUN_RESULT_CHANGED"
    assert (await api.give(checker, "approvePayoutRun", id=run["id"]))["__typename"] == "ApprovePayoutRunPayload"


async def test_a_deal_that_was_lost_has_no_amount_not_even_nought(api: Api) -> None:
    anna = await api.hire("Anna")
    lost = gid("WorkItem", await opportunity(api, anna))
    given = {"id": lost, "outcome": "LOST", "effective": "2017-01-01", "amount": "0"}
    assert (await api.give(anna, "completeWork", **given))["path"] == ["amount"]
