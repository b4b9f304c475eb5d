"""What somebody tries who wants to know or to change more than is theirs, and what comes of it."""

from __future__ import annotations

import json

import pytest

from tests._api import Api, gid


@pytest.mark.parametrize("letter", "tpaovj")
async def test_whatever_a_client_calls_a_field_the_answer_is_the_same(api: Api, letter: str) -> None:
    boss = await api.hire("Bo")
    anna = await api.hire("Anna", manager_id=boss)
    for number in range(1, 10):
        document = "query ($id: ID!) { KEY: employee(id: $id) { manager { KEY: name reports { nodes { KEY: name } } } } }"
        keyed = await api.data(anna, document.replace("KEY", f"{letter}{number}"), id=gid("Employee", anna))
        plain = await api.data(anna, document.replace("KEY", "plain"), id=gid("Employee", anna))
        assert json.dumps(keyed).replace(f'"{letter}{number}"', '"plain"') == json.dumps(plain)
