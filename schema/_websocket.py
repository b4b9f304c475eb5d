"""GraphQL over a websocket, in the protocol graphql-transport-ws, with the same limits and rights as over HTTP.

A mistake in an operation is told to that operation alone. Nothing is queued here: an operation waits until what it had
to say was taken, so that a client which reads slowly is told slowly, and one that takes nothing at all is closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import msgspec
from graphql import GraphQLError

from schema import _transport_ws as protocol
from schema._documents import Invalid
from schema._following import Followers, SignedOut
from schema._heading import header
from schema._http import HttpError, Receive, Scope, Send
from schema._masking import told, went_wrong
from schema._transport_ws import PROTOCOL, Farewell, Message

if TYPE_CHECKING:
    from schema._endpoint import Endpoint

MOST_OPERATIONS = 100
"""Operations under way on one socket."""

GREETING = 3.0
"""Seconds until `connection_init` has to be there."""

STALLED = 10.0
"""Seconds that a client may take nothing of what there is for it."""

PARTING = 1.0
"""Seconds in which to say why a socket is closed."""

OPERATION = "meritbook.operation"
"""Where in the scope stands what is to be done around an operation, by whoever counts them."""

Seen = Callable[[bytes], None]
"""Is shown each answer, in JSON, that an operation ends with."""

logger = logging.getLogger("meritbook.api")


class Gone(Exception):
    """The client is not there any more."""


def _unseen(_number: str) -> AbstractContextManager[Seen]:
    return nullcontext(lambda _answer: None)


def error_of(error: HttpError) -> GraphQLError:
    """What is refused as it would be over HTTP, for who has no headers to look at."""
    extensions: dict[str, Any] = {"code": error.code}
    if "retry-after" in error.headers:
        extensions["retryAfter"] = int(error.headers["retry-after"])
    return GraphQLError(str(error), extensions=extensions)


@dataclass(eq=False, slots=True)
class Socket:
    """One client, and its operations by their ids."""

    door: Endpoint
    followers: Followers
    signed_in: Callable[[UUID], None]
    scope: Scope
    _receive: Receive
    _send: Send
    viewer: UUID | None = None
    _authorization: str | None = None
    _acknowledged: bool = False
    _operations: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _speaking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _since: float | None = None
    _main: asyncio.Task[Any] | None = None
    _farewell: Farewell | None = None

    async def live(self) -> None:
        """From the handshake to the end."""
        self._main = asyncio.current_task()
        offered = self.scope.get("subprotocols") or []
        spoken = PROTOCOL if PROTOCOL in offered else next(iter(offered), None)  # so that the code below is heard
        await self._send({"type": "websocket.accept", "subprotocol": spoken})
        try:
            await self._listen(spoken)
        except Farewell as farewell:
            self._farewell = farewell
        except asyncio.CancelledError:
            if self._farewell is None or self._main is None:
                raise
            self._main.uncancel()
        except Gone:
            return
        except Exception:
            logger.exception("A websocket failed.")
            self._farewell = Farewell(4500, "Internal server error.")
        finally:
            for each in self._operations.values():
                each.cancel()
            if self._operations:
                await asyncio.wait(self._operations.values())
        await self._close()

    def end(self, farewell: Farewell) -> None:
        """Close it from elsewhere."""
        if self._farewell is None and self._main is not None:
            self._farewell = farewell
            self._main.cancel()

    def look(self, now: float) -> None:
        """Whether the token is still good, and the client still there."""
        if self._since is not None and now - self._since > STALLED:
            self.end(Farewell(4413, "Too slow: nothing is taken. Go on after the last cursor that you have."))
        elif self._authorization is not None and self.door.identify(self._authorization) is None:
            self.end(Farewell(4403, "Forbidden: the token has run out."))

    async def _close(self) -> None:
        if self._farewell is not None:
            code, reason = self._farewell.code, self._farewell.reason
            with suppress(OSError, RuntimeError, TimeoutError):
                async with asyncio.timeout(PARTING):
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})

    # ── What the client says ──

    async def _listen(self, spoken: str | None) -> None:
        if spoken != PROTOCOL:
            raise Farewell(4406, f"Subprotocol not acceptable: speak {PROTOCOL}.")
        try:
            async with asyncio.timeout(GREETING):
                while not self._acknowledged:
                    if not await self._heard():
                        return
        except TimeoutError:
            raise Farewell(4408, "Connection initialisation timeout.") from None
        while await self._heard():
            pass

    async def _heard(self) -> bool:
        """The next message, done; False if the client is gone."""
        event = await self._receive()
        if event["type"] == "websocket.disconnect":
            return False
        said = protocol.message(event.get("text"))
        match said.type:
            case "connection_init":
                await self._greet(said)
            case "ping":
                await self._say(protocol.pong(said))
            case "pong":
                protocol.object_of(said)
            case "subscribe":
                await self._begin(protocol.id_of(said), said)
            case "complete":
                if (task := self._operations.pop(protocol.id_of(said), None)) is not None:
                    task.cancel()
        return True

    async def _greet(self, said: Message) -> None:
        if self._acknowledged:
            raise Farewell(4429, "Too many initialisation requests.")
        init = protocol.init_of(said)
        by_header = header(self.scope["headers"], b"authorization").decode("latin-1")
        authorization = init.authorization or init.Authorization or by_header or None
        if authorization is not None:
            viewer = self.door.identify(authorization)
            if viewer is None:
                raise Farewell(4403, "Forbidden: this token is not good.")
            self.signed_in(viewer)
            self.viewer, self._authorization = viewer, authorization
        self._acknowledged = True
        await self._say(protocol.ACKNOWLEDGED)

    async def _begin(self, id: str, said: Message) -> None:
        if not self._acknowledged:
            raise Farewell(4401, "Unauthorized: send connection_init first.")
        if id in self._operations:
            raise Farewell(4409, f"Subscriber for {id} already exists")
        if len(self._operations) >= MOST_OPERATIONS:  # told from here, so that nothing more is heard before
            error = HttpError(429, "RATE_LIMITED", f"At most {MOST_OPERATIONS} operations at a time on a websocket.")
            await self._fail(id, [error_of(error)], uuid4().hex)
            return
        task = asyncio.create_task(self._operate(id, bytes(said.payload)))
        self._operations[id] = task
        task.add_done_callback(lambda done: self._ended(id, done))

    def _ended(self, id: str, task: asyncio.Task[None]) -> None:
        if self._operations.get(id) is task:
            del self._operations[id]
        if not task.cancelled() and isinstance(error := task.exception(), Farewell):
            self.end(error)

    # ── Operations ──

    async def _operate(self, id: str, payload: bytes) -> None:
        """One operation, from its beginning to its end. Raises Farewell."""
        number = uuid4().hex
        around: Callable[[str], AbstractContextManager[Seen]] = self.scope.get(OPERATION, _unseen)
        with around(number) as seen, suppress(Gone):
            try:
                await self._performed(payload, id, number, seen)
            except (Gone, Farewell):
                raise
            except SignedOut:
                raise Farewell(4403, "Forbidden: who this token is for may not sign in any more.") from None
            except HttpError as error:
                errors = [error_of(error)]
            except Invalid as invalid:
                errors = invalid.errors
            except GraphQLError as error:
                errors = [error]
            except Exception as error:  # noqa: BLE001 - here is where everything else is masked
                errors = [GraphQLError(**went_wrong(error, number))]
            else:
                self._free(id)
                await self._say(protocol.complete(id))
                return
            self._free(id)
            seen(await self._fail(id, errors, number))

    async def _fail(self, id: str, errors: list[GraphQLError], number: str) -> bytes:
        payload = msgspec.json.encode(told(errors, number))
        await self._say(protocol.error(id, payload))
        return b'{"errors":' + payload + b"}"

    def _free(self, id: str) -> None:
        """Before the client hears that it has ended, the id may be used again."""
        if self._operations.get(id) is asyncio.current_task():
            del self._operations[id]

    async def _performed(self, payload: bytes, id: str, number: str, seen: Seen) -> None:
        door, request = self.door, protocol.request_of(payload)
        before = protocol.before_next(id)

        async def tell(answer: str) -> None:
            await self._say(f"{before}{answer}}}")

        door.paced_address(self.scope)
        _, document = door.document(request)
        operation = document.operation(request.operation_name)
        if not operation.is_subscription:
            async with asyncio.timeout(door.manners.time_limit):
                answer = await door.perform(payload, self._authorization, number)
            seen(answer.body)
            await tell(answer.body.decode())
            return
        if self.viewer is not None:
            door.paced_viewer(self.viewer)
        assert document.parsed is not None
        await self.followers.follow(document.parsed, operation, request.variables, self.viewer, tell)

    # ── What the client is told ──

    async def _say(self, text: str) -> None:
        """Returns when there is room for more. Raises Gone."""
        async with self._speaking:
            self._since = asyncio.get_running_loop().time()
            try:
                await self._send({"type": "websocket.send", "text": text})
            except (OSError, RuntimeError):
                raise Gone from None
            finally:
                self._since = None
