"""What the server says of itself on standard error: to people at a terminal, to programs elsewhere one JSON a line.

No line tells what somebody sent, or who anybody is: of an error come its kind, where it happened and, from PostgreSQL,
its code and the names of our own tables; never its message, for messages quote. A line that belongs to a request has
the request's id.

While PostgreSQL is away everything fails alike, so it is told once when it goes, and once when it is back.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg
import structlog
from structlog.typing import EventDict, WrappedLogger

from store.pool import LOST


@dataclass(slots=True)
class Request:
    """What is being answered: its id; and, for whoever counts documents, which of them it asks for."""

    number: str
    document: Any = None


REQUEST: ContextVar[Request | None] = ContextVar("request", default=None)

OURS = ("server", "store", "projections", "schema", "operations", "meritbook", "pages", "logs")
QUOTING = ("strawberry", "uvicorn", "asyncio", "asyncpg", "sqlalchemy", "alembic", "websockets", "graphql")
"""Libraries whose messages quote what was sent: of these only the kind of error comes through."""
LEVELS = ("debug", "info", "warning", "error")
FRAMES = 30

logger = structlog.get_logger(__name__)


# ── PostgreSQL goes and comes back ──


@dataclass(slots=True)
class Absence:
    since: float | None = None
    failed: int = 0


_absence = Absence()


def away(error: BaseException) -> None:
    """PostgreSQL does not answer: told the first time, counted from then on."""
    _absence.failed += 1
    if _absence.since is None:
        _absence.since = monotonic()
        logger.error("PostgreSQL does not answer; waiting for it", because=reason(error))


def back() -> None:
    """PostgreSQL answers: told if it did not before."""
    if _absence.since is not None:
        seconds, failed = round(monotonic() - _absence.since, 1), _absence.failed
        _absence.since, _absence.failed = None, 0
        logger.warning("PostgreSQL answers again", after_seconds=seconds, failures_meanwhile=failed)


def is_absence(error: BaseException | None) -> bool:
    """Whether this is because PostgreSQL is not there, or follows from that."""
    return any(map(_is_of_postgresql, _chain(error)))


def _is_of_postgresql(error: BaseException) -> bool:
    if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return any("asyncpg" in frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
    return isinstance(error, (*LOST, asyncpg.InterfaceError))


# ── Errors without their words ──


def reason(error: BaseException) -> str:
    """What kind of error it is; with the system's own words, or PostgreSQL's names for things, if there are any."""
    said = type(error).__name__
    if isinstance(error, asyncpg.PostgresError):
        names = ("sqlstate", "schema_name", "table_name", "column_name", "constraint_name")
        said += "".join(f" {name}={value}" for name in names if (value := getattr(error, name, None)))
    elif isinstance(error, OSError) and error.strerror:
        said += f": {error.strerror}"
    return said


def told(error: BaseException) -> str:
    """A traceback without messages, the first cause first."""
    parts = []
    for each in reversed(list(_chain(error))):
        frames = traceback.extract_tb(each.__traceback__)[-FRAMES:]
        where = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        parts.append(f"{reason(each)}{where}")
    return "\nled to\n".join(parts)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


# ── Lines ──


def _request_id(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    if (request := REQUEST.get()) is not None:
        event["request_id"] = request.number
    return event


def _errors(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """What an error may say of itself. One that only means that PostgreSQL is away is counted instead."""
    found = event.pop("exc_info", None)
    error = found if isinstance(found, BaseException) else found[1] if isinstance(found, tuple) else None
    if found is True:
        error = sys.exc_info()[1]
    if error is None:
        return event
    if str(event.get("logger")).partition(".")[0] in OURS and is_absence(error):
        away(error)
        raise structlog.DropEvent
    event["error"], event["traceback"] = reason(error), told(error)
    return event


def _not_quoting(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record = event["_record"]
    if record.name.partition(".")[0] in QUOTING:
        bare = isinstance(record.msg, str) and record.exc_info is None and record.name.startswith("uvicorn")
        event["event"] = record.msg.partition("%")[0] if bare else "something went wrong in a library"
    return event


SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    _request_id,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class Formatter(structlog.stdlib.ProcessorFormatter):
    """One line for each event; the text that the standard library would add for an error is never made."""

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None
        return super().format(record)


class Handler(logging.StreamHandler[Any]):
    """Leaves out what a processor drops."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except structlog.DropEvent:
            return
        except Exception:  # noqa: BLE001  # a line that can't be made must not end what wanted to tell it
            line = f'{{"level": "error", "event": "a line of the log could not be made", "logger": "{record.name}"}}'
        self.stream.write(f"{line}\n")
        self.flush()


def configure(level: str = "info") -> None:
    """Our own words and those of libraries come out alike. Never the values of variables: they are people's data."""
    people = sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = Handler(sys.stderr)
    handler.setFormatter(
        Formatter(
            foreign_pre_chain=[*SHARED, _not_quoting],
            processors=[_errors, structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("asyncpg").setLevel(logging.ERROR)  # that PostgreSQL is gone is told once, by who brings it back
    for ours in OURS:
        logging.getLogger(ours).setLevel(level.upper())


def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For the event loop: an error that nobody waits for."""
    logger.error("nobody waited for this", what=str(context.get("message", "")), exc_info=context.get("exception"))
