"""Our own PostgreSQL: whoever dies, whoever comes back."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from store.embedded import Cluster, _buffers, _memory

SERVE = """
import sys, time, pathlib
from store.embedded import Cluster
Cluster(pathlib.Path(sys.argv[1]), throwaway=True).start()
print("started", flush=True)
time.sleep(60)
"""
Handle = Callable[[], Cluster]


def postmaster(cluster: Cluster) -> psutil.Process:
    return psutil.Process(int((cluster.data / "postmaster.pid").read_text().splitlines()[0]))


def is_up(cluster: Cluster) -> bool:
    return (cluster.data / "postmaster.pid").exists()


async def ask(cluster: Cluster, statement: str) -> str:
    connection = await asyncpg.connect(cluster.url())
    try:
        return str(await connection.fetchval(statement))
    finally:
        await connection.close()


async def test_the_last_to_leave_stops_it(cluster: Handle) -> None:
    one, other = cluster(), cluster()
    one.start()
    other.start()
    one.stop()
    assert await ask(other, "SELECT 1") == "1"
    other.stop()
    assert not is_up(other)


async def test_a_cluster_left_running_by_a_killed_server_is_used_again(cluster: Handle) -> None:
    after = cluster()
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", SERVE, after.folder, stdout=PIPE)
    assert server.stdout is not None
    await server.stdout.readline()
    pid = postmaster(after).pid
    server.kill()
    await server.wait()

    after.start()
    assert postmaster(after).pid == pid
    after.stop()
    assert not is_up(after)


async def test_a_killed_cluster_comes_back_with_what_it_had_acknowledged(cluster: Handle) -> None:
    it = cluster()
    it.start()
    await ask(it, "CREATE TABLE kept AS SELECT 42 AS answer")
    watching = asyncio.create_task(it.supervise())
    killed = postmaster(it)
    killed.kill()

    async with asyncio.timeout(60):
        while True:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                assert await ask(it, "SELECT answer FROM kept") == "42"
                break
            await asyncio.sleep(0.05)
    assert postmaster(it).pid != killed.pid
    watching.cancel()


async def test_it_starts_although_another_program_has_the_number_of_its_dead_process(cluster: Handle) -> None:
    it = cluster()
    it.start()
    postmaster(it).kill()
    dead = cluster()
    pid_file = dead.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines(keepends=True)
    pid_file.write_text("".join(["1\n", *lines[1:]]))

    dead.start()
    assert await ask(dead, "SELECT 1") == "1"


async def test_a_start_that_was_interrupted_is_begun_again(cluster: Handle) -> None:
    it = cluster()
    half = it.folder / "cluster.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    it.start()
    assert await ask(it, "SELECT current_database()") == "meritbook"


async def test_a_long_path_is_no_hindrance(folder: Path) -> None:
    it = Cluster(folder / ("deep" * 20) / ("deeper" * 10), throwaway=True)
    try:
        it.start()
        assert await ask(it, "SELECT 1") == "1"
    finally:
        it.destroy()
    assert not it.socket_folder.exists()


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync", "full_page_writes"])
async def test_what_is_acknowledged_is_on_the_disk(folder: Path, setting: str) -> None:
    with Cluster(folder / "postgres") as it:
        assert await ask(it, f"SHOW {setting}") == "on"


@pytest.mark.parametrize(("gigabytes", "buffers"), [(1, "256MB"), (4, "512MB"), (8, "1024MB"), (64, "2048MB")])
def test_postgresql_keeps_an_eighth_of_the_memory_within_bounds(gigabytes: int, buffers: str) -> None:
    assert _buffers(gigabytes * 2**30) == buffers
    assert 0 < _memory() <= psutil.virtual_memory().total
