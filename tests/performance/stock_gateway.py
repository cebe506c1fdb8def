"""The same schema and services behind stock Strawberry, for measuring."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry import Schema
from strawberry.asgi import GraphQL

import server
from features.users.services import UsersService
from resolvers.root import Mutation, Query, Subscription
from schema.context import Context
from schema.events import JOB_EVENT_TYPES
from schema.scalars import strawberry_config


class _Stock(GraphQL[Context, None]):
    """Strawberry's own endpoint; its resolvers find their context."""

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        caller = server.container.get(UsersService).local_caller()
        return Context(caller, server.container)


_schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=JOB_EVENT_TYPES,
    config=strawberry_config(),
)
app = Starlette(routes=[Route("/graphql", _Stock(_schema))], lifespan=server.lifespan)
