"""The command line: what it says, what it does, and its exit status."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from uuid import UUID

import pytest

from schema import sdl
from tests.test_server import Start, environment, free_port, run, start

__all__ = ["environment", "start"]  # fixtures, for pytest to find

Environment = dict[str, str]


async def said(environment: Environment, *words: str) -> tuple[int, str, str]:
    """Exit status, output, errors."""
    process = await run(words[0], environment, *words[1:])
    async with asyncio.timeout(60):
        out, error = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), error.decode()


async def test_whoever_says_nonsense_is_told_so(environment: Environment) -> None:
    status, _, error = await said(environment, "frobnicate")
    assert status == 2
    assert "frobnicate" in error


@pytest.mark.parametrize(
    "words", [(), ("serve",), ("doctor",), ("user",), ("user", "create"), ("token",)], ids=" ".join
)
async def test_every_command_says_what_it_is(environment: Environment, words: tuple[str, ...]) -> None:
    status, out, _ = await said(environment, *words, "--help")
    assert status == 0
    assert "Usage" in out


async def test_the_schema_is_printed(environment: Environment) -> None:
    assert await said(environment, "schema") == (0, sdl(), "")


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("LAG_LIMIT", "soon", False),
        ("LAG_LIMIT", "nan", False),
        ("LOG_LEVEL", "loud", False),
        ("METRICS_TOKEN", "short", True),
        ("DATABASE_URL", "mysql://me:hunter2@there", True),
    ],
)
async def test_a_bad_setting_is_one_line(environment: Environment, name: str, value: str, secret: bool) -> None:  # noqa: FBT001
    status, out, error = await said(environment | {name: value}, "serve")
    assert (status, out) == (1, "")
    assert error.startswith(f"meritbook: {name} must ")
    assert error.count("\n") == 1
    assert (value in error) is not secret


# ── The doctor ──


async def test_the_doctor_looks_before_anything_is_there_and_makes_nothing(environment: Environment) -> None:
    status, out, _ = await said(environment | {"PORT": str(free_port())}, "doctor")
    assert status == 0
    assert "the first start makes it" in out
    assert "Nothing is wrong." in out
    assert not Path(environment["DATA"]).exists()  # noqa: ASYNC240


async def test_the_doctor_finds_a_set_up_well(start: Start, environment: Environment) -> None:
    it = await start()
    status, out, _ = await said(environment | {"PORT": str(it.http.base_url.port)}, "doctor")
    assert "Address already in use" in out
    assert (status, "Nothing is wrong." in out) == (0, True)
    for found in ("as the program is", "They fit the database", "stand at the head", "It has seen", "clock"):
        assert found in out
    await it.stop(signal.SIGTERM)
    status, out, _ = await said(environment | {"PORT": str(free_port())}, "doctor")
    assert (status, "All is well." in out) == (0, True), out


async def test_the_doctor_finds_keys_that_others_can_read_or_that_do_not_fit(
    start: Start, environment: Environment
) -> None:
    it = await start()
    keys = Path(environment["DATA"]) / "keys"
    (keys / "people.key").chmod(0o644)
    status, out, error = await said(environment, "doctor")
    assert (status, f"chmod 600 {keys / 'people.key'}" in out) == (1, True), out
    assert error.startswith("meritbook: something is wrong")
    (keys / "people.key").chmod(0o600)

    (keys / "people.key").rename(keys / "elsewhere")
    (keys / "people.key").write_text("00" * 32)
    (keys / "people.key").chmod(0o600)
    status, out, _ = await said(environment, "doctor")
    assert (status, "not those that the database was written with" in out) == (1, True), out
    (keys / "elsewhere").rename(keys / "people.key")
    await it.stop(signal.SIGTERM)


async def test_the_doctor_finds_that_there_is_no_database(environment: Environment) -> None:
    status, out, _ = await said(environment | {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}, "doctor")
    assert (status, "DATABASE_URL" in out) == (1, True)


# ── Who administrates ──


async def test_administrators_are_made_and_unmade(start: Start, environment: Environment) -> None:
    await start()
    status, out, _ = await said(
        environment, "user", "create", "A-7", "Grace Hopper", "grace@example.com", "--reason", "Ada leaves."
    )
    assert status == 0
    id = UUID(out.strip())
    status, out, _ = await said(environment, "user", "administrators")
    assert (status, [line.split()[0] for line in out.splitlines()]) == (0, ["1", "A-7"])
    assert str(id) in out

    assert (await said(environment, "user", "dismiss", "1"))[:2] == (0, "1 is no administrator.\n")
    status, _, error = await said(environment, "user", "dismiss", "A-7")
    assert (status, error) == (1, "meritbook: Nobody else is an administrator. Make somebody one first.\n")
    assert (await said(environment, "user", "appoint", "1"))[:2] == (0, "1 is an administrator.\n")
    status, _, error = await said(environment, "user", "appoint", "nobody")
    assert (status, error) == (1, "meritbook: Nobody has the number nobody.\n")
    status, _, error = await said(environment, "user", "create", "A-7", "Grace Hopper", "other@example.com")
    assert (status, error) == (1, "meritbook: Another employee has or had the number A-7.\n")
