"""The history in the API: all of it for whoever may, one's own for everybody, and nothing that is not theirs to see."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin, get_type_hints
from uuid import UUID, uuid4

import pytest

from domain._kernel import EVENTS, Group
from domain.employee import Employee, Reason
from domain.payout_run import LineCalculated, Opened, PayoutRun
from domain.role import Role
from domain.score import Metric, Score
from domain.target import Target
from domain.work_item import WorkItem
from store.recorded import Origin
from tests._api import Api, gid
from tests._work import opportunity, taken_back, won

PERSONAL = ["name", "workEmail", "workPhone"]
HISTORY = """
query ($id: ID!) {
  employee(id: $id) { history { totalCount nodes { topic version data redacted } } }
}
"""
EVENTS_OF = """
query ($where: EventWhere, $first: Int, $after: String) {
  events(where: $where, first: $first, after: $after) {
    totalCount nodes { position topic about data redacted } pageInfo { hasNextPage endCursor }
  }
}
"""


async def test_an_event_says_what_happened_to_whom_by_whom_and_why(api: Api) -> None:
    clerk, reviewer = await api.clerk("employee.edit", name="Clerk"), await api.clerk("history.view")
    anna = await api.hire()
    command = str(uuid4())
    given = {"id": gid("Employee", anna), "title": "Senior agent", "effective": "2017-01-01"}
    await api.give(clerk, "promoteEmployee", **given, reason="Well done.", commandId=command)
    document = """query ($id: ID!) { employee(id: $id) { history(last: 1) { nodes {
        position topic about version effective actor { name } onBehalfOf { name } reason
        commandId correlationId causedBy data redacted
    } } } }"""
    (event,) = (await api.data(reviewer, document, id=gid("Employee", anna)))["employee"]["history"]["nodes"]
    assert event == {
        "position": await api.log.head(),
        "topic": "employee.promoted",
        "about": gid("Employee", anna),
        "version": 2,
        "effective": "2017-01-01",
        "actor": {"name": "Clerk"},
        "onBehalfOf": None,
        "reason": "Well done.",
        "commandId": command,
        "correlationId": command,
        "causedBy": None,
        "data": {"title": "Senior agent", "was": "Sales agent", "effective": "2017-01-01"},
        "redacted": [],
    }


async def test_what_the_system_did_was_done_by_nobody(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    answer = await api.data(reviewer, "{ events(first: 1) { nodes { position actor { name } } } }")
    assert answer["events"]["nodes"] == [{"position": 1, "actor": None}]


async def test_personal_data_is_withheld_from_whoever_may_not_see_it(api: Api) -> None:
    anna = await api.hire("Anna", work_email="anna@example.com", work_phone="+442079460018", number="E-1")
    await api.run(Employee, anna, Employee.correct_personal_details, name="Anne")
    seen: dict[str, Any] = {}
    viewers = {
        "herself": anna,
        "reviewer": await api.clerk("history.view", "pay.view"),
        "both": await api.clerk("history.view", "personal.view"),
        "personal": await api.clerk("personal.view", "pay.view"),
        "colleague": await api.hire(),
    }
    for name, viewer in viewers.items():
        seen[name] = (await api.data(viewer, HISTORY, id=gid("Employee", anna)))["employee"]["history"]
    assert seen["herself"] == seen["both"]
    said = [tuple(each["data"][name] for name in PERSONAL) for each in seen["herself"]["nodes"]]
    assert said == [("Anna", "anna@example.com", "+442079460018"), ("Anne", None, None)]
    for event in seen["reviewer"]["nodes"]:
        assert event["redacted"] == PERSONAL
        assert [event["data"][name] for name in PERSONAL] == [None, None, None]
    assert seen["reviewer"]["nodes"][0]["data"]["number"] == "E-1"
    assert seen["reviewer"]["nodes"][1]["data"]["corrects"] == ["name"]
    assert seen["personal"] is None
    assert seen["colleague"] is None


async def test_pay_is_withheld_from_whoever_may_not_see_it(api: Api) -> None:
    anna, run = await api.hire(), uuid4()

    def calculated(_: PayoutRun) -> Iterator[Any]:
        yield Opened(plan_id=uuid4(), period="2017-Q1", provisional=False, opened_by=anna)
        yield LineCalculated(
            revision=1,
            employee_id=anna,
            currency="USD",
            amount=Decimal("123.45"),
            credited=Decimal("1000.00"),
            attainment=Decimal("0.5"),
            deals=(),
            legs=(),
            exact=Decimal("123.45"),
            remainder=Decimal(0),
        )

    await api.log.run(PayoutRun, run, calculated, origin=Origin(actor=UUID(int=0)))
    seen = {}
    viewers = {
        "reviewer": await api.clerk("history.view", "personal.view"),
        "paymaster": await api.clerk("history.view", "pay.view"),
        "herself": anna,
    }
    await api.permit(anna, "history.view")
    for name, viewer in viewers.items():
        where = {"topic": {"eq": "payout_run.line_calculated"}}
        (seen[name],) = (await api.data(viewer, EVENTS_OF, where=where))["events"]["nodes"]
    hidden = ["amount", "credited", "attainment", "deals", "legs", "exact", "remainder"]
    assert seen["reviewer"]["redacted"] == hidden
    assert {seen["reviewer"]["data"][name] for name in hidden} == {None}
    assert seen["reviewer"]["data"]["employeeId"] == str(anna)
    for name in ("paymaster", "herself"):
        assert seen[name]["redacted"] == []
        assert seen[name]["data"]["amount"] == "123.45"


async def test_why_somebody_left_is_withheld_from_whoever_may_not_see_it(api: Api) -> None:
    anna = await api.hire()
    await api.run(Employee, anna, Employee.terminate, last_day=date(2016, 12, 31), reason=Reason.DISMISSED)
    where = {"topic": {"eq": "employee.terminated"}}
    for viewer, told in (
        (await api.clerk("history.view", "pay.view"), (None, ["reason"])),
        (await api.clerk("history.view", "personal.view"), ("DISMISSED", [])),
    ):
        (event,) = (await api.data(viewer, EVENTS_OF, where=where))["events"]["nodes"]
        assert (event["data"]["reason"], event["redacted"]) == told


async def test_how_somebody_did_is_withheld_from_whoever_may_not_see_it(api: Api) -> None:
    anna, judge, score = await api.hire(), await api.hire(), uuid4()
    given = {"employee_id": anna, "metric": Metric.ATTITUDE, "note": "Late.", "effective": date(2017, 1, 2)}
    await api.run(Score, score, Score.record, by=judge, value=Decimal(2), **given)
    await api.run(Score, score, Score.correct, by=judge, value=Decimal(3), reason="Not that late.")
    await api.run(Score, score, Score.withdraw, by=judge, reason="Another one's.")
    hidden = [["value", "note"], ["value", "was", "reason"], ["was", "reason"]]
    where = {"about": {"eq": gid("Score", score)}}
    await api.permit(anna, "history.view")
    for viewer, redacted in (
        (await api.clerk("history.view", "personal.view", "pay.view"), hidden),
        (await api.clerk("history.view", "score.view"), [[], [], []]),
        (anna, [[], [], []]),
    ):
        events = (await api.data(viewer, EVENTS_OF, where=where))["events"]["nodes"]
        assert [event["redacted"] for event in events] == redacted
        for event, names in zip(events, hidden, strict=True):
            assert all((event["data"][name] is None) is bool(event["redacted"]) for name in names)


async def test_what_deals_came_to_and_what_is_to_be_reached_are_withheld_from_whoever_may_not_see_them(
    api: Api,
) -> None:
    anna, target = await api.hire(), uuid4()
    deal, missed = await won(api, anna, "100"), await opportunity(api, anna)
    await taken_back(api, deal, "2017-03-01")
    await api.run(WorkItem, missed, WorkItem.lose, effective=date(2017, 2, 1), reason="Too dear.")
    given: dict[str, Any] = {"employee_id": anna, "metric": Metric.DEALS_WON, "period": "2017"}
    await api.run(Target, target, Target.set, amount=Decimal(9), **given)
    await api.run(Target, target, Target.amend, amount=Decimal(8))
    await api.permit(anna, "history.view")
    work = {"work_item.won": ["amount"], "work_item.lost": ["reason"], "work_item.deal_reversed": ["amount", "reason"]}
    targets = {"target.set": ["amount"], "target.amended": ["amount", "was"]}
    for viewer, hidden in (
        (await api.clerk("history.view", "personal.view", "pay.view", "score.view"), work | targets),
        (await api.clerk("history.view", "work.view"), targets),
        (await api.clerk("history.view", "target.view"), work),
        (anna, {}),
    ):
        for topic, names in (work | targets).items():
            (event,) = (await api.data(viewer, EVENTS_OF, where={"topic": {"eq": topic}}))["events"]["nodes"]
            assert event["redacted"] == hidden.get(topic, [])
            assert {event["data"][name] is None for name in names} == {topic in hidden}


async def test_only_reviewers_see_everything(api: Api) -> None:
    ada, anna = await api.administrator(), await api.clerk("personal.view", "pay.view", "role.edit", "role.view")
    answer = await api(anna, EVENTS_OF)
    assert answer["data"] == {"events": None}
    assert answer["extensions"]["denied"] == [{"path": ["events"], "code": "FORBIDDEN_FIELD"}]
    document = """query ($ada: ID!) {
        employee(id: $ada) { history { nodes { topic } } }
        roles { nodes { history { totalCount } } }
        departments { nodes { history { totalCount } } }
    }"""
    answer = await api(anna, document, ada=gid("Employee", ada))
    assert answer["data"]["employee"]["history"] is None
    assert {each["history"] is None for each in answer["data"]["roles"]["nodes"]} == {True}


async def test_a_right_to_the_history_that_is_taken_ends_with_the_page(api: Api) -> None:
    anna = await api.hire()
    role = await api.permit(anna, "history.view", "personal.view")
    page = (await api.data(anna, EVENTS_OF, first=1))["events"]
    await api.run(Role, role, Role.revoke, permission="personal.view")
    where = {"topic": {"eq": "employee.hired"}}
    bo = await api.hire("Bo")
    found = (await api.data(anna, EVENTS_OF, where=where | {"about": {"eq": gid("Employee", bo)}}))["events"]["nodes"]
    assert found[0]["redacted"] == PERSONAL
    await api.run(Role, role, Role.revoke, permission="history.view")
    answer = await api(anna, EVENTS_OF, after=page["pageInfo"]["endCursor"])
    assert answer["data"] == {"events": None}


async def test_the_history_is_read_page_by_page_without_a_gap(api: Api) -> None:
    reviewer = await api.clerk("history.view")
    for n in range(5):
        await api.hire(f"Colleague {n}")
    head, positions, after = await api.log.head(), [], None
    while True:
        found = (await api.data(reviewer, EVENTS_OF, first=7, after=after))["events"]
        assert found["totalCount"] == head
        positions += [each["position"] for each in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert positions == list(range(1, head + 1))


async def test_events_are_found_by_what_they_are_about_by_topic_and_by_time(api: Api) -> None:
    reviewer, anna = await api.clerk("history.view"), await api.hire()
    await api.run(Employee, anna, Employee.terminate, last_day=date(2017, 1, 31), reason=Reason.RESIGNED)

    async def topics(**where: Any) -> list[str]:
        return [each["topic"] for each in (await api.data(reviewer, EVENTS_OF, where=where))["events"]["nodes"]]

    about = {"eq": gid("Employee", anna)}
    assert await topics(about=about) == ["employee.hired", "employee.terminated"]
    assert await topics(about=about, topic={"in": ["employee.terminated"]}) == ["employee.terminated"]
    assert await topics(about=about, topic={"startsWith": "employee.h"}) == ["employee.hired"]
    assert await topics(about=about, at={"lt": "2017-01-01T00:00:00Z"}) == []
    assert await topics(about=about, effective={"gte": "2017-01-01"}) == ["employee.terminated"]
    assert await topics(actor={"eq": gid("Employee", reviewer)}) == []
    assert await topics(about={"eq": "nonsense"}) == []


@pytest.mark.parametrize(
    ("wanted", "holds"),
    [
        ({"startsWith": "employee."}, lambda topic: topic.startswith("employee.")),
        ({"contains": "ole"}, lambda topic: "ole" in topic),
        ({"in": ["employee.hired", "role.bound", "no.such"]}, lambda topic: topic in {"employee.hired", "role.bound"}),
        ({"notIn": ["employee.hired"]}, lambda topic: topic != "employee.hired"),
        ({"ne": "role.granted", "lt": "role.s"}, lambda topic: topic < "role.s" and topic != "role.granted"),
    ],
)
async def test_several_topics_are_one_list_in_the_order_of_the_log(
    api: Api, wanted: dict[str, Any], holds: Callable[[str], bool]
) -> None:
    reviewer = await api.clerk("history.view")
    for _ in range(3):
        await api.clerk("work.view")
    all_ = (await api.data(reviewer, EVENTS_OF))["events"]["nodes"]
    expected = [each["position"] for each in all_ if holds(each["topic"])]
    given, found = {"where": {"topic": wanted}, "first": 4}, list[int]()
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = (await api.data(reviewer, EVENTS_OF, **given, after=page["pageInfo"]["endCursor"]))["events"]
        found += [each["position"] for each in page["nodes"]]
        assert page["totalCount"] == len(expected)
    assert found == expected
    assert found


async def test_what_the_facts_of_a_page_say_is_read_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewer = await api.clerk("history.view")
    for n in range(5):
        await api.hire(f"Colleague {n}")
    asked: list[Any] = []
    at = api.log.at

    async def counted(positions: Any) -> Any:
        asked.append(list(positions))
        return await at(positions)

    monkeypatch.setattr(api.log, "at", counted)
    await api.data(reviewer, EVENTS_OF, first=20)
    assert asked == [list(range(1, 21))]


def test_what_is_marked_stands_at_the_top_of_a_fact() -> None:
    """What the history withholds are whole fields of facts: nothing within a field is marked."""
    for event in EVENTS:
        for name, hint in get_type_hints(event, include_extras=True).items():
            top = get_args(hint)[0] if get_origin(hint) is Annotated else hint
            assert not list(_marks(top)), f"{event.TOPIC}.{name}"


def _marks(hint: Any) -> Iterator[Group]:
    if get_origin(hint) is Annotated:
        yield from (mark for mark in get_args(hint)[1:] if isinstance(mark, Group))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        for inner in get_type_hints(hint, include_extras=True).values():
            yield from _marks(inner)
    for inner in get_args(hint):
        yield from _marks(inner)
