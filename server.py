"""The gateway's ASGI app (``uvicorn server:app``); ``python server.py`` runs it all."""

if __name__ == "__main__":
    # Before the app's imports, none of which the supervisor needs.
    from workers.supervisor import main

    main()

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, WebSocketRoute

from core.container import Container
from core.database_async import (
    GATEWAY_CONNECTION_SECONDS,
    GATEWAY_STATEMENT_SECONDS,
    Database,
)
from core.garbage import keep_what_is_there
from core.logging import configure_logging
from core.nats import connect
from core.processes import ProcessPool
from core.startup import settings_or_exit
from core.storage import Storage
from events.heads import JobHeads
from events.live.hub import Hub
from features.files.services import FilesService
from features.jobs.backlog import BacklogService
from features.jobs.reading import JobRowsService
from resolvers.http.body_limit import BodyLimit
from resolvers.http.console import console_routes
from resolvers.http.errors import ERROR_HANDLERS
from resolvers.http.files import FileServices, file_routes
from resolvers.http.graphql import GraphQLEndpoint
from resolvers.http.health import health_routes
from resolvers.http.loopback import LoopbackOnly
from resolvers.http.pages import asset_routes
from resolvers.http.streams.negotiation import OperationStreams
from resolvers.metrics.latest_backlog import LatestBacklog
from resolvers.metrics.loop_lag import LoopLag
from resolvers.metrics.page import metrics_routes
from resolvers.metrics.sources import Sources
from resolvers.operations import Operations
from resolvers.places import Places
from resolvers.websocket.endpoint import GraphQLWebSocket
from workers.process import fill

# By uvicorn's program: else whoever imports this gives it settings.
settings = settings_or_exit(needs_all=Path(sys.argv[0]).name == "uvicorn")
configure_logging("gateway")
container = Container()
operations = Operations(container)
places = Places()
streams = OperationStreams(container, operations, places)
endpoint = GraphQLEndpoint(container, streams)
websocket = GraphQLWebSocket(container, operations, places)
lag = LoopLag()

MAX_BODY_BYTES = 1024 * 1024


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Connect before the first request; close behind the last."""
    async with AsyncExitStack() as stack:
        client = await connect(settings, "gateway")
        stack.push_async_callback(client.close)
        database = Database.from_settings(
            settings,
            statement_seconds=GATEWAY_STATEMENT_SECONDS,
            connection_seconds=GATEWAY_CONNECTION_SECONDS,
        )
        stack.push_async_callback(database.close)
        fill(container, settings, client, database)
        storage = container.get(Storage)  # type: ignore[type-abstract]
        stack.push_async_callback(storage.close)
        heads = container.get(JobRowsService)
        container.give(JobHeads, heads)  # type: ignore[type-abstract]
        hub = container.get(Hub)
        await hub.start()
        stack.push_async_callback(hub.close)
        previewing = ProcessPool(
            1,
            memory_bytes=settings.import_preview_memory_bytes,
            preload=("features.data_import.utils.previewing",),
        )
        previewing.open()
        stack.push_async_callback(previewing.close)
        container.give(ProcessPool, previewing)
        stack.enter_context(lag.measured())
        app.state.container = container
        app.state.backlog = LatestBacklog(container.get(BacklogService))
        app.state.services = FileServices(container.get(FilesService), storage)
        keep_what_is_there()
        yield


app = Starlette(
    routes=[
        *console_routes(),
        *health_routes(),
        *metrics_routes(Sources(container, endpoint, operations, websocket, lag)),
        *asset_routes(),
        Route("/graphql", BodyLimit(endpoint, MAX_BODY_BYTES)),
        WebSocketRoute("/graphql", websocket),
        *file_routes(),
    ],
    middleware=[Middleware(LoopbackOnly)],
    exception_handlers=ERROR_HANDLERS,
    lifespan=lifespan,
)
