"""What can be set, all of it by environment variables; `docs/reference/settings.md` is made from what stands here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PORTS = range(1, 65_536)
LEVELS = ("debug", "info", "warning", "error")
SHORTEST_TOKEN = 16
ANSWERS_MB = 64.0
SWITCHES = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


class BadSetting(Exception):
    """A setting can't be what it is said to be; the message is one line for whoever set it."""


# ── How a variable's text is read. Each raises BadSetting; a message never quotes a secret ──


def _text(_: str, said: str) -> str:
    return said


def _folder(_: str, said: str) -> Path:
    return Path(said).expanduser().absolute()


def _port(name: str, said: str) -> int:
    if not (said.isascii() and said.isdecimal()) or int(said) not in PORTS:
        raise BadSetting(f"{name} must be a number from 1 to 65535, not {said!r}.")
    return int(said)


def _database_url(name: str, said: str) -> str:
    if not said.startswith(("postgresql://", "postgres://")):
        raise BadSetting(f"{name} must begin with postgresql:// (asyncpg and SQLAlchemy need no other form).")
    return said


def _number(said: str) -> float:
    """NaN, which no bounds hold, if it is none."""
    try:
        return float(said)
    except ValueError:
        return math.nan


def _seconds(name: str, said: str) -> float:
    seconds = _number(said)
    if not 0 < seconds < math.inf:
        raise BadSetting(f"{name} must be a number of seconds above 0, not {said!r}.")
    return seconds


def _rate(name: str, said: str) -> float:
    rate = _number(said)
    if not 0 <= rate < math.inf:
        raise BadSetting(f"{name} must be a number of requests a second, or 0 for any number, not {said!r}.")
    return rate


def _megabytes(name: str, said: str) -> float:
    megabytes = _number(said)
    if not 0 <= megabytes < math.inf:
        raise BadSetting(f"{name} must be a number of megabytes, or 0 for none, not {said!r}.")
    return megabytes


def _switch(name: str, said: str) -> bool:
    if said.lower() not in SWITCHES:
        raise BadSetting(f"{name} must be one of {', '.join(SWITCHES)}, not {said!r}.")
    return SWITCHES[said.lower()]


def _origins(name: str, said: str) -> frozenset[str]:
    found = frozenset(each.strip() for each in said.split(","))
    for each in found:
        if not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", each):
            raise BadSetting(
                f"{name} must be origins such as https://app.example.com, separated by commas, not {each!r}."
            )
    return found


