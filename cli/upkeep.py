"""Keeping it well: is the history unaltered, the database up to date, the set-up sound?"""

from __future__ import annotations

import sys

import typer

import projections._build as read_models
import server
import store.migrate
from cli._run import opened, run
from operations import doctor
from operations.terminal import out, progress, show
from schema import sdl
from settings import Settings
from store import witness
from store.pool import pool
from vault import Vault

commands = typer.Typer()


@commands.command()
def verify() -> None:
    """Hash every fact again, and compare with every checkpoint that was signed. Exit status 1 if anything differs."""
    run(_verify)


async def _verify(settings: Settings) -> None:
    key = Vault.open(settings.keys).checkpoints
    async with server.database(settings) as url, await pool(url) as connections:
        with progress("Hashing every fact again") as tell:
            verdict = await witness.verify(connections, key, progress=tell)
    if verdict.broken is not None:
        sys.exit(f"meritbook: fact {verdict.broken}: {verdict.because}")
    out.print(f"{verdict.size} facts are as they were recorded; {verdict.checkpoints} signed checkpoints agree.")
    out.print(f"Root: {verdict.root.hex()}")


@commands.command()
def migrate() -> None:
    """Bring the database to the version of this program. A start does so by itself."""
    run(_migrate)


async def _migrate(settings: Settings) -> None:
    async with server.database(settings) as url:
        await store.migrate.migrate(url)
    out.print("The database is at the version of this program.")


@commands.command()
def rebuild() -> None:
    """Build every read model anew from the log, beside the live ones; commands and queries go on."""
    run(_rebuild)


async def _rebuild(settings: Settings) -> None:
    async with opened(settings) as it:
        with progress("Building read models anew") as tell:
            await read_models.rebuild(it.pool, it.log.keys, it.read_models, tell)
        out.print(f"{len(it.read_models.tables)} read models are built anew.")


@commands.command(name="doctor")
def examine() -> None:
    """Look at the set-up, and say what to do. Changes nothing. Exit status 1 if something is wrong."""
    run(_examine)


async def _examine(settings: Settings) -> None:
    verdicts = []
    async for finding in doctor.examine(settings, server.database):
        show(finding)
        verdicts.append(finding.verdict)
    if doctor.Verdict.WRONG in verdicts:
        sys.exit("meritbook: something is wrong; what to do is said above.")
    out.print("All is well." if doctor.Verdict.MIND not in verdicts else "Nothing is wrong.")


@commands.command()
def schema() -> None:
    """Print the GraphQL schema, in SDL."""
    typer.echo(sdl(), nl=False)
