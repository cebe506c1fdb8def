"""The page /metrics, made anew for each who asks."""

from collections.abc import Iterator

from prometheus_client import (
    GC_COLLECTOR,
    PLATFORM_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.jobs.backlog import Backlog
from resolvers.metrics import clients, servers
from resolvers.metrics.latest_backlog import LatestBacklog
from resolvers.metrics.sources import Sources


class Gathering(Collector):
    """Reads the sources when Prometheus asks; nothing is counted here."""

    def __init__(self, sources: Sources) -> None:
        self.backlog: Backlog | None = None
        self._sources = sources

    def describe(self) -> list[Metric]:
        """Return nothing: before the gateway runs there is nothing to describe."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        sources = self._sources
        yield from clients.operations(sources)
        yield from clients.connections(sources)
        yield from clients.subscriptions(sources)
        yield from servers.event_log(sources)
        yield from servers.hub(sources)
        yield from servers.documents(sources)
        yield from servers.backlog(self.backlog)
        yield from servers.event_loop(sources)


def metrics_routes(sources: Sources) -> list[Route]:
    """Return the page's route."""
    gathering, registry = Gathering(sources), CollectorRegistry()
    for one in (gathering, PROCESS_COLLECTOR, PLATFORM_COLLECTOR, GC_COLLECTOR):
        registry.register(one)

    async def show(request: Request) -> Response:
        latest: LatestBacklog = request.app.state.backlog
        gathering.backlog = await latest.read()
        write, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(write(registry), media_type=content_type)

    return [Route("/metrics", show)]