def _http_url(name: str, said: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#@]+(/\S*)?", said):
        raise BadSetting(f"{name} must be an address such as http://localhost:4318/v1/traces.")
    return said


def _level(name: str, said: str) -> str:
    if said.lower() not in LEVELS:
        raise BadSetting(f"{name} must be one of {', '.join(LEVELS)}, not {said!r}.")
    return said.lower()


def _token(name: str, said: str) -> str:
    if len(said) < SHORTEST_TOKEN or not said.isascii() or not said.isprintable() or " " in said:
        raise BadSetting(f"{name} must have at least {SHORTEST_TOKEN} ASCII characters, and no space among them.")
    return said


# ── The settings ──


def about(read: Callable[[str, str], Any], what: str, otherwise: str = "") -> dict[str, Any]:
    """What a setting is, and how its text is read; `otherwise` says what holds if it is not set and has no default."""
    return {"read": read, "about": what, "otherwise": otherwise}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Each is set by the variable of its name in capitals."""

    host: str = field(
        default="127.0.0.1",
        metadata=about(_text, "The address to listen on. `0.0.0.0` or `::` is every network."),
    )
    port: int = field(default=8000, metadata=about(_port, "The port to listen on."))
    database_url: str | None = field(
        default=None,
        metadata=about(
            _database_url,
            "A PostgreSQL 16 or newer: `postgresql://user:password@host/database`.",
            "an embedded PostgreSQL 18 runs in `DATA`",
        ),
    )
    data: Path = field(
        metadata=about(
            _folder, "The folder of the embedded PostgreSQL and of the keys.", "`data`, where the start is made"
        )
    )
    keys: Path = field(
        metadata=about(
            _folder, "The folder of the server's own keys. Servers of one database share them.", "`keys` in `DATA`"
        )
    )
    lag_limit: float = field(
        default=10.0,
        metadata=about(
            _seconds, "How many seconds a read model, or the witness, may be behind the log before `/readyz` is red."
        ),
    )
    log_level: str = field(
        default="info",
        metadata=about(_level, f"What is told on standard error: {', '.join(LEVELS)}, and whatever is graver."),
    )
    traces_url: str | None = field(
        default=None,
        metadata=about(
            _http_url,
            "Where traces are sent by OTLP over HTTP, such as `http://localhost:4318/v1/traces`. Needs"
            " `requirements-traces.txt`.",
            "there are none",
        ),
    )
    metrics_token: str | None = field(
        default=None,
        metadata=about(
            _token,
            f"Who reads `/metrics` sends this as a bearer token; at least {SHORTEST_TOKEN} characters.",
            "only the machine itself reads `/metrics`",
        ),
    )
    production: bool = field(
        default=False,
        metadata=about(
            _switch,
            "Whether the API keeps its schema to itself (no introspection, no suggestions in errors, no page for"
            " browsers) and holds the usual rates: 1 or 0.",
            "`0`",
        ),
    )
    time_limit: float = field(
        default=10.0, metadata=about(_seconds, "How many seconds one operation may take; then its SQL is cancelled.")
    )
    viewer_rate: float | None = field(
        default=None,
        metadata=about(
            _rate,
            "How many requests a second one employee may make, in bursts of five seconds' worth; 0 for any number.",
            "`50` with `PRODUCTION`, else `0`",
        ),
    )
    address_rate: float | None = field(
        default=None,
        metadata=about(
            _rate,
            "The same for one address. Behind a proxy on this machine it is the one in `X-Forwarded-For`.",
            "`500` with `PRODUCTION`, else `0`",
        ),
    )
    answers_mb: float = field(
        default=ANSWERS_MB,
        metadata=about(
            _megabytes,
            "How many megabytes of answers are kept, to be given again as long as nothing has happened that could"
            " change them; 0 for none.",
        ),
    )
    allowed_origins: frozenset[str] = field(
        default=frozenset(),
        metadata=about(
            _origins,
            "Sites whose pages may use the API from browsers, separated by commas: `https://app.example.com`.",
            "only pages of the server itself",
        ),
    )
    trusted_documents: Path | None = field(
        default=None,
        metadata=about(
            _folder, "A JSON file of documents by their ids, which clients may send as `documentId`.", "there are none"
        ),
    )
    trusted_only: bool = field(
        default=False,
        metadata=about(_switch, "Whether nothing but `TRUSTED_DOCUMENTS` is answered: 1 or 0.", "`0`"),
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Settings:
        """The settings that these variables make; an empty one counts as not set. Raises BadSetting."""
        said = {name: value.strip() for name, value in environment.items() if value.strip()}
        given = {
            each.name: each.metadata["read"](each.name.upper(), said[each.name.upper()])
            for each in fields(cls)
            if each.name.upper() in said
        }
        data = given.setdefault("data", Path("data").absolute())
        given.setdefault("keys", data / "keys")
        return cls(**given)


def page() -> Iterator[str]:
    """The lines of `docs/reference/settings.md`."""
    yield "# Settings"
    yield ""
    yield "Settings are environment variables, read once, at the start. An empty one counts as not set. One that can't"
    yield "be what it is said to be stops the start with one line that says so, and exit status 1."
    yield ""
    yield "| Variable | What it sets | If it is not set |"
    yield "|---|---|---|"
    for each in fields(Settings):
        otherwise = each.metadata["otherwise"] or f"`{_plain(each.default)}`"
        yield f"| `{each.name.upper()}` | {each.metadata['about']} | {otherwise} |"


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
