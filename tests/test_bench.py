"""The benchmark: what it sends, what it counts, and what it makes of what it found."""

from __future__ import annotations

import json
from itertools import islice
from typing import Any

import pytest

from bench import page
from bench.clients import END, Tally
from bench.folder import ROOT
from bench.growth import IDLE, START
from bench.memory import slope_of
from bench.organisation import department_id, employee_id
from bench.questions import BOARDS, POSTGRAPHILE, Asks, Questions, comparable
from bench.rounds import Figures, Ratio, Sample, Work
from bench.size import SIZES

SIZE = SIZES["tiny"]
LETTERS = "ABCDEF"


def _body(request: bytes) -> dict[str, object]:
    head, _, body = request.partition(END)
    assert f"Content-Length: {len(body)}".encode() in head.split(b"\r\n")
    found: dict[str, object] = json.loads(body)
    return found


@pytest.mark.parametrize("letter", LETTERS)
def test_a_request_asks_of_whom_the_dice_say(letter: str) -> None:
    questions = Questions(SIZE)
    everybody: dict[str, set[str]] = {
        "B": {f"Department_{department_id(n)}" for n in range(SIZE.departments)},
        "D": set(BOARDS),
    }
    ids = everybody.get("B" if letter == "C" else letter, {f"Employee_{employee_id(n)}" for n in range(SIZE.employees)})
    asked = [
        _body(request)["variables"]["id"]  # type: ignore[index]
        for _, request in islice(questions.always(letter, questions.ours(letter, "token")), 50)
    ]
    assert set(asked) <= ids
    assert len(set(asked)) > 2


@pytest.mark.parametrize("asks", [lambda it: it.ours("F", "t"), lambda it: it.graphql("F", POSTGRAPHILE)])
def test_a_document_never_seen_is_sent_once(asks: object) -> None:
    questions = Questions(SIZE)
    ask: Asks = asks(questions)  # type: ignore[operator]
    sent = [str(_body(request)["query"]) for _, request in islice(questions.always("F", ask), 20)]
    assert len(set(sent)) == 20


def test_answers_compare_whatever_servers_may_differ_in() -> None:
    ours = {"data": {"employee": {"n00000017": "E-1", "points": "12.50"}}, "extensions": {"cost": 1}}
    theirs = {"data": {"employee": {"number": "E-1", "points": "12.5"}}}
    assert comparable(ours) == comparable(theirs)
    assert comparable(ours) != comparable({"data": {"employee": {"number": "E-2", "points": "12.5"}}})


def test_how_often_the_same_is_asked_is_counted() -> None:
    tally = Tally()
    for what in (b"a", b"a", b"b"):
        tally.begun(what)
    tally.ended(b"a")
    tally.ended(b"a")
    tally.begun(b"a")
    assert (tally.asked, tally.again, tally.together) == (4, 2, 1)


def test_half_take_at_most_the_median_and_one_in_a_hundred_more_than_the_last_percentile() -> None:
    work = Work.of([n / 1_000 for n in range(1, 1_001)], 2.0)
    assert (work.done, work.p50, work.p99) == (1_000, 0.501, 0.991)


def test_a_ratio_is_taken_within_each_round() -> None:
    def figures(*rates: float) -> Figures:
        return Figures(
            [
                Sample(done=1, rate=rate, p50=1, p99=1, server_cpu=None, database_cpu=None, others=0, calibration=1)
                for rate in rates
            ]
        )

    assert Ratio.of(figures(10, 20, 40), figures(10, 10, 10)) == Ratio(2, 1, 4)


def test_memory_is_judged_by_the_last_half() -> None:
    filling = [(n * 1_000, 100.0 + n) for n in range(50)]
    full = [(n * 1_000, 150.0) for n in range(50, 101)]
    assert slope_of(filling + full) == pytest.approx(0.0)
    assert slope_of([(n * 1_000, 100.0 + n) for n in range(101)]) == pytest.approx(1e6)


def test_what_grows_by_more_than_the_logarithm_is_set_in_bold() -> None:
    def result(employees: int, seconds: float) -> dict[str, Any]:
        return {"size": {"employees": employees}, "tables": {}, "facts": {START: seconds, IDLE: 100}}

    results = [result(1_000, 1.0), result(10_000, 2.0), result(100_000, 2.4)]
    lines = page.growth(results, lambda it: it["size"]["employees"]).splitlines()
    start = next(line for line in lines if line.startswith(f"| {START}"))
    assert "**× 2.00**" in start
    assert "| × 1.20 |" in start
    assert "× 1.33" in lines[2]
    assert "× 1.25" in lines[2]


def test_the_pages_are_what_the_kept_results_make() -> None:
    written = {name: (ROOT / "docs" / name).read_text() for name in page.pages()}
    assert written == page.pages(), "write them anew: `.venv/bin/python -m bench.page`"
