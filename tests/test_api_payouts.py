"""Payouts in the API: from won deals to released payments, by several people, each line with its reasons."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from projections.deals import calculate, deals
from store.recorded import Origin
from store.writer import Unavailable
from tests._api import Api, gid
from tests._work import taken_back, won

TIERS = [
    {"start": "0", "end": "0.75", "rate": "0.04"},
    {"start": "0.75", "end": "1", "rate": "0.06"},
    {"start": "1", "end": "1.5", "rate": "0.09"},
    {"start": "1.5", "rate": "0.12"},
]
LINES = """
query ($period: String!) {
  payoutRun(period: $period) {
    status total { amount currency } lineCount blockedCount resultHash
    lines(orderBy: [{ field: AMOUNT, direction: DESC }]) {
      totalCount
      nodes { employee { name } state blockedBy amount { amount currency }
        explanation {
          credited { amount } attainment exact rounding
          deals { workItem { status } closedOn amount { amount currency } position }
          legs { start end amount { amount } rate exact earned { amount currency } } } }
    }
  }
}
"""
RESULT = "payoutRun { id status revision cutOff inputsHash resultHash total { amount } }"


@dataclass(frozen=True)
class Office:
    """People with one duty each, and an approved plan of 1,000 a quarter."""

    api: Api
    plan: str
    drafter: UUID
    opener: UUID
    calculator: UUID
    approver: UUID
    releaser: UUID

    async def opened(self, period: str = "2017-Q1", **given: Any) -> str:
        answer = await self.api.give(
            self.opener, "openPayoutRun", "payoutRun { id }", planId=self.plan, period=period, **given
        )
        id: str = answer["payoutRun"]["id"]
        return id

    async def calculated(self, id: str, **given: Any) -> dict[str, Any]:
        answer = await self.api.give(self.calculator, "calculatePayoutRun", RESULT, id=id, **given)
        found: dict[str, Any] = answer["payoutRun"]
        return found


@pytest.fixture
async def office(api: Api) -> Office:
    drafter, checker = await api.clerk("plan.edit", "plan.view"), await api.clerk("plan.approve", "plan.view")
    given = {"name": "Agents", "currency": "USD", "cadence": "QUARTER", "quota": "1000", "tiers": TIERS}
    answer = await api.give(drafter, "defineCommissionPlan", "commissionPlan { id }", **given)
    plan = answer["commissionPlan"]["id"]
    await api.give(checker, "approveCommissionPlan", id=plan)
    return Office(
        api=api,
        plan=plan,
        drafter=drafter,
        opener=await api.clerk("payout.open", "payout.view"),
        calculator=await api.clerk("payout.calculate", "payout.view", "pay.view", "work.view", name="Calculator"),
        approver=await api.clerk("payout.approve", "payout.view", "pay.view", name="Approver"),
        releaser=await api.clerk("payout.release", "payout.view", name="Releaser"),
    )


# ── The whole way ──


async def test_from_won_deals_to_released_payments(api: Api, office: Office) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "800.10", "2017-01-01")
    await won(api, anna, "799.90", "2017-03-31")
    await won(api, anna, "5000", "2017-04-01")
    await won(api, bo, "0.37", "2017-02-01")
    id = await office.opened()
    await office.calculated(id)
    seen = (await api.data(office.calculator, LINES, period="2017-01-01/2017-04-01"))["payoutRun"]
    assert (seen["status"], seen["lineCount"], seen["blockedCount"]) == ("CALCULATED", 2, 0)
    assert seen["total"] == {"amount": "102.01", "currency": "USD"}
    line, small = seen["lines"]["nodes"]
    positions = [each.position for each in await api.log.after(0) if each.fact.TOPIC == "work_item.won"]
    usd = {"currency": "USD"}
    assert line == {
        "employee": {"name": "Anna"},
        "state": "CALCULATED",
        "blockedBy": None,
        "amount": {"amount": "102.00"} | usd,
        "explanation": {
            "credited": {"amount": "1600.00"},
            "attainment": "1.600000",
            "exact": "102.00",
            "rounding": "0.00",
            "deals": [
                {
                    "workItem": {"status": "WON"},
                    "closedOn": closed_on,
                    "amount": {"amount": amount} | usd,
                    "position": position,
                }
                for closed_on, amount, position in [
                    ("2017-01-01", "800.10", positions[0]),
                    ("2017-03-31", "799.90", positions[1]),
                ]
            ],
            "legs": [
                {
                    "start": start,
                    "end": end,
                    "amount": {"amount": amount},
                    "rate": rate,
                    "exact": earned,
                    "earned": {"amount": earned} | usd,
                }
                for start, end, amount, rate, earned in [
                    ("0.00", "750.00", "750.00", "0.04", "30.00"),
                    ("750.00", "1000.00", "250.00", "0.06", "15.00"),
                    ("1000.00", "1500.00", "500.00", "0.09", "45.00"),
                    ("1500.00", None, "100.00", "0.12", "12.00"),
                ]
            ],
        },
    }
    for each in (line, small):
        told = each["explanation"]
        legs = sum(Decimal(leg["earned"]["amount"]) for leg in told["legs"])
        assert legs == Decimal(each["amount"]["amount"]) == Decimal(told["exact"]) + Decimal(told["rounding"])
    assert Decimal(small["explanation"]["rounding"]) == Decimal("-0.0048")
    own = await api.give(office.calculator, "approvePayoutRun", id=id)
    assert own["code"] == "FORBIDDEN"
    answer = await api.give(office.approver, "approvePayoutRun", RESULT, id=id, resultHash=seen["resultHash"])
    assert answer["payoutRun"]["status"] == "APPROVED"
    released = await api.give(office.releaser, "releasePayoutRun", "payoutRun { status releasedBy { name } }", id=id)
    assert released["payoutRun"] == {"status": "RELEASED", "releasedBy": {"name": "Releaser"}}
    again = await api.give(office.releaser, "releasePayoutRun", "payoutRun { status }", id=id)
    assert again["payoutRun"] == {"status": "RELEASED"}
    (effect,) = await api.organisation.pool.fetch("SELECT kind, key, payload FROM store.effects")
    assert (effect["kind"], effect["key"]) == ("payments", id.removeprefix("PayoutRun_"))
    ordered = {"total": "102.01", "currency": "USD", "result_hash": seen["resultHash"]}
    assert json.loads(effect["payload"]) == ordered | {"run_id": effect["key"]}


async def test_nobody_approves_what_they_had_a_hand_in(api: Api, office: Office) -> None:
    anna = await api.hire("Anna")
    await won(api, anna, "100")
    id = await office.opened()
    await office.calculated(id)
    for who in (office.opener, office.calculator, anna):
        await api.permit(who, "payout.approve")
    before = await api.log.head()
    for who, code in (
        (office.opener, "PAYOUT_RUN_OWN_CALCULATION"),
        (office.calculator, "PAYOUT_RUN_OWN_CALCULATION"),
        (anna, "PAYOUT_RUN_OWN_PAYOUT"),
        (office.releaser, "FORBIDDEN"),
    ):
        assert (await api.give(who, "approvePayoutRun", id=id))["code"] == code
    other = await api.give(office.approver, "approvePayoutRun", id=id, resultHash="0" * 64)
    assert (other["code"], other["path"]) == ("PAYOUT_RUN_RESULT_CHANGED", ["resultHash"])
    early = await api.give(office.releaser, "releasePayoutRun", id=id)
    assert early["code"] == "PAYOUT_RUN_WRONG_STATUS"
    assert await api.log.head() == before
    assert await api.organisation.pool.fetchval("SELECT count(*) FROM store.effects") == 0


async def test_nobody_approves_a_plan_that_they_drafted(api: Api, office: Office) -> None:
    await api.permit(office.drafter, "plan.approve")
    given: dict[str, Any] = {
        "name": "Managers",
        "currency": "USD",
        "cadence": "QUARTER",
        "quota": "1000",
        "tiers": TIERS,
    }
    answer = await api.give(office.drafter, "defineCommissionPlan", "commissionPlan { id }", **given)
    id = answer["commissionPlan"]["id"]
    assert (await api.give(office.drafter, "approveCommissionPlan", id=id))["code"] == "COMMISSION_PLAN_OWN_DRAFT"
    refused = await api.give(office.opener, "openPayoutRun", planId=id, period="2017-Q1")
    assert (refused["code"], refused["path"]) == ("COMMISSION_PLAN_NOT_APPROVED", ["planId"])
    gap = [TIERS[0], TIERS[2], TIERS[3]]
    refused = await api.give(office.drafter, "defineCommissionPlan", **(given | {"name": "Gap", "tiers": gap}))
    assert (refused["code"], refused["path"]) == ("COMMISSION_PLAN_WRONG_TIERS", ["tiers", "1", "start"])
    seen = "{ commissionPlans { nodes { name status quota { amount currency } tiers { start end rate } } } }"
    (agents, _) = (await api.data(office.drafter, seen))["commissionPlans"]["nodes"]
    tiers = [{"end": None} | tier for tier in TIERS]
    quota = {"amount": "1000.00", "currency": "USD"}
    assert agents == {"name": "Agents", "status": "APPROVED", "quota": quota, "tiers": tiers}
    assert (await api.data(office.opener, seen))["commissionPlans"]["nodes"] == []


# ── Once more ──


async def test_the_same_position_gives_the_same_result_whatever_came_later(api: Api, office: Office) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    deal = await won(api, anna, "100", "2017-01-15")
    id = await office.opened()
    first = await office.calculated(id)
    await won(api, bo, "500", "2017-02-01")
    await won(api, anna, "50", "2017-03-31")
    await taken_back(api, deal, "2017-05-01")
    assert await office.calculated(id, cutOff=first["cutOff"]) == first
    await api.give(office.approver, "rejectPayoutRun", id=id, reason="Look again.")
    again = await office.calculated(id, cutOff=first["cutOff"])
    assert again == first | {"revision": 2}
    now = await office.calculated(id)
    assert now["resultHash"] != first["resultHash"]
    assert (now["revision"], now["total"]) == (3, {"amount": "22.00"})
    back = await office.calculated(id, cutOff=first["cutOff"])
    assert back == first | {"revision": 4}
    ahead = await api.give(office.calculator, "calculatePayoutRun", id=id, cutOff=await api.log.head() + 1)
    assert (ahead["__typename"], ahead["path"]) == ("Refused", ["cutOff"])


async def test_a_line_that_no_longer_holds_is_no_longer_shown(api: Api, office: Office) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    deal = await won(api, anna, "100")
    await won(api, bo, "100")
    id = await office.opened()
    await office.calculated(id)
    await taken_back(api, deal, "2017-05-01")
    await office.calculated(id)
    nodes = (await api.data(office.calculator, LINES, period="2017-Q1"))["payoutRun"]["lines"]["nodes"]
    reversed_ = nodes[1]["explanation"]
    assert [each["employee"]["name"] for each in nodes] == ["Bo", "Anna"]
    assert nodes[1]["amount"]["amount"] == "0.00"
    assert [each["amount"]["amount"] for each in reversed_["deals"]] == ["100.00", "-100.00"]
    assert (reversed_["legs"], reversed_["deals"][1]["workItem"]) == ([], {"status": "REVERSED"})
    await office.calculated(id, cutOff=0)
    assert (await api.data(office.calculator, LINES, period="2017-Q1"))["payoutRun"]["lines"]["totalCount"] == 0
    mine = "{ payoutLines { totalCount } }"
    assert (await api.data(anna, mine))["payoutLines"]["totalCount"] == 0


async def test_what_was_approved_never_changes(api: Api, office: Office) -> None:
    anna = await api.hire("Anna")
    deal = await won(api, anna, "100")
    id = await office.opened()
    await office.calculated(id)
    await api.give(office.approver, "approvePayoutRun", id=id)
    before = await api.data(office.calculator, LINES, period="2017-Q1")
    await taken_back(api, deal, "2017-05-01")
    await won(api, anna, "5000", "2017-03-01")
    for mutation in ("calculatePayoutRun", "rejectPayoutRun", "cancelPayoutRun"):
        reason = {} if mutation == "calculatePayoutRun" else {"reason": "Late."}
        for who in (office.opener, office.calculator, office.approver):
            refused = await api.give(who, mutation, id=id, **reason)
            assert refused["code"] in ("FORBIDDEN", "PAYOUT_RUN_WRONG_STATUS")
    after = await api.data(office.calculator, LINES, period="2017-Q1")
    (line,) = after["payoutRun"]["lines"]["nodes"]
    line["explanation"]["deals"][0]["workItem"]["status"] = "WON"
    assert after == before


async def test_a_retried_calculation_is_answered_and_not_made_again(api: Api, office: Office) -> None:
    anna = await api.hire("Anna")
    await won(api, anna, "100")
    id = await office.opened()
    keyed = {"id": id, "commandId": str(uuid4())}
    first = await api.give(office.calculator, "calculatePayoutRun", RESULT, **keyed)
    await won(api, anna, "100")
    head = await api.log.head()
    assert await api.give(office.calculator, "calculatePayoutRun", RESULT, **keyed) == first
    assert await api.log.head() == head
    other = await api.give(office.calculator, "calculatePayoutRun", **keyed, cutOff=1)
    assert other["code"] == "IDEMPOTENCY_MISMATCH"
    stale = await api.give(office.calculator, "calculatePayoutRun", id=id, expectedVersion=1)
    assert stale["code"] == "CONFLICT"


async def test_other_money_blocks_its_line_and_the_run(api: Api, office: Office) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "100")
    await won(api, bo, "100")
    await won(api, bo, "70", currency="EUR")
    id = await office.opened()
    await office.calculated(id)
    seen = (await api.data(office.calculator, LINES, period="2017-Q1"))["payoutRun"]
    assert (seen["lineCount"], seen["blockedCount"], seen["total"]["amount"]) == (1, 1, "4.00")
    blocked = next(each for each in seen["lines"]["nodes"] if each["state"] == "BLOCKED")
    assert (blocked["employee"]["name"], blocked["blockedBy"], blocked["amount"]) == ("Bo", "FX_RATE_MISSING", None)
    assert blocked["explanation"]["credited"] is None
    assert {each["amount"]["currency"] for each in blocked["explanation"]["deals"]} == {"USD", "EUR"}
    assert (await api.give(office.approver, "approvePayoutRun", id=id))["code"] == "PAYOUT_RUN_BLOCKED_LINES"


async def test_a_period_is_paid_once_unless_its_run_was_cancelled(api: Api, office: Office) -> None:
    anna = await api.hire("Anna")
    await won(api, anna, "100")
    first = await office.opened()
    await office.calculated(first)
    taken = await api.give(office.opener, "openPayoutRun", planId=office.plan, period="2017-Q1")
    assert taken["code"] == "PAYOUT_RUN_PERIOD_TAKEN"
    assert (await api.data(anna, "{ payoutLines { totalCount } }"))["payoutLines"]["totalCount"] == 1
    await api.give(office.opener, "cancelPayoutRun", id=first, reason="Wrong day.")
    document = (
        'query ($id: ID) { payoutRun(period: "2017-Q1") { id } cancelled: payoutRun(id: $id) { status because } }'
    )
    seen = await api.data(office.opener, document, id=first)
    assert seen == {"payoutRun": None, "cancelled": {"status": "CANCELLED", "because": "Wrong day."}}
    assert (await api.data(anna, "{ payoutLines { totalCount } }"))["payoutLines"]["totalCount"] == 0
    second = await office.opened()
    assert (await api.data(office.opener, document, id=first))["payoutRun"] == {"id": second}
    wrong = await api.give(office.opener, "openPayoutRun", planId=office.plan, period="2017-04")
    assert wrong["code"] == "PAYOUT_RUN_WRONG_CADENCE"
    early = await api.give(office.opener, "openPayoutRun", planId=office.plan, period="2199-Q1")
    assert early["code"] == "PAYOUT_RUN_PERIOD_NOT_OVER"


async def test_a_run_is_calculated_without_the_api_too(api: Api, office: Office) -> None:
    anna, by = await api.hire("Anna"), uuid4()
    await won(api, anna, "100")
    id = UUID((await office.opened()).removeprefix("PayoutRun_"))
    pool = api.organisation.pool
    outcome = await calculate(api.log, pool, id, origin=Origin(actor=by))
    assert outcome.facts[-1].calculated_by == by
    assert outcome.facts[-1].total == Decimal("4.00")
    assert not (await calculate(api.log, pool, id, origin=Origin(actor=by))).facts


async def test_nothing_is_calculated_while_the_deals_are_behind(api: Api, office: Office) -> None:
    id = UUID((await office.opened()).removeprefix("PayoutRun_"))
    pool = api.organisation.pool
    await pool.execute("UPDATE store.head SET live = array_remove(live, $1)", deals.table.name)
    with pytest.raises(Unavailable):
        await calculate(api.log, pool, id, origin=Origin(actor=uuid4()))


# ── Whose pay it is ──


async def test_everybody_sees_their_own_pay_and_nobody_elses(api: Api, office: Office) -> None:
    boss = await api.hire("Boss")
    anna, bo = [await api.hire(name, manager_id=boss) for name in ("Anna", "Bo")]
    await won(api, anna, "100")
    await won(api, bo, "200")
    await office.calculated(await office.opened())
    for who, name, amount in ((anna, "Anna", "4.00"), (bo, "Bo", "8.00")):
        answer = await api(who, LINES, period="2017-Q1")
        run = answer["data"]["payoutRun"]
        assert (run["status"], run["total"], run["lineCount"], run["resultHash"]) == ("CALCULATED", None, None, None)
        assert [each["path"][-1] for each in answer["extensions"]["denied"]] == [
            "total",
            "lineCount",
            "blockedCount",
            "resultHash",
        ]
        (line,) = run["lines"]["nodes"]
        assert run["lines"]["totalCount"] == 1
        assert (line["employee"]["name"], line["amount"]["amount"]) == (name, amount)
        assert line["explanation"]["deals"][0]["workItem"] == {"status": "WON"}
    for who in (boss, await api.clerk("score.view", "work.view", "target.view", "plan.view", "personal.view")):
        run = (await api(who, LINES, period="2017-Q1"))["data"]["payoutRun"]
        assert (run["total"], run["lines"]) == (None, {"totalCount": 0, "nodes": []})
    for who in (office.opener, office.releaser):
        answer = (await api(who, LINES, period="2017-Q1"))["data"]["payoutRun"]
        assert (answer["total"], answer["lineCount"]) == (None, 2), "what two get is not for whoever sees nobody's pay"
        assert [(each["amount"], each["explanation"]) for each in answer["lines"]["nodes"]] == [(None, None)] * 2


async def test_nobody_learns_what_others_are_paid_by_trying(api: Api, office: Office) -> None:
    anna, bo = await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "100")
    await won(api, bo, "200")
    id = await office.opened()
    await office.calculated(id)
    theirs = (await api.data(bo, "{ payoutLines { nodes { id } } }"))["payoutLines"]["nodes"][0]["id"]
    document = """
        query ($id: ID!, $bo: ID!) {
          node(id: $id) { id }
          employee(id: $bo) { payoutLines { totalCount nodes { amount { amount } } } }
          payoutLines(where: { employee: { eq: $bo } }) { totalCount }
          more: payoutLines(where: { amount: { gt: "5" } }, orderBy: [{ field: AMOUNT }]) { totalCount }
          less: payoutLines(where: { not: { amount: { gt: "5" } } }) { totalCount }
        }
    """
    assert await api.data(anna, document, id=theirs, bo=gid("Employee", bo)) == {
        "node": None,
        "employee": {"payoutLines": {"totalCount": 0, "nodes": []}},
        "payoutLines": {"totalCount": 0},
        "more": {"totalCount": 0},
        "less": {"totalCount": 1},
    }
    for what in ('payoutRuns(where: { total: { gt: "1" } })', "payoutRuns(orderBy: [{ field: TOTAL }])"):
        answer = await api(anna, f"{{ {what} {{ totalCount nodes {{ id }} }} }}")
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN_FIELD"
        found = (await api.data(office.approver, f"{{ {what} {{ nodes {{ id }} }} }}"))["payoutRuns"]["nodes"]
        assert found == [{"id": id}]
    for where, count in (('{ amount: { gt: "5" } }', 0), ('{ not: { amount: { gt: "5" } } }', 2)):
        answer = await api.data(office.opener, f"{{ payoutLines(where: {where}) {{ totalCount }} }}")
        assert answer["payoutLines"]["totalCount"] == count


@pytest.mark.parametrize(
    ("mutation", "given"),
    [
        ("openPayoutRun", {"planId": "CommissionPlan_00000000-0000-0000-0000-000000000001", "period": "2017-Q1"}),
        ("calculatePayoutRun", {}),
        ("approvePayoutRun", {}),
        ("rejectPayoutRun", {"reason": "No."}),
        ("releasePayoutRun", {}),
        ("cancelPayoutRun", {"reason": "No."}),
    ],
)
async def test_payroll_is_for_who_may(api: Api, mutation: str, given: dict[str, Any]) -> None:
    somebody, everything_else = (
        await api.hire(),
        await api.clerk("plan.edit", "plan.approve", "payout.view", "pay.view"),
    )
    usual = {} if mutation == "openPayoutRun" else {"id": gid("PayoutRun", uuid4())}
    for who in (somebody, everything_else):
        assert (await api.give(who, mutation, **usual, **given))["code"] == "FORBIDDEN"


async def test_what_is_not_there_is_not_found(api: Api, office: Office) -> None:
    nowhere = gid("PayoutRun", uuid4())
    assert (await api.give(office.calculator, "calculatePayoutRun", id=nowhere))["code"] == "PAYOUT_RUN_NOT_FOUND"
    assert (await api.give(office.approver, "approvePayoutRun", id=nowhere))["code"] == "PAYOUT_RUN_NOT_FOUND"
    plan = UUID(office.plan.removeprefix("CommissionPlan_"))
    mixed_up = await api.give(office.calculator, "calculatePayoutRun", id=gid("PayoutRun", plan))
    assert mixed_up["code"] == "NOT_FOUND"
    assert await api.data(office.opener, '{ payoutRun(period: "2016-Q1") { id } }') == {"payoutRun": None}
    for which in ("payoutRun { id }", 'payoutRun(period: "soon") { id }'):
        answer = await api(office.opener, f"{{ {which} }}")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
