"""Commands on their way to a commit: each is decided as soon as what it looks at is known.

What it decides on is what is remembered, with all that was decided before it and is not recorded yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from asyncpg import InterfaceError, Pool

from store.command import Command, Decided, decide
from store.habits import Habits
from store.pool import LOST
from store.retry import give_up, retry
from store.streams import Folded, NotLoaded, Stream, Streams

MOST = 256
"""Commands that are decided at most before any of them is recorded; what they rest on gets older meanwhile."""
ENOUGH = 8
"""Commands that are worth a statement of their own that reads what they look at, while others are being read."""


class Deciding:
    """Those that wait, those that wait for a stream to be read, and those that are `decided`, in their order."""

    def __init__(
        self, *, streams: Streams, pool: Pool, start: Callable[[Coroutine[Any, Any, None], str], object]
    ) -> None:
        self.decided: list[Decided] = []
        self._streams = streams
        self._pool = pool
        self._start = start
        self._waiting: deque[Command] = deque()
        self._missing: list[tuple[Command, list[Stream]]] = []
        self._habits = Habits()
        self._reading = 0
        """Commands for whom something is being read."""

    def __len__(self) -> int:
        """How many are not taken yet."""
        return len(self._waiting) + len(self._missing) + self._reading + len(self.decided)

    def put(self, commands: Iterable[Command]) -> None:
        self._waiting.extend(commands)

    def take(self, size: int) -> list[Decided]:
        """The first that are decided; from now on they are somebody else's to record."""
        taken, self.decided = self.decided[:size], self.decided[size:]
        return taken

    def undo(self) -> None:
        """What was decided rests on what is not so. They wait again, before all others."""
        commands = [decided.command for decided in self.decided]
        self._streams.forget({command.stream.id for command in commands})
        self._waiting.extendleft(reversed(commands))
        self.decided = []

    def decide(self) -> None:
        """Decide what waits, each command upon what those before it will have made true."""
        while self._waiting and len(self.decided) < MOST:
            command = self._waiting.popleft()
            if unknown := [stream for stream in self._habits.of(command) if self._streams.get(stream) is None]:
                self._missing.append((command, unknown))
                continue
            try:
                decided = self._decided(command)
            except NotLoaded as not_loaded:
                self._habits.looked(command, not_loaded.stream)
                self._missing.append((command, [not_loaded.stream]))
            except Exception as error:  # noqa: BLE001  # a rule that fails is told to whoever asked, and to nobody else
                command.resolve(error)
            else:
                self._streams.put(command.stream, decided.after)
                self.decided.append(decided)
        if self._missing and (not self._reading or len(self._missing) >= ENOUGH):
            missing, self._missing = self._missing, []
            self._reading += len(missing)
            self._start(self._read(missing), "read")

    def _decided(self, command: Command) -> Decided:
        """What a command decides on what is known. Raises NotLoaded if that is not enough.

        A stream that is not known is mostly one that is about to begin. A command that makes something of nothing is
        taken at its word: had the stream begun before, its first version would object.
        """
        own, known = command.stream, self._streams.get
        if known(own) is not None:
            return decide(command, known)
        nothing = Folded(own.kind(), 0)
        try:
            decided = decide(command, lambda stream: nothing if stream == own else known(stream))
        except NotLoaded:
            raise
        except Exception as error:
            raise NotLoaded(own) from error
        if not decided.facts:
            raise NotLoaded(own)
        return decided

    async def _read(self, missing: list[tuple[Command, list[Stream]]]) -> None:
        try:
            await self._load(missing)
        finally:
            self._reading -= len(missing)

    async def _load(self, missing: list[tuple[Command, list[Stream]]]) -> None:
        commands = [command for command, _ in missing]

        async def load() -> None:
            # One that another command has begun by now, in a batch that is not committed, must not be read upon that.
            unknown = [stream for _, them in missing for stream in them if self._streams.get(stream) is None]
            await self._streams.load(self._pool, unknown)

        try:
            await retry(load)
        except (InterfaceError, *LOST) as error:
            give_up(commands, error)
        except Exception as error:  # noqa: BLE001  # history that can't be read fails who asked for it, and nobody else
            if len(missing) == 1:
                commands[0].resolve(error)
            else:
                for one in missing:
                    await self._load([one])
        else:
            for command, streams in missing:
                if command.stream in streams and (own := self._streams.get(command.stream)):
                    self._habits.found(command, own.version)
            self.put(commands)
