"""PostgreSQL of our own: the real engine, started beside the server when no other is given.

Several processes may use one cluster: the first starts it, the last to leave stops it. The kernel drops a killed
process's locks, so nobody counts wrong. A cluster whose server was killed is found running and used again; a cluster
that was killed itself is started again and recovers.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Self

import psutil
import structlog

from store import _account

USER = "meritbook"
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # the kernel has room for 107 characters
PATIENCE = 60.0  # seconds for a start that does not even answer, and for a stop


def _memory() -> int:
    """Bytes that this machine has; or the container that we are in, if it may have less."""
    found = [psutil.virtual_memory().total]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with suppress(OSError, ValueError):
            found.append(int(Path(limit).read_text()))
    return min(found)


def _buffers(memory: int) -> str:
    """An eighth of the memory, within bounds: PostgreSQL takes it as the pages of a large organisation come to it."""
    return f"{min(max(memory // 8 // 2**20, 256), 2048)}MB"


SETTINGS = {
    "listen_addresses": "",  # a socket in a folder that nobody else can enter: hence no passwords
    "max_connections": "100",
    "shared_buffers": _buffers(_memory()),
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",  # after each, the first change of a page is written with the whole page
    "random_page_cost": "1.1",
    "jit": "off",  # our statements are short: compiling them costs more than it saves
    "timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_messages": "fatal",  # what a statement does wrong is told to whoever sent it
    "log_min_error_statement": "panic",
}
THROWAWAY = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"}
"""For data that need not outlive the machine; a killed process still loses nothing."""


logger = structlog.get_logger(__name__)


class CannotStart(Exception):
    """PostgreSQL does not start; the message says what it said."""


class Cluster:
    """A PostgreSQL cluster in `folder`. Everything here blocks; `supervise` is for the event loop."""

    def __init__(self, folder: Path, *, throwaway: bool = False) -> None:
        self.folder = folder.resolve()
        self.data = self.folder / "cluster"
        self._settings = SETTINGS | (THROWAWAY if throwaway else {})
        self._throwaway = throwaway
        self._users: IO[bytes] | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._postmaster: psutil.Process | None = None

    def url(self, database: str = "meritbook") -> str:
        return f"postgresql://{USER}@/{database}?host={self.socket_folder}"

    @property
    def socket_folder(self) -> Path:
        if len(str(self.data / SOCKET)) <= LONGEST_SOCKET_PATH:
            return self.data
        name = hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir(), f"meritbook-{name}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._join()
        self._ensure_running()

    def _join(self) -> None:
        if self._users is not None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._users = (self.folder / "users.lock").open("wb")
        except PermissionError as error:
            raise CannotStart(f"{self.folder} belongs to another user.") from error
        fcntl.flock(self._users, fcntl.LOCK_SH)
        self._account = _account.choose(self.data)

    def stop(self) -> None:
        """Leave; whoever leaves last stops PostgreSQL."""
        users, self._users = self._users, None
        if users is None:
            return
        with users, self._alone():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass
            else:
                self._shut_down()
        if self._child is not None and self._child.poll() is None:
            self._child.returncode = 0  # it is not ours to wait for any more

    def destroy(self) -> None:
        """Leave, and take everything along: for whoever leaves last, or comes after them."""
        self._join()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def supervise(self) -> None:
        """Start PostgreSQL again whenever it is gone. Ends by being cancelled."""
        while True:
            await asyncio.sleep(0.2)
            if not self._alive():
                logger.warning("PostgreSQL is gone: starting it again")
                try:
                    await asyncio.to_thread(self._ensure_running)
                except CannotStart:
                    logger.exception("PostgreSQL does not come back")

    # ── Starting ──

    def _ensure_running(self) -> None:
        with self._alone():
            if self._users is None:
                return  # we have left
            if not self.data.exists():
                self._initialise()
            self._child = None if self._alive() else self._child
            deadline = time.monotonic() + PATIENCE
            while (answer := self._answer()) != "accepting":
                if answer == "silent" and (self._child is None or self._child.poll() is not None):
                    if time.monotonic() > deadline:
                        raise CannotStart(f"PostgreSQL does not start in {self.data}:\n{self._last_words()}")
                    self._launch()
                time.sleep(0.05)
            self._postmaster = self._find_postmaster()

    def _initialise(self) -> None:
        """Make the cluster under another name first, so that one that was interrupted is never taken for whole."""
        new = self.folder / "cluster.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        self._account.own(new)
        sync = ["--no-sync"] if self._throwaway else []
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run("initdb", "-D", str(new), "-U", USER, "--auth=trust", "--no-instructions", *locale, *sync)
        self._run("postgres", "--single", "-D", str(new), "-F", "postgres", input="CREATE DATABASE meritbook\n")
        new.rename(self.data)

    def _run(self, program: str, *args: str, input: str = "") -> None:
        command = [str(_account.PROGRAMS / program), *args]
        done = subprocess.run(
            command, input=input, capture_output=True, text=True, check=False, cwd="/", **self._account.popen
        )
        if done.returncode:
            raise CannotStart(f"{program} failed:\n{done.stderr.strip()}")

    def _launch(self) -> None:
        sockets = self.socket_folder
        if sockets != self.data:
            sockets.mkdir(mode=0o700, exist_ok=True)
            self._account.own(sockets)
        self._disown_recycled_pid()
        settings = {**self._settings, "unix_socket_directories": str(sockets)}
        with (self.folder / "postgres.log").open("ab") as log:
            self._child = subprocess.Popen(
                [
                    _account.PROGRAMS / "postgres",
                    *("-D", str(self.data)),
                    *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C is for the server, which then stops us in its own time
                **self._account.popen,
            )

    def _disown_recycled_pid(self) -> None:
        """PostgreSQL will not start over the process id of a dead one if some other program has the number now.

        It knows that its parent's number means nothing, so that number goes there; the rest of the file stays, for
        it tells whether processes of the dead one still hold its memory.
        """
        if self._find_postmaster() is None:
            for lock in (self.data / "postmaster.pid", self.socket_folder / f"{SOCKET}.lock"):
                if lock.exists():
                    _, *rest = lock.read_text().splitlines(keepends=True)
                    lock.write_text("".join([f"{os.getpid()}\n", *rest]))

    def _last_words(self) -> str:
        return "\n".join((self.folder / "postgres.log").read_text(errors="replace").splitlines()[-5:])

    # ── Watching and stopping ──

    def _answer(self) -> str:
        command = [str(_account.PROGRAMS / "pg_isready"), "-q", "-t", "5", "-d", self.url("postgres")]
        code = subprocess.run(command, check=False, cwd="/").returncode
        return {0: "accepting", 1: "starting"}.get(code, "silent")

    def _find_postmaster(self) -> psutil.Process | None:
        with suppress(OSError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().splitlines()[0]))
            if str(self.data) in process.cmdline():
                return process
        return None

    def _alive(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            return False
        return self._postmaster is not None and _runs(self._postmaster)

    def _shut_down(self) -> None:
        postmaster = self._find_postmaster()
        for sign in (signal.SIGQUIT,) if self._throwaway else (signal.SIGINT, signal.SIGQUIT):
            if postmaster is not None:
                with suppress(psutil.NoSuchProcess):
                    postmaster.send_signal(sign)
                deadline = time.monotonic() + PATIENCE
                while _runs(postmaster) and time.monotonic() < deadline:
                    time.sleep(0.02)
        if self.socket_folder != self.data:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts or stops the cluster."""
        with (self.folder / "start.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _runs(process: psutil.Process) -> bool:
    """A dead process that nobody has asked after yet, as there are in containers, does not run."""
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
