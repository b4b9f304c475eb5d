"""The demo: what its files say, counted here by hand, is what comes out."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from demo import importer
from demo.dataset import DATA, Dataset, Unreadable, read
from demo.dirt import Dirt
from demo.people import ADMIN, HEAD, PAYROLL, SIGN_INS, employee_id, id_of
from demo.welcome import first_query
from demo.year import QUARTERS, customer_id, opportunity_id, run_id
from domain.payout_run import Approved, Calculated, Released, Status
from domain.score import Metric
from domain.work_item import Lost, Registered
from projections._boards import board_number
from projections.employees import employees
from projections.payout_lines import payout_lines
from projections.payout_runs import payout_runs
from projections.standings import score_entries, standings
from projections.targets import targets
from projections.work_items import work_items
from server import Organisation, appoint_first_administrator, opened
from settings import Settings
from tests._api import Api, api_of, gid
from tests.test_server import free_port

# ── What the files say, read as plainly as can be ──


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


QUARTER_DAYS = {
    "2017-Q1": ("2017-01-01", "2017-04-01"),
    "2017-Q2": ("2017-04-01", "2017-07-01"),
    "2017-Q3": ("2017-07-01", "2017-10-01"),
    "2017-Q4": ("2017-10-01", "2018-01-01"),
}


def quarter_of(day: str) -> str:
    year, month, _ = day.split("-")
    return f"{year}-Q{(int(month) + 2) // 3}"


def won() -> dict[tuple[UUID, str], Decimal]:
    """The won amount by agent and quarter."""
    found: defaultdict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
    for deal in rows("sales_pipeline"):
        if deal["deal_stage"] == "Won":
            found[employee_id(deal["sales_agent"]), quarter_of(deal["close_date"])] += Decimal(deal["close_value"])
    return dict(found)


def commission(amount: Decimal) -> Decimal:
    """4 % up to 75,000; 6 % from there to 100,000; 9 % from there to 150,000; 12 % above."""
    earned = min(amount, Decimal(75_000)) * Decimal("0.04")
    earned += max(min(amount, Decimal(100_000)) - 75_000, Decimal(0)) * Decimal("0.06")
    earned += max(min(amount, Decimal(150_000)) - 100_000, Decimal(0)) * Decimal("0.09")
    earned += max(amount - 150_000, Decimal(0)) * Decimal("0.12")
    return earned.quantize(Decimal("0.01"), ROUND_HALF_UP)


# ── The files ──


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return read()


def test_everything_in_the_files_is_read(dataset: Dataset) -> None:
    assert (len(dataset.deals), len(dataset.agents), len(dataset.managers), len(dataset.accounts)) == (8800, 35, 6, 85)
    amounts = [deal.amount for deal in dataset.deals if deal.amount is not None]
    assert (len(amounts), sum(amounts)) == (4238, Decimal(10_005_534))


def test_what_is_wrong_in_the_files_is_counted(dataset: Dataset) -> None:
    assert dataset.dirt == {
        Dirt.PRODUCT: 1480,
        Dirt.SECTOR: 12,
        Dirt.COUNTRY: 1,
        Dirt.NO_ACCOUNT: 1425,
        Dirt.NO_ENGAGE_DATE: 500,
        Dirt.NO_CLOSE: 2089,
        Dirt.LOST_FOR_NOUGHT: 2473,
        Dirt.ALIKE: 352,
        Dirt.STALE: 1291,
        Dirt.UNFOUNDED: 5,
        Dirt.NO_DEALS: 5,
    }


def test_nothing_misspelt_is_left(dataset: Dataset) -> None:
    known = {product["product"] for product in rows("products")}
    assert {deal.product for deal in dataset.deals} == known
    assert "technolgy" not in {account.sector for account in dataset.accounts}
    assert "Philipines" not in {account.country for account in dataset.accounts}


@pytest.mark.parametrize(
    ("was", "is_now"),
    [
        ("2016-10-20,2017-03-01,1054", "2017-03-02,2017-03-01,1054"),  # closed before it was engaged
        ("2016-10-20,2017-03-01,1054", "2016-10-20,,1054"),
        ("2016-10-20,2017-03-01,1054", "2016-10-20,2017-03-01,0"),
        ("2016-10-20,2017-03-01,1054", "2016-10-20,2017-02-29,1054"),
        ("1C1I7A6R,", "Z063OYW0,"),  # an id twice
        ("Moses Frase", "Moses Fraser"),
        ("GTX Plus Basic", "GTX Plus Basics"),
        ("Cancity,Won", "Cancitty,Won"),
        ("Cancity,Won", "Cancity,Owned"),
    ],
)
def test_what_nobody_has_decided_how_to_read_is_not_read(tmp_path: Path, was: str, is_now: str) -> None:
    for path in DATA.glob("*.csv"):
        text = path.read_bytes().decode()
        changed = text.replace(was, is_now, 1) if path.name == "sales_pipeline.csv" else text
        (tmp_path / path.name).write_bytes(changed.encode())
    with pytest.raises(Unreadable):
        read(tmp_path)


# ── The import ──


def settings_of(url: str, folder: Path) -> Settings:
    return Settings(host="", port=0, database_url=url, data=folder, keys=folder / "keys")


async def bring_in(it: Organisation, dataset: Dataset, *, cut_off_at: int | None = None) -> None:
    """Import, or as much of it as is done when so many steps are."""
    reached = asyncio.Event()

    def progress(done: int, of: int) -> None:
        if done == cut_off_at:
            reached.set()

    task = asyncio.create_task(importer.bring_in(it.log, it.pool, dataset, progress))
    if cut_off_at is not None:
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        await task


@pytest.fixture(scope="module")
def imported(module_database_url: str, tmp_path_factory: pytest.TempPathFactory, dataset: Dataset) -> Settings:
    """A database into which all of it was imported once. Tests leave it as it is."""
    settings = settings_of(module_database_url, tmp_path_factory.mktemp("imported"))

    async def everything() -> None:
        async with opened(settings) as it:
            await bring_in(it, dataset)

    asyncio.run(everything())
    return settings


@pytest.fixture
async def organisation(imported: Settings) -> AsyncIterator[Organisation]:
    async with opened(imported) as it:
        yield it


async def column(it: Organisation, statement: str, *arguments: Any) -> dict[Any, Any]:
    return {tuple(row)[:-1]: row[-1] for row in await it.pool.fetch(statement, *arguments)}


async def test_won_amounts_by_agent_and_quarter_are_those_of_the_files(organisation: Organisation) -> None:
    quarters = {board_number(Metric.WON_AMOUNT, "USD", quarter): quarter for quarter in QUARTERS}
    totals = await column(organisation, f'SELECT employee_id, board, total FROM read."{standings.table.name}"')
    standing = {(who, quarters[of]): total for (who, of), total in totals.items() if of in quarters}
    ledger = await column(
        organisation,
        """SELECT employee_id, to_char(day, 'YYYY"-Q"Q'), sum(value)"""
        f""" FROM read."{score_entries.table.name}" WHERE metric = 'WON_AMOUNT' GROUP BY 1, 2""",
    )
    assert standing == ledger == won()
    assert len(standing) == 30 * 4


async def test_payouts_by_agent_and_quarter_are_right_to_the_cent(organisation: Organisation) -> None:
    paid = await column(
        organisation,
        f'SELECT l.employee_id, r.period, l.amount FROM read."{payout_lines.table.name}" l'
        f' JOIN read."{payout_runs.table.name}" r ON r.id = l.run_id AND r.revision = l.revision',
    )
    assert paid == {key: commission(amount) for key, amount in won().items()}
    totals: Counter[tuple[str]] = Counter()
    for (_, quarter), amount in paid.items():
        totals[quarter,] += amount
    assert totals == await column(organisation, f'SELECT period, total FROM read."{payout_runs.table.name}"')


async def test_three_runs_are_released_and_the_last_waits_for_approval(organisation: Organisation) -> None:
    runs = await column(organisation, f'SELECT period, status FROM read."{payout_runs.table.name}"')
    assert runs == {(quarter,): Status.RELEASED for quarter in QUARTERS[:3]} | {(QUARTERS[3],): Status.CALCULATED}
    ordered = await organisation.pool.fetch("SELECT key FROM store.effects WHERE kind = 'payments'")
    assert {row["key"] for row in ordered} == {str(run_id(quarter)) for quarter in QUARTERS[:3]}
    for quarter in QUARTERS[:3]:
        by = {type(each.fact): each.origin.actor for each in await organisation.log.stream(run_id(quarter))}
        assert (by[Calculated], by[Approved], by[Released]) == (PAYROLL.id, HEAD.id, PAYROLL.id)


async def test_a_run_rests_on_its_own_quarter_alone(organisation: Organisation) -> None:
    """Recorded in the order of days: at the cutoff of a run, nothing of a later quarter had happened."""
    for quarter in QUARTERS:
        (run,) = [it.fact for it in await organisation.log.stream(run_id(quarter)) if isinstance(it.fact, Calculated)]
        latest = await organisation.pool.fetchval(
            "SELECT max(effective) FROM store.log WHERE position <= $1"
            " AND topic IN ('work_item.assigned', 'work_item.won', 'work_item.lost')",
            run.cutoff,
        )
        assert quarter_of(str(latest)) == quarter


async def test_every_agent_has_a_team_an_office_and_four_targets(organisation: Organisation) -> None:
    above = await column(
        organisation,
        f'SELECT a.name, m.name FROM read."{employees.table.name}" a'
        f' JOIN read."{employees.table.name}" m ON m.id = a.manager_id',
    )
    teams = {(agent["sales_agent"],): agent["manager"] for agent in rows("sales_teams")}
    assert above.items() >= teams.items()
    assert {above[manager,] for manager in teams.values()} == {HEAD.name}
    due = await column(organisation, f'SELECT employee_id, period, amount FROM read."{targets.table.name}"')
    agents = [employee_id(agent["sales_agent"]) for agent in rows("sales_teams")]
    assert due == {(agent, quarter): 100_000 for agent in agents for quarter in QUARTERS}


async def test_deals_are_as_the_files_have_them(organisation: Organisation) -> None:
    found = await organisation.pool.fetch(
        "SELECT reference, owner_id, customer_id, status, engaged_on, closed_on, amount"
        f""" FROM read."{work_items.table.name}" WHERE kind = 'OPPORTUNITY'"""
    )
    status = {"Won": "WON", "Lost": "LOST", "Engaging": "ACTIVE", "Prospecting": "ACTIVE"}
    assert {tuple("" if value is None else str(value) for value in row) for row in found} == {
        (
            deal["opportunity_id"],
            str(employee_id(deal["sales_agent"])),
            str(customer_id(deal["account"])) if deal["account"] else "",
            status[deal["deal_stage"]],
            deal["engage_date"],
            deal["close_date"],
            f"{deal['close_value']}.00" if deal["deal_stage"] == "Won" else "",
        )
        for deal in rows("sales_pipeline")
    }


async def test_the_history_says_what_was_changed_and_why(organisation: Organisation) -> None:
    registered = (await organisation.log.stream(opportunity_id("Z063OYW0")))[0]
    assert isinstance(registered.fact, Registered)
    assert registered.fact.title == "GTX Pro for Isdom"
    assert registered.origin.reason == "sales_pipeline.csv, line 3. The file says GTXPro."
    assert registered.origin.on_behalf_of == employee_id("Darcel Schlecht")
    said = Counter([
        kind
        async for each in organisation.log.everything()
        for kind in ("GTXPro", "technolgy", "Philipines", "no account", "The file says 0")
        if kind in (each.origin.reason or "") and isinstance(each.fact, Registered | Lost)
    ])  # fmt: skip
    assert said == {"GTXPro": 1480, "technolgy": 12, "Philipines": 1, "no account": 1425, "The file says 0": 2473}


# ── What the API says of it ──


@pytest.fixture
async def api(imported: Settings) -> AsyncIterator[Api]:
    assert imported.database_url is not None
    async with api_of(imported.database_url, imported.data) as it:
        yield it


BOARD = """
query ($period: String!, $within: ID) {
  leaderboard(metric: WON_AMOUNT, period: $period, departmentId: $within, first: 100) {
    currency entries { rank value target attainment employee { name } }
  }
}
"""


def board(deals: list[dict[str, str]]) -> dict[str, tuple[int, Decimal]]:
    """Rank and won amount by agent: 1, 2, 2, 4."""
    totals: defaultdict[str, Decimal] = defaultdict(Decimal)
    for deal in deals:
        totals[deal["sales_agent"]] += Decimal(deal["close_value"])
    return {name: (1 + sum(other > total for other in totals.values()), total) for name, total in totals.items()}


@pytest.mark.parametrize("office", [None, "Central", "East", "West"])
@pytest.mark.parametrize("period", [*QUARTERS, "2017", "2017-06", "2017-02-03/2017-08-16"])
async def test_leaderboards_are_what_the_files_come_to(api: Api, period: str, office: str | None) -> None:
    first, last = {"2017": ("2017-01", "2017-99"), "2017-06": ("2017-06", "2017-07")}.get(period) or (
        period.split("/") if "/" in period else QUARTER_DAYS[period]
    )
    team = {agent["sales_agent"] for agent in rows("sales_teams") if agent["regional_office"] == office or not office}
    won = [deal for deal in rows("sales_pipeline") if deal["deal_stage"] == "Won" and deal["sales_agent"] in team]
    expected = board([deal for deal in won if first <= deal["close_date"] < last])
    within = gid("Department", id_of("department", office)) if office else None
    found = (await api.data(ADMIN.id, BOARD, period=period, within=within))["leaderboard"]
    assert found["currency"] == "USD"
    assert {it["employee"]["name"]: (it["rank"], Decimal(it["value"])) for it in found["entries"]} == expected
    assert [it["rank"] for it in found["entries"]] == sorted(rank for rank, _ in expected.values())
    for it in found["entries"]:
        if period in QUARTERS:
            assert Decimal(it["attainment"]) == Decimal(it["value"]) / 100_000
        else:
            assert it["attainment"] is None


PAID = """
query ($period: String!) {
  payoutRun(period: $period) {
    status total { amount currency }
    lines(first: 100) {
      totalCount
      nodes {
        employee { name } amount { amount }
        explanation { credited { amount } deals { amount { amount } } legs { earned { amount } } }
      }
    }
  }
}
"""


@pytest.mark.parametrize("quarter", QUARTERS)
async def test_payouts_explain_themselves_to_the_cent(api: Api, quarter: str) -> None:
    run = (await api.data(PAYROLL.id, PAID, period=quarter))["payoutRun"]
    assert run["status"] == ("CALCULATED" if quarter == QUARTERS[-1] else "RELEASED")
    expected = {who: amount for (who, when), amount in won().items() if when == quarter}
    paid = {employee_id(line["employee"]["name"]): line for line in run["lines"]["nodes"]}
    assert paid.keys() == expected.keys()
    assert run["lines"]["totalCount"] == len(paid) == 30
    for who, line in paid.items():
        amount, why = Decimal(line["amount"]["amount"]), line["explanation"]
        assert amount == commission(expected[who]) == sum(Decimal(leg["earned"]["amount"]) for leg in why["legs"])
        assert Decimal(why["credited"]["amount"]) == expected[who]
        assert sum(Decimal(deal["amount"]["amount"]) for deal in why["deals"]) == expected[who]
    assert Decimal(run["total"]["amount"]) == sum(map(commission, expected.values()))


SEEN = """
{
  viewer { employee { name } permissions }
  payoutRun(period: "2017-Q4") { total { amount } lines(first: 100) { totalCount } }
  workItems(where: { kind: { eq: OPPORTUNITY } }, first: 1) { totalCount }
  events(first: 1) { totalCount }
}
"""


async def test_everybody_sees_what_is_theirs_to_see(api: Api) -> None:
    agents = Counter(deal["sales_agent"] for deal in rows("sales_pipeline"))
    team = sum(agents[it["sales_agent"]] for it in rows("sales_teams") if it["manager"] == "Melvin Marxen")
    expected = {  # lines of the run, its total, opportunities, the history
        "Administrator": (30, True, 8800, True),
        "Sales manager": (0, False, team, False),
        "Sales agent": (1, False, agents["Darcel Schlecht"], False),
        "Payroll officer": (30, True, 8800, False),
        "Compliance reviewer": (30, True, 8800, True),
    }
    for role, name in SIGN_INS.items():
        seen = (await api(employee_id(name), SEEN))["data"]
        assert seen["viewer"]["employee"]["name"] == name
        run = seen["payoutRun"]
        facts = (
            run["lines"]["totalCount"],
            run["total"] is not None,
            seen["workItems"]["totalCount"],
            seen["events"] is not None,
        )
        assert facts == expected[role], role


async def test_the_first_query_that_is_offered_is_answered(api: Api) -> None:
    (best, *_) = (await api.data(ADMIN.id, first_query()))["leaderboard"]["entries"]
    assert best["employee"]["name"] == "Darcel Schlecht"


# ── Again, and cut off ──


async def test_importing_again_adds_no_fact(organisation: Organisation, dataset: Dataset) -> None:
    before = await organisation.log.head()
    assert await importer.is_finished(organisation.log)
    await bring_in(organisation, dataset)
    assert await organisation.log.head() == before


async def test_an_import_that_is_cut_off_goes_on_where_it_was(
    imported: Settings, database_url: str, tmp_path: Path, dataset: Dataset
) -> None:
    settings = settings_of(database_url, tmp_path)
    for cut_off_at in (3, 100, 12_000):
        async with opened(settings) as it:
            await bring_in(it, dataset, cut_off_at=cut_off_at)
            assert await importer.is_begun(it.log)
            assert not await importer.is_finished(it.log)
    async with opened(settings) as it, opened(imported) as whole:
        await bring_in(it, dataset, cut_off_at=20_000)
        await bring_in(it, dataset)  # while commands that were given before may still be on their way
        assert await importer.is_finished(it.log)
        assert await recorded(it) == await recorded(whole)


async def recorded(it: Organisation) -> set[tuple[Any, ...]]:
    return {
        (each.stream_id, each.version, each.fact.TOPIC, each.effective, each.origin)
        async for each in it.log.everything()
        if each.origin.reason is not None
    }


def test_whoever_signs_in_is_there(dataset: Dataset) -> None:
    there = {person.name for person in dataset.agents} | set(dataset.managers)
    assert {name for role, name in SIGN_INS.items() if role.startswith("Sales")} <= there


async def test_another_organisation_is_not_mixed_with_the_demo(database_url: str, tmp_path: Path) -> None:
    async with opened(settings_of(database_url, tmp_path)) as it:
        await appoint_first_administrator(it.log)
        before = await it.log.head()
        environment = os.environ | {"DATABASE_URL": database_url, "DATA": str(tmp_path), "PORT": str(free_port())}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cli", "demo", cwd=DATA.parent.parent, env=environment, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(60):
            _, said = await process.communicate()
        assert process.returncode == 1
        assert "not the demo's" in said.decode()
        assert await it.log.head() == before
