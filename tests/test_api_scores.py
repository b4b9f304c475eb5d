"""Scores, targets and leaderboards in the API: what counts when, who stands where, and who sees how much."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.department import Department
from domain.score import Metric, Score
from domain.target import Target
from store.recorded import Origin
from tests._api import Api, gid
from tests._work import taken_back, won

BOARD = """
query ($metric: Metric!, $period: String!, $departmentId: ID, $currency: CurrencyCode, $first: Int) {
  leaderboard(
    metric: $metric, period: $period, departmentId: $departmentId, currency: $currency, first: $first
  ) { metric period currency entries { rank employee { name } value target attainment } }
}
"""
STANDING = """
query ($employeeId: ID!, $metric: Metric!, $period: String!) {
  standing(employeeId: $employeeId, metric: $metric, period: $period) { rank value target attainment }
}
"""


async def reader(api: Api) -> UUID:
    return await api.clerk("score.view", "target.view", name="Reader")


async def board(api: Api, who: UUID, period: str, metric: str = "WON_AMOUNT", **given: Any) -> list[tuple[Any, ...]]:
    found = (await api.data(who, BOARD, metric=metric, period=period, **given))["leaderboard"]
    return [(each["rank"], each["employee"]["name"], each["value"]) for each in found["entries"]]


async def agreed(api: Api, employee_id: UUID, amount: str, period: str = "2017-Q1", **given: Any) -> UUID:
    id, usual = uuid4(), {"metric": Metric.WON_AMOUNT, "currency": "USD"} | given
    await api.run(Target, id, Target.set, employee_id=employee_id, period=period, amount=Decimal(amount), **usual)
    return id


async def judged(api: Api, employee_id: UUID, value: str, day: str = "2017-02-01", **given: Any) -> UUID:
    id, usual = uuid4(), {"metric": Metric.TEAMWORK} | given
    made = {"employee_id": employee_id, "value": Decimal(value), "effective": date.fromisoformat(day)}
    await somebody(api, id, Score.record, **usual, **made)
    return id


async def somebody(api: Api, id: UUID, command: Any, **given: Any) -> None:
    """Somebody else judges."""
    judge = uuid4()
    await api.log.run(Score, id, command, origin=Origin(actor=judge), by=judge, **given)


# ── What counts, and when ──


async def test_equals_share_a_rank_and_the_next_one_is_after_all_of_them(api: Api) -> None:
    who = await reader(api)
    for name, amount in [("Anna", "50"), ("Bo", "30"), ("Cy", "30.00"), ("Di", "20")]:
        await won(api, await api.hire(name), amount)
    found = await board(api, who, "2017-Q1")
    assert [rank for rank, *_ in found] == [1, 2, 2, 4]
    assert {each[1] for each in found[1:3]} == {"Bo", "Cy"}
    assert await board(api, who, "2017-Q1") == found
    assert await board(api, who, "2017-Q1", first=2) == found[:2]
    assert await board(api, who, "2017-Q1", first=0) == []


async def test_a_deal_counts_in_the_periods_of_its_close_date_and_in_no_other(api: Api) -> None:
    who, anna = await reader(api), await api.hire("Anna")
    await won(api, anna, "1", "2016-12-31")
    await won(api, anna, "10", "2017-01-01")
    await won(api, anna, "100", "2017-03-31")
    await won(api, anna, "1000", "2017-04-01")
    await won(api, anna, "10000", "2017-12-31")
    await won(api, anna, "100000", "2018-01-01")
    for period, value in {
        "2016": "1.00",
        "2016-Q4": "1.00",
        "2016-12": "1.00",
        "2017": "11110.00",
        "2017-Q1": "110.00",
        "2017-01": "10.00",
        "2017-Q2": "1000.00",
        "2017-12": "10000.00",
        "2018-Q1": "100000.00",
        "2017-01-01/2017-04-01": "110.00",
        "2017-01-01/2017-04-02": "1110.00",
        "2017-01-02/2017-04-01": "100.00",
        "2016-12-31/2018-01-02": "111111.00",
    }.items():
        assert await board(api, who, period) == [(1, "Anna", value)], period
        alone = await api.data(who, STANDING, employeeId=gid("Employee", anna), metric="WON_AMOUNT", period=period)
        assert (alone["standing"]["rank"], alone["standing"]["value"]) == (1, value)
    for period in ("2017-02", "2015", "2017-02-01/2017-03-01"):
        assert await board(api, who, period) == []
        alone = await api.data(who, STANDING, employeeId=gid("Employee", anna), metric="WON_AMOUNT", period=period)
        assert alone == {"standing": None}
    assert await board(api, who, "2017", metric="DEALS_WON") == [(1, "Anna", "4")]


async def test_a_period_is_told_in_its_shortest_form_and_nonsense_is_refused(api: Api) -> None:
    who = await reader(api)
    given = {"metric": "WON_AMOUNT"}
    answer = await api.data(who, BOARD, period="2017-04-01/2017-07-01", **given)
    assert answer["leaderboard"]["period"] == "2017-Q2"
    for period in ("2017-Q5", "2017-13", "17", "2017-02-30/2017-03-01", "2017-03-01/2017-02-01", "'; --"):
        refused = await api(who, BOARD, period=period, **given)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", period
    for first in (-1, 201):
        refused = await api(who, BOARD, period="2017", first=first, **given)
        assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_reversed_deal_comes_to_nothing_where_it_had_counted(api: Api) -> None:
    who, anna, bo = await reader(api), await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "100", "2017-01-15")
    gone = await won(api, anna, "900", "2017-03-31")
    only = await won(api, bo, "500", "2017-03-31")
    before = await api.log.head()
    for each in (gone, only):
        await taken_back(api, each, "2017-04-20")
    for period in ("2017", "2017-Q1", "2017-01-01/2017-06-30"):
        assert await board(api, who, period) == [(1, "Anna", "100.00")], period
        assert await board(api, who, period, metric="DEALS_WON") == [(1, "Anna", "1")], period
    for period in ("2017-03", "2017-Q2", "2017-04"):
        assert await board(api, who, period) == []
    document = """
        query ($at: Position!) {
          scoreEntries(where: { metric: { eq: WON_AMOUNT }, position: { gt: $at } }) { nodes { value count cause day } }
          scores(where: { metric: { eq: WON_AMOUNT }, state: { eq: WITHDRAWN } }) { nodes { value because } }
        }
    """
    found = await api.data(who, document, at=before)
    back = {"count": -1, "cause": "REVERSED", "day": "2017-03-31"}
    assert found["scoreEntries"]["nodes"] == [{"value": "-900.00"} | back, {"value": "-500.00"} | back]
    assert {each["value"] for each in found["scores"]["nodes"]} == {"900.00", "500.00"}


async def test_what_is_judged_counts_as_the_mean_of_the_scores_that_stand(api: Api) -> None:
    who, anna, bo = await reader(api), await api.hire("Anna"), await api.hire("Bo")
    first = await judged(api, anna, "5")
    await judged(api, anna, "4")
    last = await judged(api, anna, "4")
    await judged(api, bo, "4")
    assert await board(api, who, "2017-Q1", "TEAMWORK") == [(1, "Anna", "4.3333"), (2, "Bo", "4")]
    await somebody(api, first, Score.correct, value=Decimal(3), reason="Mixed up.")
    await somebody(api, last, Score.withdraw, reason="Not theirs.")
    for period in ("2017-Q1", "2017-02", "2017-01-31/2017-02-02"):
        assert await board(api, who, period, "TEAMWORK") == [(1, "Bo", "4"), (2, "Anna", "3.5")], period


async def test_currencies_never_mix(api: Api) -> None:
    who, anna, bo = await reader(api), await api.hire("Anna"), await api.hire("Bo")
    await won(api, anna, "100")
    await won(api, anna, "1", currency="EUR")
    await won(api, bo, "90")
    await won(api, bo, "900", currency="EUR")
    await won(api, bo, "5")
    for period in ("2017-Q1", "2017-01-31/2017-02-02"):
        assert await board(api, who, period) == [(1, "Anna", "100.00"), (2, "Bo", "95.00")]
        assert await board(api, who, period, currency="EUR") == [(1, "Bo", "900.00"), (2, "Anna", "1.00")]
        assert await board(api, who, period, currency="CHF") == []
    assert (await api.data(who, BOARD, metric="WON_AMOUNT", period="2017"))["leaderboard"]["currency"] == "USD"
    assert await board(api, who, "2017-Q1", "DEALS_WON") == [(1, "Bo", "3"), (2, "Anna", "2")]
    refused = await api(who, BOARD, metric="DEALS_WON", period="2017", currency="USD")
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_department_is_ranked_among_itself_with_all_that_is_below_it(api: Api) -> None:
    who = await reader(api)
    top, east, far = uuid4(), uuid4(), uuid4()
    for id, parent in ((top, None), (east, top), (far, east)):
        given: dict[str, Any] = {"code": str(id)[:8], "name": "Office", "effective": date(2016, 1, 1)}
        await api.run(Department, id, Department.create, parent_id=parent, **given)
    for name, department, amount in [("Anna", top, "50"), ("Bo", east, "40"), ("Cy", far, "30"), ("Di", None, "60")]:
        await won(api, await api.hire(name, department_id=department), amount)
    for period in ("2017-Q1", "2017-01-31/2017-02-02"):
        assert [each[:2] for each in await board(api, who, period)] == [(1, "Di"), (2, "Anna"), (3, "Bo"), (4, "Cy")]
        for department, names in ((top, ["Anna", "Bo", "Cy"]), (east, ["Bo", "Cy"]), (far, ["Cy"]), (uuid4(), [])):
            found = await board(api, who, period, departmentId=gid("Department", department))
            assert [each[:2] for each in found] == list(enumerate(names, start=1))
    assert await board(api, who, "2017", departmentId=gid("Employee", top)) == []


async def test_a_rank_alone_is_the_rank_on_the_board(api: Api) -> None:
    dice, who = random.Random(17), await reader(api)
    people = [await api.hire(f"Agent {n}") for n in range(25)]
    for _ in range(60):
        await won(api, dice.choice(people), str(dice.choice([7, 8, 9, 511, 512, 513, 40_000])))
    for metric in ("WON_AMOUNT", "DEALS_WON"):
        for period in ("2017-Q1", "2017-01-30/2017-02-03"):
            entries = await board(api, who, period, metric)
            values = [Decimal(value) for *_, value in entries]
            assert [rank for rank, *_ in entries] == [1 + sum(it > value for it in values) for value in values]
            for n, person in enumerate(people):
                given = {"employeeId": gid("Employee", person), "metric": metric, "period": period}
                alone = (await api.data(who, STANDING, **given))["standing"]
                listed = [(rank, value) for rank, name, value in entries if name == f"Agent {n}"]
                assert ([(alone["rank"], alone["value"])] if alone else []) == listed


# ── Targets ──


async def test_attainment_is_value_over_target_and_null_without_one(api: Api) -> None:
    who, anna, bo, cy = await reader(api), *[await api.hire(name) for name in ("Anna", "Bo", "Cy")]
    for person, amount in ((anna, "75"), (bo, "50"), (cy, "25")):
        await won(api, person, amount)
    await agreed(api, anna, "60")
    await agreed(api, bo, "40", currency="EUR")
    await api.run(Target, await agreed(api, cy, "20"), Target.withdraw)
    found = await api.data(who, BOARD, metric="WON_AMOUNT", period="2017-Q1")
    assert [(each["target"], each["attainment"]) for each in found["leaderboard"]["entries"]] == [
        ("60.00", "1.250000"),
        (None, None),
        (None, None),
    ]
    await judged(api, anna, "4")
    await agreed(api, anna, "0", metric=Metric.TEAMWORK, currency=None)
    given = {"employeeId": gid("Employee", anna), "metric": "TEAMWORK", "period": "2017-Q1"}
    assert (await api.data(who, STANDING, **given))["standing"] == {
        "rank": 1,
        "value": "4",
        "target": "0",
        "attainment": None,
    }


async def test_a_manager_sets_the_targets_of_their_reports(api: Api) -> None:
    boss, stranger = await api.hire("Boss"), await api.hire("Stranger")
    anna = await api.hire("Anna", manager_id=boss)
    given = {"metric": "WON_AMOUNT", "period": "2017-04-01/2017-07-01", "amount": "100", "currency": "USD"}
    whom = {"employeeId": gid("Employee", anna)}
    for who in (anna, stranger):
        assert (await api.give(who, "setTarget", **given, **whom))["code"] == "FORBIDDEN"
    answer = await api.give(boss, "setTarget", "target { id period amount state }", **given, **whom)
    id = answer["target"]["id"]
    assert answer["target"] == {"id": id, "period": "2017-Q2", "amount": "100.00", "state": "SET"}
    taken = await api.give(boss, "setTarget", **given, **whom)
    assert (taken["code"], taken["path"]) == ("TARGET_TAKEN", ["period"])
    for who in (anna, stranger):
        assert (await api.give(who, "amendTarget", id=id, amount="1"))["code"] == "FORBIDDEN"
    await api.give(boss, "amendTarget", id=id, amount="120")
    seen = "{ targets { nodes { employee { name } amount state } } }"
    listed = [{"employee": {"name": "Anna"}, "amount": "120.00", "state": "AMENDED"}]
    for who, rows in ((anna, listed), (boss, listed), (stranger, [])):
        assert (await api.data(who, seen))["targets"]["nodes"] == rows
    assert (await api.give(boss, "withdrawTarget", "target { state }", id=id))["target"] == {"state": "WITHDRAWN"}
    assert (await api.give(boss, "setTarget", **given, **whom))["__typename"] == "SetTargetPayload"


# ── Scores by hand ──


async def test_a_manager_scores_their_reports_and_nobody_themselves(api: Api) -> None:
    judge = await api.clerk("score.record")
    boss, stranger = await api.hire("Boss", manager_id=judge), await api.hire("Stranger")
    anna = await api.hire("Anna", manager_id=boss)
    given = {"metric": "TEAMWORK", "value": "4", "effective": "2017-02-01", "note": "Helps everybody."}
    before = await api.log.head()
    for who, whom in ((anna, anna), (stranger, anna), (anna, boss), (boss, boss), (judge, judge), (boss, uuid4())):
        refused = await api.give(who, "recordScore", employeeId=gid("Employee", whom), **given)
        assert refused["__typename"] == "Refused", (who, whom)
        assert refused["code"] == ("SCORE_OWN" if who == judge else "FORBIDDEN")
    assert await api.log.head() == before
    what = "score { id value note state scoredBy { name } version }"
    answer = await api.give(boss, "recordScore", what, employeeId=gid("Employee", anna), **given)
    id = answer["score"]["id"]
    assert answer["score"] == {
        "id": id,
        "value": "4",
        "note": "Helps everybody.",
        "state": "RECORDED",
        "scoredBy": {"name": "Boss"},
        "version": 1,
    }
    for who in (anna, stranger):
        refused = await api.give(who, "correctScore", id=id, value="5", reason="I wish.")
        assert refused["code"] == "FORBIDDEN"
    stale = await api.give(boss, "correctScore", id=id, value="5", reason="Better.", expectedVersion=7)
    assert (stale["code"], stale["currentVersion"]) == ("CONFLICT", 1)
    answer = await api.give(
        boss, "correctScore", "score { value state because }", id=id, value="5", reason="Better.", expectedVersion=1
    )
    assert answer["score"] == {"value": "5", "state": "CORRECTED", "because": "Better."}
    await api.give(boss, "withdrawScore", id=id, reason="Wrong person.")
    assert await board(api, boss, "2017-Q1", "TEAMWORK") == []


@pytest.mark.parametrize(
    ("metric", "value", "code"),
    [
        ("WON_AMOUNT", "1000000", "SCORE_AUTOMATIC"),
        ("DEALS_WON", "5", "SCORE_AUTOMATIC"),
        ("TEAMWORK", "6", "SCORE_OFF_SCALE"),
        ("TEAMWORK", "0", "SCORE_OFF_SCALE"),
        ("TEAMWORK", "4.5", "VALIDATION_FAILED"),
    ],
)
async def test_what_the_work_says_is_not_said_by_hand(api: Api, metric: str, value: str, code: str) -> None:
    judge, anna = await api.clerk("score.record"), await api.hire()
    given = {"employeeId": gid("Employee", anna), "effective": "2017-02-01"}
    assert (await api.give(judge, "recordScore", metric=metric, value=value, **given))["code"] == code


async def test_the_scores_of_a_deal_are_not_corrected_by_hand(api: Api) -> None:
    judge, anna = await api.clerk("score.record", "score.view"), await api.hire()
    await won(api, anna, "100")
    found = await api.data(judge, "{ scores { nodes { id metric workItem { id } } } }")
    assert {each["metric"] for each in found["scores"]["nodes"]} == {"WON_AMOUNT", "DEALS_WON"}
    for each in found["scores"]["nodes"]:
        refused = await api.give(judge, "correctScore", id=each["id"], value="1", reason="More.")
        assert refused["code"] == "SCORE_NOT_FOUND"


# ── Who sees how much ──


async def test_everybody_sees_who_stands_where_and_few_with_how_much(api: Api) -> None:
    boss, stranger = await api.hire("Boss"), await api.hire("Stranger")
    anna, bo = [await api.hire(name, manager_id=boss) for name in ("Anna", "Bo")]
    await won(api, anna, "200")
    await won(api, bo, "100")
    for person in (anna, bo):
        await agreed(api, person, "400")
    whole = {"Anna": ("200.00", "400.00", "0.500000"), "Bo": ("100.00", "400.00", "0.250000")}
    scorer, planner = await api.clerk("score.view"), await api.clerk("target.view")
    nothing = (None, None, None)
    for who, seen in (
        (boss, whole),
        (await reader(api), whole),
        (anna, whole | {"Bo": nothing}),
        (stranger, {"Anna": nothing, "Bo": nothing}),
        (scorer, {"Anna": ("200.00", None, None), "Bo": ("100.00", None, None)}),
        (planner, {"Anna": (None, "400.00", None), "Bo": (None, "400.00", None)}),
    ):
        for period in ("2017-Q1", "2017-01-01/2017-04-01"):
            answer = await api.data(who, BOARD, metric="WON_AMOUNT", period=period)
            entries = answer["leaderboard"]["entries"]
            assert [(each["rank"], each["employee"]["name"]) for each in entries] == [(1, "Anna"), (2, "Bo")]
            shown = {each["employee"]["name"]: (each["value"], each["target"], each["attainment"]) for each in entries}
            assert shown == seen
    given = {"employeeId": gid("Employee", anna), "metric": "WON_AMOUNT", "period": "2017-Q1"}
    alone = (await api.data(bo, STANDING, **given))["standing"]
    assert alone == {"rank": 1, "value": None, "target": None, "attainment": None}


async def test_scores_are_counted_filtered_and_sorted_only_by_who_sees_them(api: Api) -> None:
    boss, stranger = await api.hire("Boss"), await api.hire("Stranger")
    anna = await api.hire("Anna", manager_id=boss)
    await won(api, anna, "200")
    document = """
        query ($id: ID!) {
          employee(id: $id) { scores { totalCount } targets { totalCount } }
          scores(where: { value: { gt: "1" } }, orderBy: [{ field: VALUE }]) { totalCount }
          scoreEntries { totalCount }
        }
    """
    for who, count in ((anna, 2), (boss, 2), (stranger, 0)):
        assert await api.data(who, document, id=gid("Employee", anna)) == {
            "employee": {"scores": {"totalCount": count}, "targets": {"totalCount": 0}},
            "scores": {"totalCount": count // 2},
            "scoreEntries": {"totalCount": count},
        }


async def test_the_ledger_says_what_was_known_at_a_position(api: Api) -> None:
    who, anna = await reader(api), await api.hire()
    deal = await won(api, anna, "200")
    then = await api.log.head()
    await taken_back(api, deal, "2017-05-01")
    await won(api, anna, "50")
    document = """
        query ($at: Position!) {
          scoreEntries(where: { metric: { eq: WON_AMOUNT }, position: { lte: $at } }) { nodes { value currency } }
        }
    """
    found = await api.data(who, document, at=then)
    assert found["scoreEntries"]["nodes"] == [{"value": "200.00", "currency": "USD"}]
    assert len((await api.data(who, document, at=await api.log.head()))["scoreEntries"]["nodes"]) == 3
