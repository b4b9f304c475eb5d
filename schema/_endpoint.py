"""The front door: GraphQL over HTTP at one ASGI application.

Each request goes one way: its media types, its address, its body, its document, its variables, who asks, what it
costs. Then queries that SQL alone can answer are answered at once, mutations are carried out, and everything that needs
functions of our own is executed by Strawberry. Whatever is wrong is said in GraphQL's form, with a code, under the
status that the specification asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from uuid import UUID

import msgspec
import strawberry
from graphql import GraphQLError

from schema._about import About
from schema._answer import STATUS, Answer, body_with, headers_of, refusal
from schema._answers import Answers
from schema._browsers import PREFLIGHT, may_be_of_another_site, preflight, shared_with
from schema._commands import Commands, Given
from schema._context import Context
from schema._cost import MOST_EXECUTED
from schema._documents import Document, Documents, Invalid, Operation, check_cost
from schema._following import Followers
from schema._heading import NUMBER, Heading, heading, request_id
from schema._held import ReadingPool
from schema._http import (
    METHODS,
    Disconnected,
    HttpError,
    Receive,
    Request,
    Scope,
    Send,
    body_of,
    from_body,
    from_parameters,
)
from schema._masking import told, went_wrong
from schema._media import GRAPHQL, JSON
from schema._mutation import Log
from schema._rates import Rates
from schema._reader import Reader
from schema._sockets import Sockets
from schema._time_limit import TimeLimit
from schema._transport_ws import PROTOCOL
from schema._viewers import POLICY, RoleViewers

Identify = Callable[[str | None], UUID | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How the door is kept. `trusted` are documents by their ids; `origins` are sites whose pages may ask."""

    production: bool = False
    time_limit: float = 10.0
    """Seconds that one operation may take."""
    viewer_rate: float = 0.0
    address_rate: float = 0.0
    """Requests a second, of one employee and of one address; 0 for any number."""
    viewer_sockets: int = 250
    address_sockets: int = 2_000
    """Websockets that are open at a time, of one employee and of one address."""
    origins: frozenset[str] = frozenset()
    trusted: Mapping[str, str] = field(default_factory=dict)
    trusted_only: bool = False


