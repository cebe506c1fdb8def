"""What clients ask for, and how it goes: operations, connections, subscriptions."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from graphql import OperationType
from prometheus_client import Metric

from core.errors import ErrorCode
from events.live.hub import Hub
from events.readers.follower import Follower
from resolvers.counting import INTERRUPTED, OK, REFUSED, UNKNOWN_KIND, Transport
from resolvers.http.connection import HttpConnection
from resolvers.metrics.families import counter, counters, gauge, gauges, histograms
from resolvers.metrics.sources import Sources
from resolvers.root import schema
from resolvers.websocket.codes import CloseCode
from resolvers.websocket.connection import Connection
from resolvers.websocket.uvicorn_protocol import GraphQLWebSocketProtocol

_STREAMS: Final = (Transport.WEBSOCKET, Transport.SSE, Transport.MULTIPART)
# They are shown from the start: a rate knows of no first one that comes from nowhere.
_EXPECTED: Final = (
    *((UNKNOWN_KIND, transport, REFUSED) for transport in Transport),
    *(
        (kind.value, transport, outcome)
        for kind in OperationType
        for transport in Transport
        for outcome in (OK, ErrorCode.INTERNAL.value)
        if (kind, transport) != (OperationType.SUBSCRIPTION, Transport.HTTP)
    ),
    *((OperationType.SUBSCRIPTION.value, one, INTERRUPTED) for one in _STREAMS),
)
_FIELDS: Final = tuple(schema._schema.subscription_type.fields)  # type: ignore[union-attr]


def operations(sources: Sources) -> Iterator[Metric]:
    """Yield what became of operations, and how long they took."""
    single, others = sources.endpoint.counts, sources.operations.counts
    yield counters(
        "onemanage_operations_total",
        "Operations that have ended, by outcome: ok, refused before anything ran, left "
        "by the client, interrupted so that the client resumes, or an error's code.",
        ("kind", "transport", "outcome"),
        {key: 0 for key in _EXPECTED} | single.ended | others.ended,
    )
    yield histograms(
        "onemanage_operation_duration_seconds",
        "Time from a whole request to its result, for queries and mutations.",
        ("kind",),
        {
            (kind.value,): durations + others.durations[kind]
            for kind, durations in single.durations.items()
        },
    )
    yield gauges(
        "onemanage_open_streams",
        "Operations that run over a WebSocket, an event stream or a multipart response.",
        ("transport",),
        {(one.value,): others.running[one] for one in _STREAMS},
    )


def connections(sources: Sources) -> Iterator[Metric]:
    """Yield how many WebSockets there are and were, and how connections ended."""
    websocket, closes = sources.websocket, GraphQLWebSocketProtocol.closes
    yield gauge("onemanage_websockets", "WebSockets that are open now.", websocket.open)
    yield counter(
        "onemanage_websocket_connections_total",
        "WebSockets that were accepted.",
        websocket.accepted,
    )
    codes = sorted({*closes, *map(int, CloseCode)})
    yield counters(
        "onemanage_websocket_closes_total",
        "WebSockets that the gateway closed, by close code.",
        ("code",),
        {(str(code),): closes[code] for code in codes},
    )
    yield counters(
        "onemanage_stalled_peers_total",
        "Connections cut because their peer took nothing for too long.",
        ("connection",),
        {("http",): HttpConnection.stalled, ("websocket",): Connection.stalled},
    )


def subscriptions(sources: Sources) -> Iterator[Metric]:
    """Yield how many subscriptions there are, how they stand, and what is sent."""
    shared = sources.operations.shared
    yield gauges(
        "onemanage_subscriptions",
        "Subscriptions that run now, by their root field.",
        ("field",),
        {(field,): shared.subscriptions[field] for field in _FIELDS},
    )
    yield gauge(
        "onemanage_distinct_subscriptions",
        "Subscriptions that differ; those that are alike share their executions.",
        len(shared),
    )
    yield gauges(
        "onemanage_followers",
        "Subscriptions that are handed events as they come, and those that catch up.",
        ("state",),
        _followers(sources.container.get(Hub)),
    )
    counts = shared.counts
    yield counter(
        "onemanage_deliveries_total",
        "Results of subscriptions that were handed to a client's connection.",
        counts.delivered,
    )
    yield counter(
        "onemanage_deliveries_deferred_total",
        "Times that a subscription had to wait, as its client's connection was full.",
        counts.deferred,
    )
    yield counter(
        "onemanage_executions_total",
        "Executions of subscriptions for an event, each for all who asked the same.",
        counts.executed,
    )
    yield counter(
        "onemanage_executions_failed_total",
        "Those executions whose result had errors.",
        counts.failed,
    )


def _followers(hub: Hub) -> dict[tuple[str, ...], int]:
    states = Counter(one.is_live for one in hub.watchers if isinstance(one, Follower))
    return {("live",): states[True], ("catching_up",): states[False]}
