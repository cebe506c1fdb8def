"""Where the numbers are."""

from typing import NamedTuple

from core.container import Container
from resolvers.http.graphql import GraphQLEndpoint
from resolvers.metrics.loop_lag import LoopLag
from resolvers.operations import Operations
from resolvers.websocket.endpoint import GraphQLWebSocket


class Sources(NamedTuple):
    """What a gateway process is made of."""

    container: Container
    endpoint: GraphQLEndpoint
    operations: Operations
    websocket: GraphQLWebSocket
    lag: LoopLag
