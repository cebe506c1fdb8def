"""Stock Strawberry as its documentation has it, with a queue for each subscriber."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NewType

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.schema.config import StrawberryConfig

from tests.performance.bridge.question import snapshot
from tests.performance.bridge.servers.told import told

EventCursor = NewType("EventCursor", str)


@strawberry.interface
class JobEvent:
    """What all events have."""

    cursor: EventCursor


@strawberry.type
class JobSnapshot(JobEvent):
    """The beginning."""


@strawberry.type
class JobProgress:
    """How far a job is."""

    done: int
    fraction: float
    stage: str
    message: str | None


@strawberry.type
class JobProgressed(JobEvent):
    """The worker got on."""

    progress: JobProgress


_watching: set[asyncio.Queue[JobEvent]] = set()


def _broadcast(event: dict[str, Any]) -> None:
    progress = JobProgress(**event["progress"])
    shown = JobProgressed(cursor=event["cursor"], progress=progress)
    for queue in _watching:
        queue.put_nowait(shown)


@strawberry.type
class Query:
    """A schema needs one."""

    @strawberry.field
    def hello(self) -> str:
        """Answer."""
        return "hello"


@strawberry.type
class Subscription:
    """What is measured."""

    @strawberry.subscription
    async def job_events(
        self, id: strawberry.ID, after: EventCursor | None = None
    ) -> AsyncGenerator[JobEvent, None]:
        """Yield a snapshot, then each event."""
        queue: asyncio.Queue[JobEvent] = asyncio.Queue()
        _watching.add(queue)
        try:
            yield JobSnapshot(cursor=snapshot()["cursor"])
            while True:
                yield await queue.get()
        finally:
            _watching.discard(queue)


@asynccontextmanager
async def _lifespan(_app: Starlette) -> AsyncIterator[None]:
    with told(_broadcast):
        yield


_scalars: dict[object, Any] = {EventCursor: strawberry.scalar(name="EventCursor")}
_endpoint: GraphQL[Any, None] = GraphQL(
    strawberry.Schema(
        Query,
        subscription=Subscription,
        types=[JobSnapshot, JobProgressed],
        config=StrawberryConfig(scalar_map=_scalars),
    )
)
app = Starlette(
    routes=[Route("/graphql", _endpoint), WebSocketRoute("/graphql", _endpoint)],
    lifespan=_lifespan,
)
