"""The documentation: every block of the tutorial and the how-to guides runs, and says what the page says it says.

A block's language says what runs it, on a server that `make demo` has started: `graphql PERSON` asks as that person;
`sh`, `js` and `python` run as written, with what earlier blocks of the page exported; `python PATH` is a file of the
worked example, which is built in a copy of the project. A `json` or `text` block holds the answer of the block before
it; an ellipsis in it stands for anything, and `extensions` may be left out.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from docs.generate import REFERENCE, pages
from store._account import PROGRAMS
from tests.test_server import free_port

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
EXAMPLE = DOCS / "how-to/add-a-capability.md"
GUIDES = sorted({DOCS / "tutorial.md", *(DOCS / "how-to").glob("*.md")} - {EXAMPLE})

INSTALLED = ("--assume-old=.venv/requirements.txt", "--assume-old=.venv/requirements-dev.txt")
"""To `make`: what runs the tests is installed."""

ELSEWHERE = {
    "git clone": "the checkout is what runs the tests",
    "make demo": "the server that these tests ask was started by it",
    "make serve": "tests/test_server.py starts and stops it",
    ".venv/bin/meritbook doctor": "it rightly finds that the tests' PostgreSQL is one to throw away",
    "pg_basebackup": "it copies a whole server, other tests' databases and all",
}
"""Blocks that begin with this are not run here, and why."""

MADE = {
    "back-up-and-restore": ["DATABASE restored"],
    "run-on-your-own-postgresql": ["DATABASE people", "ROLE people", "ROLE keeper"],
}
"""What a page makes in the PostgreSQL that all tests share."""

PEOPLE = {
    "administrator": "Ada Lindqvist",
    "manager": "Melvin Marxen",
    "agent": "Darcel Schlecht",
    "payroll": "Piet Janssen",
    "reviewer": "Clara Reyes",
}
"""As whom a GraphQL block is asked; the demo prints a token for each."""


# ── Pages ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    place: str
    language: str
    word: str
    text: str
    answer: str | None


FENCE = re.compile(r"^```(\w*) ?([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(page: Path) -> Iterator[Block]:
    """What is to be run, each with its answer if the page tells it."""
    text = page.read_text()
    found = list(FENCE.finditer(text))
    for block, after in zip(found, [*found[1:], None], strict=True):
        language, word, said = block.groups()
        answered = after is not None and after[1] in ("json", "text")
        if language not in ("json", "text"):
            place = f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
            answer = after[3] if after is not None and answered else None
            yield Block(place=place, language=language, word=word, text=said, answer=answer)


@dataclass(slots=True)
class Live:
    """The demo as it is served, and what runs beside it."""

    port: int
    tokens: dict[str, str]
    environment: dict[str, str]
    folder: Path
    server: str
    """Where PostgreSQL is, as it stands in a URL in place of `localhost:5432`, and what comes after the database."""
    options: str

    def run(self, block: Block) -> str:
        match block.language:
            case "graphql":
                return self._ask(block)
            case "sh":
                return self._in_shell(block, self._here(block.text))
            case "js":
                (self.folder / "block.mjs").write_text(self._here(block.text))
                return self._in_shell(block, f"node '{self.folder}/block.mjs'")
            case "python":
                (self.folder / "block.py").write_text(self._here(block.text))
                return self._in_shell(block, f"'{sys.executable}' '{self.folder}/block.py'")
        raise AssertionError(f"{block.place}: nobody knows how to run {block.language or 'a block of no language'}")

    def _ask(self, block: Block) -> str:
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": block.text},
            headers={"authorization": f"Bearer {self.tokens[block.word]}"},
        )
        said = answer.json()
        assert "errors" not in said, f"{block.place}: {said}"
        return answer.text

    def _here(self, text: str) -> str:
        """The block with the addresses of this test's server and database."""
        here = text.replace("127.0.0.1:8000", f"127.0.0.1:{self.port}")
        return re.sub(r"localhost:5432/(\w+)", rf"{self.server}/\1{self.options}", here)

    def _in_shell(self, block: Block, text: str) -> str:
        """Run in the project's folder; exported variables are there for the blocks that follow."""
        kept = self.folder / "exported"
        kept.touch()
        script = f"set -euo pipefail\nsource '{kept}'\n{text}\nexport -p > '{kept}'\n"
        done = subprocess.run(
            ["bash", "-c", script],
            check=False,
            cwd=ROOT,
            env=self.environment | {"PORT": str(free_port())},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, f"{block.place}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


# ── The demo, as the tutorial starts it ──


@pytest.fixture(scope="module")
def demo(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, dict[str, str], dict[str, str]]]:
    """Its port, the tokens that it printed, and the environment that it has."""
    port = free_port()
    environment = os.environ | {
        "DATABASE_URL": module_database_url,
        "DATA": str(tmp_path_factory.mktemp("data")),
        "PORT": str(port),
        "MAKEFLAGS": "--no-print-directory",  # as for a reader, though `make test` runs this
        "PYTHONPATH": str(ROOT),  # this checkout, whichever one the environment was installed for
        "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
        **_address(module_database_url),
    }
    command = ["make", *INSTALLED, "demo"]
    log = Path(environment["DATA"], "log")
    with log.open("w") as stderr:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    assert process.stdout is not None
    try:
        said = ""
        while "A token for anybody" not in said:
            line = process.stdout.readline()
            assert line, said + log.read_text()
            said += line
        tokens = {each: re.search(rf"As {name}.*\n.*Bearer (\S+)", said) for each, name in PEOPLE.items()}
        yield port, {each: found[1] for each, found in tokens.items() if found}, environment
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.communicate()


