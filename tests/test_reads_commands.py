"""Over HTTP: reads at once, the rest through Strawberry, and commands that answer with what they changed."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import strawberry
from strawberry import ID

from domain._kernel import Conflict, NotFound
from schema._endpoint import Endpoint
from schema._kernel import STAFF, CommandInput, Info, Outcome, may, mutation, new_id, resolved, uuid_of
from schema._reader import Reader
from schema._schema import build
from store.meter import Meter
from store.recorded import Origin
from tests._office import BELOW_ME, Deal, Person, Query, deals, people, uuid
from tests._reading import SECRET, Everybody, Office, loop, place

__all__ = ["loop", "place"]

ME = uuid(2, 1)


@strawberry.input
class RenamePerson(CommandInput):
    id: ID
    name: str


@strawberry.type
class Greetings:
    @resolved(STAFF)
    def greeting(self) -> str:
        """What no table knows."""
        return "hello"

    @resolved(STAFF)
    def broken(self) -> str | None:
        raise ZeroDivisionError("a secret")

    @resolved(may("whisper"))
    def whisper(self) -> str | None:
        return "psst"


@strawberry.type
class Mutation:
    @mutation(may("rename") | BELOW_ME, changes=Person, on=lambda input: uuid_of(Person, input.id, "id"))
    async def rename_person(self, info: Info, input: RenamePerson) -> Outcome:
        """Give somebody another name."""
        id = uuid_of(Person, input.id, "id")
        return await info.context.run(Person, id, "rename", input, name=input.name)

    @mutation(STAFF, changes=Deal)
    async def open_deal(self, info: Info, input: CommandInput) -> Outcome:
        return await info.context.run(Deal, new_id(Deal, input), "open", input)


class Recorded:
    """What the log says."""

    def __init__(self, stream_id: UUID, position: int) -> None:
        self.stream_id, self.position = stream_id, position


class Desk:
    """Takes commands as the log does, and writes the office's tables."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.asked = reader, []  # type: ignore[var-annotated]
        self.meter = Meter()

    async def run(
        self, kind: Any, id: UUID, command: Any, /, *, origin: Origin, expected_version: int | None = None,
        keyed: bool = False, **kwargs: Any,
    ) -> Recorded:  # fmt: skip
        self.asked.append((kind, id, command, origin, expected_version, keyed, kwargs))
        if expected_version == 3:
            raise Conflict("It moved.", current_version=4)
        if kwargs.get("name") == "nobody":
            raise NotFound("There is no such person.", "id")
        if kwargs.get("name") == "boom":
            raise ZeroDivisionError("a secret")
        if command == "rename":
            await self.reader.pool.execute(
                f"UPDATE read.{people.table.name} SET name = $2 WHERE id = $1", id, kwargs["name"]
            )
        else:
            await self.reader.pool.execute(
                f"INSERT INTO read.{deals.table.name} (id, person_id, title, amount, currency, version, position) "
                "VALUES ($1, $2, 'new', 1, 'EUR', 1, 1) ON CONFLICT DO NOTHING",
                id,
                uuid(2, 0),
            )
        return Recorded(id, 42)

    async def at(self, positions: Any) -> list[Any]:
        return []


class Client:
    """Somebody with a browser."""

    def __init__(self, place: Office, loop: asyncio.AbstractEventLoop) -> None:
        schema = build([Query, Greetings], [Mutation])
        self.everybody, self.loop = Everybody(), loop
        reader = Reader(schema._schema, place.reader.pool, self.everybody, SECRET)  # noqa: SLF001
        self.desk = Desk(reader)
        identify = lambda header: UUID(header) if header else None  # noqa: E731
        endpoint = Endpoint(schema, reader, self.desk, identify)  # type: ignore[arg-type]  # it does less
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(app=endpoint), base_url="http://office")

    def ask(self, document: str, viewer: UUID | None = ME, **variables: Any) -> Any:
        headers = {"authorization": str(viewer)} if viewer else {}
        body = {"query": document, "variables": variables}
        return self.loop.run_until_complete(self._http.post("/", json=body, headers=headers)).json()


@pytest.fixture(scope="module")
def client(place: Office, loop: asyncio.AbstractEventLoop) -> Client:
    return Client(place, loop)


RENAME = """
mutation Rename($input: RenamePerson!) {
  renamePerson(input: $input) {
    __typename
    ... on RenamePersonPayload { position person { __typename id mood newName: name team { code } age } }
    ... on Refused { code message path currentVersion }
  }
}
"""


