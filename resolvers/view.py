"""GraphQL over WebSocket."""

from datetime import timedelta
from json import JSONDecodeError
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL

from core.container import Container
from features.users.services import UsersService
from resolvers.root import schema
from resolvers.transport_ws import TransportWSHandler
from schema.context import Context

CONNECTION_INIT_WAIT = timedelta(seconds=10)
SUBSCRIPTIONS_PER_CONNECTION = 100


class GraphQLView(GraphQL[Context, None]):
    """The WebSocket endpoint: a context for each operation, errors masked."""

    graphql_transport_ws_handler_class = TransportWSHandler

    def __init__(self, container: Container) -> None:
        super().__init__(
            schema,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=CONNECTION_INIT_WAIT,
            max_subscriptions_per_connection=SUBSCRIPTIONS_PER_CONNECTION,
        )
        self._container = container

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
