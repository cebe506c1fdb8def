"""GraphQL over HTTP."""

from json import JSONDecodeError
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.http.base import BaseRequestProtocol
from strawberry.types import ExecutionResult

from core.container import Container
from features.users.services import UsersService
from resolvers.errors import formatted
from resolvers.http.graphiql import graphiql_page
from resolvers.root import schema
from schema.context import Context


class GraphQLView(GraphQL[Context, None]):
    """The endpoint: a context for each operation, errors masked, GraphiQL of our own."""

    def __init__(self, container: Container) -> None:
        super().__init__(schema)
        self._container = container

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,
    ) -> Context:
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


def _is_text(name: Any) -> bool:
    """False for halves of surrogate pairs, which cannot be written in an answer."""
    try:
        str(name).encode()
    except UnicodeEncodeError:
        return False
    return True