def renamed(client: Client, n: int = 4, **more: Any) -> Any:
    return client.ask(RENAME, input={"id": f"Person_{uuid(2, n)}", "name": "zoe", **more})


def test_a_command_answers_with_what_it_changed(client: Client) -> None:
    answer = renamed(client)
    found = answer["data"]["renamePerson"]
    assert found["position"] == 42
    assert found["person"]["newName"] == "zoe"
    assert found["person"]["team"]["code"]
    assert answer["extensions"]["denied"] == [{"path": ["renamePerson", "person", "age"], "code": "FORBIDDEN_FIELD"}]


def test_only_who_may_gives_a_command_and_nothing_happens_otherwise(client: Client) -> None:
    before = len(client.desk.asked)
    for n in (1, 0, 99):
        found = renamed(client, n)["data"]["renamePerson"]
        assert (found["__typename"], found["code"]) == ("Refused", "FORBIDDEN")
    assert len(client.desk.asked) == before
    client.everybody.permissions = frozenset({"rename"})
    assert renamed(client, 0)["data"]["renamePerson"]["person"]["newName"] == "zoe"
    client.everybody.permissions = frozenset()


def test_refusals_are_data(client: Client) -> None:
    conflict = renamed(client, expectedVersion=3)["data"]["renamePerson"]
    assert (conflict["code"], conflict["currentVersion"], conflict["path"]) == ("CONFLICT", 4, [])
    missing = renamed(client, name="nobody")["data"]["renamePerson"]
    assert (missing["code"], missing["path"]) == ("NOT_FOUND", ["id"])
    wrong = client.ask(RENAME, input={"id": f"Team_{uuid(1, 1)}", "name": "zoe"})["data"]["renamePerson"]
    assert (wrong["code"], wrong["path"]) == ("VALIDATION_FAILED", ["id"])


def test_what_goes_wrong_inside_stays_inside(client: Client) -> None:
    for answer in (renamed(client, name="boom"), client.ask("{ broken people { totalCount } }")):
        assert "secret" not in str(answer)
        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "INTERNAL"
        assert error["extensions"]["requestId"] in error["message"]


def test_the_same_command_makes_the_same_object(client: Client) -> None:
    document = """mutation ($input: CommandInput!) {
      openDeal(input: $input) { ... on OpenDealPayload { deal { id title } position } }
    }"""
    client.everybody.permissions = frozenset({"deal.view"})
    key = str(uuid4())
    first = client.ask(document, input={"commandId": key, "reason": "because"})["data"]["openDeal"]
    again = client.ask(document, input={"commandId": key})["data"]["openDeal"]
    other = client.ask(document, input={})["data"]["openDeal"]
    assert first == again
    assert first["deal"]["title"] == "new"
    assert other["deal"]["id"] != first["deal"]["id"]
    origins = [(asked[3], asked[5]) for asked in client.desk.asked[-3:]]
    assert [keyed for _, keyed in origins] == [True, True, False]
    assert (origins[0][0].actor, str(origins[0][0].command_id), origins[0][0].reason) == (ME, key, "because")
    client.everybody.permissions = frozenset()


def test_who_may_change_and_not_see_gets_the_position(client: Client) -> None:
    found = client.ask("mutation { openDeal(input: {}) { ... on OpenDealPayload { deal { id } position } } }")
    assert found["data"]["openDeal"] == {"deal": None, "position": 42}


def test_tables_and_resolvers_answer_together(client: Client) -> None:
    found = client.ask(
        "query ($n: Int) { hi: greeting people(first: $n) { nodes { __typename mood } } __typename }", n=1
    )
    assert list(found["data"]) == ["hi", "people", "__typename"]
    assert found["data"]["people"]["nodes"][0].keys() == {"__typename", "mood"}
    hidden = client.ask("{ greeting whisper }")
    assert hidden["data"] == {"greeting": "hello", "whisper": None}
    assert hidden["extensions"]["denied"] == [{"path": ["whisper"], "code": "FORBIDDEN_FIELD"}]


def test_nobody_gives_commands(client: Client) -> None:
    for document in ("mutation { openDeal(input: {}) { __typename } }", "{ greeting }", "{ people { totalCount } }"):
        answer = client.ask(document, None)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


def test_what_is_not_graphql_is_told_so(client: Client) -> None:
    assert client.ask("{ people { salaries } }")["errors"]
    assert client.ask("{ people { ")["errors"]
    assert client.ask('{ person(id: "Person_none") { name } }')["data"] == {"person": None}