@dataclass(slots=True)
class Endpoint:
    """The ASGI application at /graphql."""

    schema: strawberry.Schema
    reader: Reader
    log: Log
    identify: Identify
    manners: Manners = field(default_factory=Manners)
    _viewers: Rates = field(init=False)
    _addresses: Rates = field(init=False)
    _about: About = field(init=False)
    _commands: Commands = field(init=False)
    _sockets: Sockets = field(init=False)
    _time_limit: TimeLimit = field(init=False)

    def __post_init__(self) -> None:
        self._time_limit = TimeLimit(self.manners.time_limit)
        self._about, self._commands = About(self.reader.schema), Commands(self.reader)
        self._viewers, self._addresses = Rates(self.manners.viewer_rate), Rates(self.manners.address_rate)
        self._sockets = Sockets(self, Followers(self.reader, self.log, self.manners.time_limit))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._sockets(scope, receive, send)
            return
        says = heading(scope)
        number = scope.get(NUMBER) or request_id(says.number or b"")
        try:
            answer = await self._answered(scope, says, receive, number)
        except HttpError as error:
            answer = refusal(error, number)
        except Disconnected:
            return
        origins = self.manners.origins
        beside = tuple(shared_with(says.said.get(b"origin"), origins)) if origins else ()
        headers = headers_of(answer, says.media or JSON, number, beside)
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, scope: Scope, says: Heading, receive: Receive, number: str) -> Answer:
        """The answer to a request. Raises HttpError."""
        if scope["method"] == "OPTIONS":
            return Answer(b"", 204, {"allow": METHODS, **preflight(says.said)})
        if says.media is None:
            message = f"Answers are {GRAPHQL} or {JSON}, in UTF-8; the Accept header allows neither."
            raise HttpError(406, "NOT_ACCEPTABLE", message)
        self.paced_address(scope)
        post = scope["method"] == "POST"
        if post and not (says.is_json and says.is_plain):
            message = "Send the body uncompressed." if says.is_json else f"Send {JSON}, in UTF-8; nothing else is read."
            raise HttpError(415, "UNSUPPORTED_MEDIA_TYPE", message, accept_post=JSON)
        question = await body_of(receive, says.length) if post else self._parameters(scope, says)
        try:
            with self._time_limit.deadline():
                return await self.perform(question, says.authorization, number, post=post)
        except HttpError:
            raise
        except Invalid as error:
            return Answer(_json({"errors": told(error.errors, number)}), 400 if says.media == GRAPHQL else 200)
        except Exception as error:  # noqa: BLE001 - here is where everything else is masked
            wrong = GraphQLError(**went_wrong(error, number))
            code = (wrong.extensions or {})["code"]
            retry = {"retry-after": "1"} if code == "UNAVAILABLE" else None
            return Answer(_json({"errors": told([wrong], number)}), STATUS[code], retry)

    # ── What is asked, and whether it may be ──

    def _parameters(self, scope: Scope, says: Heading) -> bytes:
        """What is asked without a body: a question mark, with which none begins, and parameters. Raises HttpError."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HttpError(405, "METHOD_NOT_ALLOWED", "Use POST; or GET for a query.", allow=METHODS)
        origin = says.said.get(b"origin", b"").decode("latin-1")
        if may_be_of_another_site(says) and origin not in self.manners.origins:
            message = f"From a browser, send a header that asks for a preflight: {PREFLIGHT.decode()}."
            raise HttpError(403, "PREFLIGHT_REQUIRED", message)
        parameters: bytes = scope.get("query_string", b"")
        return b"?" + parameters

    def paced_address(self, scope: Scope) -> None:
        """One more request of this address. Raises HttpError."""
        if self.manners.address_rate:
            self._paced(self._addresses, (scope.get("client") or ("",))[0])

    def paced_viewer(self, viewer: UUID) -> None:
        """One more request of this employee. Raises HttpError."""
        if self.manners.viewer_rate:
            self._paced(self._viewers, viewer)

    def _paced(self, rates: Rates, who: object) -> None:
        wait = rates.wait(who)
        if wait:
            message = f"Too many requests; try again in {ceil(wait)} s."
            raise HttpError(429, "RATE_LIMITED", message, retry_after=str(ceil(wait)))

    def document(self, request: Request) -> tuple[str, Document]:
        """The document that is asked for, and its text. Raises Invalid."""
        manners = self.manners
        text = request.query
        if request.document_id is not None:
            text = manners.trusted.get(request.document_id)
            if text is None:
                raise _invalid("There is no trusted document with this id.", "DOCUMENT_NOT_FOUND")
        elif manners.trusted_only:
            raise _invalid("Only trusted documents are answered here: send a documentId.", "DOCUMENT_NOT_TRUSTED")
        assert text is not None
        return text, self.reader.documents.get(text)

    def _operation(self, request: Request, *, post: bool) -> tuple[str, Operation]:
        text, document = self.document(request)
        operation = document.operation(request.operation_name)
        if operation.is_subscription:
            raise _invalid(f"Subscribe over a websocket, which is here too and speaks {PROTOCOL}.", "WEBSOCKET_NEEDED")
        if not operation.is_query and not post:
            raise HttpError(405, "METHOD_NOT_ALLOWED", "Only queries are asked with GET.", allow="POST")
        return text, operation

    async def perform(self, question: bytes, authorization: str | None, number: str, *, post: bool = True) -> Answer:
        """The answer to a query or a mutation. Raises Invalid, HttpError, and whatever goes wrong."""
        viewer = self.identify(authorization)
        if viewer is not None:
            self.paced_viewer(viewer)
            if self.reader.knows(question) and (kept := await self.reader.again(question, viewer)) is not None:
                self.reader.documents.get(kept.document)  # it was asked for again, for whoever counts that
                return Answer(kept.body)
        request = from_body(question) if post else from_parameters(question[1:])
        text, operation = self._operation(request, post=post)
        variables = self.reader.coerced(operation, request.variables)
        cost = check_cost(operation, variables)
        if operation.about_the_schema:
            return Answer(_json({"data": self._about.answer(operation, variables), "extensions": {"cost": cost}}))
        if viewer is not None:
            if operation.is_query:
                body = await self.reader.answer(operation, variables, viewer, cost, question)
                if body is not None:
                    return Answer(body)
            if cost > MOST_EXECUTED:
                check_cost(operation, variables, MOST_EXECUTED)
        context = Context(self.reader, self.log)
        if viewer is not None:
            context.viewer, context.policy = await self.reader.viewer(viewer)
        mutation = None if operation.is_query else self._commands.mutation(operation)
        if mutation is not None:
            given = Given(context, variables, request.variables)
            data, errors = await mutation.carried_out(given), given.errors
        else:
            result = await self.schema.execute(text, request.variables, context, operation_name=operation.name)
            data, errors = _json(result.data), result.errors or []
        return Answer(body_with(data, told(errors, number), context.denied, cost))


def endpoint(
    schema: strawberry.Schema,
    *,
    pool: ReadingPool,
    log: Log,
    identify: Identify,
    secret: bytes,
    documents: Documents | None = None,
    manners: Manners | None = None,
    answers: Answers | None = None,
) -> Endpoint:
    """The API of one organisation. `pool` is a reading pool; `identify` is who an Authorization header stands for;
    `secret` signs cursors; `answers` keeps what was answered.
    """
    manners = manners or Manners()
    graph = schema._schema  # noqa: SLF001
    documents = documents or Documents(graph, production=manners.production)
    reader = Reader(graph, pool, RoleViewers(pool), secret, POLICY, documents, answers)
    return Endpoint(schema, reader, log, identify, manners)


def _invalid(message: str, code: str) -> Invalid:
    return Invalid([GraphQLError(message, extensions={"code": code})])


_json = msgspec.json.encode
