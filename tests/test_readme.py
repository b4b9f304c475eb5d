"""What the README says runs: its queries are asked here, of the demo, as the people that it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from demo.dataset import read
from demo.importer import bring_in
from demo.people import employee_id
from tests._api import Api

README = (Path(__file__).parent.parent / "README.md").read_text()
BLOCKS = re.findall(r"<!-- as: ([^,>]+?)(?:, with [^>]+)? -->\n```graphql\n(.*?)```", README, re.DOTALL)


async def test_everything_that_it_shows_is_answered(api: Api) -> None:
    await bring_in(api.log, api.organisation.pool, read(), lambda _done, _of: None)
    answers: list[Any] = []
    variables: dict[str, Any] = {}
    for who, document in BLOCKS:
        given = variables if "$id" in document else {}
        answers.append(await api.data(employee_id(who), document, **given))
        variables = {"id": (answers[-1].get("payoutRun") or {}).get("id")}
    quarter, waiting, approved, history = answers
    (line,) = quarter["payoutRun"]["lines"]["nodes"]
    assert line["employee"] == {"name": "Darcel Schlecht"}
    assert line["explanation"]["deals"]
    assert waiting["payoutRun"]["status"] == "CALCULATED"
    assert approved["approvePayoutRun"]["payoutRun"] == {"status": "APPROVED", "approvedBy": {"name": "Ada Lindqvist"}}
    assert history["employeeByNumber"]["history"]["nodes"][0]["topic"] == "employee.hired"
    assert len(history["integrity"]["root"]) == 64