def _address(url: str) -> dict[str, str]:
    """The server of the tests' databases, as PostgreSQL's own programs want to be told."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])[0]
    known = {"PGHOST": host, "PGUSER": parts.username, "PGPASSWORD": parts.password}
    return {
        name: value
        for name, value in (known | {"PGPORT": str(parts.port) if parts.port else None}).items()
        if value is not None
    }


@pytest.fixture
def live(demo: tuple[int, dict[str, str], dict[str, str]], tmp_path: Path, page: Path) -> Iterator[Live]:
    port, tokens, environment = demo
    parts = urlsplit(environment["DATABASE_URL"])
    server = parts.netloc.rpartition("@")[2]
    yield Live(port, tokens, environment, tmp_path, server, f"?{parts.query}" if parts.query else "")
    for made in MADE.get(page.stem, ()):
        drop = ["psql", "-qd", "postgres", "-c", f"DROP {made.replace(' ', ' IF EXISTS ')}"]
        subprocess.run(drop, env=environment, check=True, capture_output=True)


# ── The tests ──


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_every_block_runs_and_says_what_the_page_says(page: Path, live: Live) -> None:
    for block in blocks(page):
        if any(block.text.startswith(beginning) for beginning in ELSEWHERE):
            continue
        if block.language == "js" and shutil.which("node") is None:
            continue
        said = live.run(block)
        if block.answer is not None:
            assert_like(block, said)


def assert_like(block: Block, said: str) -> None:
    assert block.answer is not None
    if block.answer.lstrip().startswith(("{", "[")):
        shown, found = json.loads(block.answer), json.loads(said)
        if "extensions" not in shown:
            found.pop("extensions", None)
        differs = list(differences(shown, found))
        assert not differs, f"{block.place}: {differs}"
    else:
        pattern = re.escape(block.answer.strip()).replace("…", ".*")
        assert re.fullmatch(pattern, said.strip(), re.DOTALL), f"{block.place}: {said}"


def differences(shown: Any, said: Any, at: str = "answer") -> Iterator[str]:
    """Where this is not what the page shows; `"…"` stands for anything, at the end of a list for whatever follows."""
    if shown == "…":
        return
    if isinstance(shown, dict) and isinstance(said, dict) and shown.keys() == said.keys():
        for key, each in shown.items():
            yield from differences(each, said[key], f"{at}.{key}")
    elif isinstance(shown, list) and isinstance(said, list):
        known = shown[:-1] if shown[-1:] == ["…"] else shown
        if len(said) < len(known) or (len(said) > len(known) and known is shown):
            yield f"{at} has {len(said)} entries: {said}"
        for place, each in enumerate(known[: len(said)]):
            yield from differences(each, said[place], f"{at}[{place}]")
    elif shown != said:
        yield f"{at} is {said!r}"


def test_the_capability_that_is_added_by_example_works(tmp_path: Path) -> None:
    """The files of the page in a copy of the project: published as it says, and every rule for new code is kept."""
    copy = tmp_path / "project"
    for package in [*ROOT.glob("*/__init__.py"), ROOT / "docs/schema/released.graphql"]:
        folder = package.parent.relative_to(ROOT)
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored, dirs_exist_ok=True)
    for file in [*ROOT.glob("*.py"), ROOT / "pyproject.toml", ROOT / "Makefile", ROOT / "schema.graphql"]:
        shutil.copy(file, copy)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    written = [block for block in blocks(EXAMPLE) if block.language == "python"]
    for block in written:
        (copy / block.word).write_text(block.text)

    def run(*command: str) -> None:
        environment = os.environ | {"PYTHONPATH": str(copy), "MAKEFLAGS": ""}
        done = subprocess.run(command, check=False, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    (publish,) = (block.text for block in blocks(EXAMPLE) if block.language == "sh")
    run("bash", "-euc", publish.replace("make ", f"make {' '.join(INSTALLED)} "))
    tests = ("certificate", "events", "schema", "architecture")
    run(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *(f"tests/test_{each}.py" for each in tests))
    names = [block.word for block in written]
    run(sys.executable, "-m", "ruff", "check", "--no-cache", *names)
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *names)


def test_what_the_code_says_is_what_the_reference_says() -> None:
    written = {name: (REFERENCE / name).read_text() for name in pages()}
    assert written == pages(), "write it anew: `make reference`"


MEASURED = "docs/benchmarks.md"
"""Written by `make bench`, on a machine that is worth telling of."""

LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]*)(#[^)]*)?\)")


def test_every_link_leads_somewhere() -> None:
    for page in [*(each for each in DOCS.rglob("*.md") if "node_modules" not in each.parts), *ROOT.glob("*.md")]:
        for target in LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
            there = (page.parent / target[0]).resolve()
            assert there.exists() or there == ROOT / MEASURED, f"{page.relative_to(ROOT)}: {target[0]}"


FILE = re.compile(r"`([\w./-]+\.(?:py|md|ts|mjs|graphql|events|toml))`")
TARGET = re.compile(r"`(?:\w+=\S+ )*make ([a-z-]+)")
PROGRAM = re.compile(r"python -m ([\w.]+\w)")


def test_every_file_target_and_program_that_is_named_in_passing_is_there() -> None:
    """On the pages, and in what modules say of each other. A file may be named by the end of its path."""
    ours = {path.relative_to(ROOT) for path in _files()}
    there = {"/".join(path.parts[-count:]) for path in ours for count in range(1, len(path.parts) + 1)}
    there |= {block.word for block in blocks(EXAMPLE)} | {"follow.py"}  # which readers write themselves
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in ours:
        if path.suffix in (".md", ".py"):
            text = (ROOT / path).read_text()
            missing = set(FILE.findall(text)) - there, set(TARGET.findall(text)) - targets
            assert missing == (set(), set()), f"{path}: {missing}"
            assert all(find_spec(each) for each in PROGRAM.findall(text)), f"{path}: {PROGRAM.findall(text)}"


def _files() -> Iterator[Path]:
    """Those of the project, without what is installed or made."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = {*folders} - {".git", ".venv", "data", "node_modules"}
        yield from (Path(folder, name) for name in names)


def test_every_page_stands_in_the_index() -> None:
    index = {(DOCS / target[0]).resolve() for target in LINK.findall((DOCS / "README.md").read_text())}
    written = {page for page in DOCS.rglob("*.md") if "node_modules" not in page.parts}
    assert written - {DOCS / "README.md"} <= index
