"""What the peers need and Meritbook does not: installed for the benchmark alone, beside its data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


class NotInstalled(Exception):
    """A peer can't be installed here; the message says why. The others are measured without it."""


def psycopg(folder: Path) -> dict[str, str]:
    """The environment in which the `eventsourcing` library finds psycopg."""
    locked = HERE / "requirements.txt"
    target = folder / "python"
    if _stale(locked, target):
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        _run([*install, "--require-hashes", "--requirement", str(locked), "--target", str(target)], HERE)
        shutil.copy(locked, target)
    return {**os.environ, "PYTHONPATH": str(target)}


def postgraphile(folder: Path) -> Path:
    """The folder from which PostGraphile runs."""
    locked = HERE / "postgraphile" / "package.json"
    target = folder / "postgraphile"
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("PostGraphile needs Node.js and npm.")
    if _stale(locked, target):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(locked, target / "wanted.json")
        (target / "package.json").write_text(locked.read_text())
        _run([npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--silent"], target)
        (target / "wanted.json").rename(target / locked.name)
    for each in (HERE / "postgraphile").glob("*.mjs"):
        shutil.copy(each, target)
    return target


def _stale(locked: Path, target: Path) -> bool:
    """Whether what is installed is not what is wanted; the copy of what was wanted comes last."""
    there = target / locked.name
    return not there.exists() or there.read_text() != locked.read_text() or (target / "wanted.json").exists()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(f"{command[0]} failed: {done.stderr.strip()[-500:]}")
