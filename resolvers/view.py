"""GraphQL over HTTP and WebSocket."""

from datetime import timedelta
from json import JSONDecodeError
from typing import Any

from cross_web import HTTPException
from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.base import BaseRequestProtocol
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from core.container import Container
from core.errors import ErrorCode
from features.users.services import UsersService
from resolvers.errors import formatted
from resolvers.http.event_stream import single_connection_refusal
from resolvers.http.graphiql import graphiql_page
from resolvers.http.negotiation import MakeStream, chosen_stream
from resolvers.limits import MAX_TOKENS
from resolvers.operations import OperationRequest, Operations
from resolvers.root import schema
from resolvers.transport_ws import TransportWSHandler
from schema.context import Context

CONNECTION_INIT_WAIT = timedelta(seconds=10)
SUBSCRIPTIONS_PER_CONNECTION = 100


class GraphQLView(GraphQL[Context, None]):
    """The endpoint: a context for each operation, errors masked, GraphiQL of our own."""

    graphql_transport_ws_handler_class = TransportWSHandler

    def __init__(self, container: Container) -> None:
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=CONNECTION_INIT_WAIT,
            max_subscriptions_per_connection=SUBSCRIPTIONS_PER_CONNECTION,
        )
        self._container = container
        self._operations = Operations(container)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what asks for a stream by itself, and leave the rest to Strawberry."""
        if scope["type"] == "http":
            request = Request(scope, receive)
            stream = chosen_stream(request.headers.get("accept", ""))
            response = single_connection_refusal(request)
            if response is None and stream is not None:
                response = await self._streamed(stream, request)
            if response is not None:
                await response(scope, receive, send)
                return
        await super().__call__(scope, receive, send)

    async def _streamed(self, stream: MakeStream, request: Request) -> Response:
        """Return the stream, or what refuses it."""
        try:
            asked = await self.parse_http_body(self.request_adapter_class(request))
        except (HTTPException, JSONDecodeError) as error:
            reason = getattr(error, "reason", "The body is no JSON object.")
            return _refusal(400, reason)
        if isinstance(asked, list) or not asked.query:
            return _refusal(400, "There is no `query`.")
        if request.method == "GET" and _is_mutation(asked.query, asked.operation_name):
            return _refusal(405, "A mutation is sent by POST.", {"Allow": "POST"})
        operation = OperationRequest(
            asked.query, asked.variables, asked.operation_name, asked.extensions
        )
        caller = self.new_context().caller
        return stream(self._operations, operation, caller, request)

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,
    ) -> Context:
        """Make the context of one operation (a WebSocket makes more of them itself)."""
        return self.new_context()

    def new_context(self) -> Context:
        """Make a context for the local administrator, who calls without any auth."""
        caller = self._container.get(UsersService).local_caller()
        return Context(caller, self._container)

    def decode_json(self, data: str | bytes) -> Any:
        """Read JSON; JSONDecodeError for all that is none or is nested without end."""
        try:
            return super().decode_json(data)
        except JSONDecodeError:
            raise
        except (RecursionError, ValueError) as error:
            raise JSONDecodeError(str(error), "", 0) from None

    def parse_json(self, data: str | bytes) -> Any:
        """Read a part of a request: an object, where null counts as an empty one."""
        parsed = super().parse_json(data)
        if not isinstance(parsed, dict | list | None):
            raise JSONDecodeError("not an object", "", 0)
        if isinstance(parsed, dict) and not _is_text(parsed.get("operationName")):
            raise JSONDecodeError("no operation is called so", "", 0)
        return {} if parsed is None else parsed

    async def process_result(
        self, request: Request, result: ExecutionResult
    ) -> GraphQLHTTPResponse:
        """Return the answer's body, its errors masked."""
        answer = await super().process_result(request, result)
        if result.errors:
            answer["errors"] = [formatted(error) for error in result.errors]
        return answer

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Show a browser the page, also where the address holds an operation."""
        accept = request.headers.get("accept", "")
        return request.method == "GET" and "text/html" in accept

    async def render_graphql_ide(self, request: Request) -> Response:
        """Show GraphiQL, from this server alone."""
        return graphiql_page()


def _is_mutation(query: str, operation_name: str | None) -> bool:
    try:
        document = parse(query, no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError:
        return False
    operation = get_operation_ast(document, operation_name)
    return operation is not None and operation.operation is OperationType.MUTATION


def _refusal(
    status: int, message: str, headers: dict[str, str] | None = None
) -> Response:
    extensions = {"code": ErrorCode.BAD_USER_INPUT.value}
    body = {"errors": [{"message": message, "extensions": extensions}]}
    return JSONResponse(body, status, headers)


def _is_text(name: Any) -> bool:
    """False for halves of surrogate pairs, which cannot be written in an answer."""
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return False
    return True
