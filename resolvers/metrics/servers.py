"""What the gateway stands on, and how well: the event log, PostgreSQL, its own loop."""

from collections.abc import Iterator
from typing import Any

from nats.aio.client import Client
from prometheus_client import Metric

from events.live.hub import Hub
from features.jobs.backlog import Backlog
from resolvers.execution.documents import DOCUMENTS
from resolvers.execution.lru import LruCache
from resolvers.metrics.families import counter, counters, gauge, gauges, histogram
from resolvers.metrics.sources import Sources


def event_log(sources: Sources) -> Iterator[Metric]:
    """Yield whether the log is followed, and how far."""
    client, hub = sources.container.get(Client), sources.container.get(Hub)
    yield gauge("onemanage_nats_up", "1 while NATS is connected.", client.is_connected)
    yield gauge(
        "onemanage_hub_up",
        "1 while the gateway hears of the event log, be it by heartbeats.",
        hub.is_following,
    )
    if hub.position is not None:
        yield gauge(
            "onemanage_hub_sequence",
            "Stream sequence of the last event that the gateway has seen.",
            hub.position.sequence,
        )
    if hub.silence is not None:
        yield gauge(
            "onemanage_hub_silence_seconds",
            "Time since an event or a heartbeat of the log came; one is due each second.",
            hub.silence,
        )


def hub(sources: Sources) -> Iterator[Metric]:
    """Yield what the hub has handed out, what it keeps, and what was read anew."""
    hub = sources.container.get(Hub)
    counts, ring = hub.counts, hub.ring
    yield counter(
        "onemanage_hub_events_total", "Events of the log that came live.", counts.events
    )
    yield counter(
        "onemanage_hub_attachments_total",
        "Times that the gateway began to follow the log, or had to begin again.",
        counts.attachments,
    )
    yield counter(
        "onemanage_hub_restarts_total",
        "Times that the log was found to be another, or cut.",
        counts.restarts,
    )
    yield gauge("onemanage_ring_events", "Events kept in memory.", len(ring))
    yield gauge(
        "onemanage_ring_bytes",
        "Memory that those events are taken to need.",
        ring.bytes,
    )
    yield gauge(
        "onemanage_ring_epoch", "Grows when the ring is begun anew, empty.", ring.epoch
    )
    yield counters(
        "onemanage_replays_total",
        "Subscriptions resumed from the ring; reads of the log, to resume or catch up.",
        ("source",),
        {("ring",): counts.ring_replays, ("log",): counts.log_replays},
    )
    yield counter(
        "onemanage_gaps_total",
        "Gaps that subscribers were told of: events that are lost, or not kept any more.",
        counts.gaps,
    )


def documents(_sources: Sources) -> Iterator[Metric]:
    """Yield how the cache of parsed documents does."""
    caches: dict[str, LruCache[str, Any]]
    caches = {"valid": DOCUMENTS.valid, "refused": DOCUMENTS.refused}
    yield counters(
        "onemanage_document_cache_hits_total",
        "Times that a document was in the cache: a valid one, or one to be refused.",
        ("documents",),
        {(name,): cache.hits for name, cache in caches.items()},
    )
    yield counter(
        "onemanage_document_cache_misses_total",
        "Times that a document had to be parsed and validated.",
        DOCUMENTS.refused.misses,  # the second that is asked
    )
    yield gauges(
        "onemanage_document_cache_entries",
        "Documents in the cache.",
        ("documents",),
        {(name,): len(cache) for name, cache in caches.items()},
    )
    yield gauges(
        "onemanage_document_cache_bytes",
        "Memory that those documents are taken to need.",
        ("documents",),
        {(name,): cache.bytes for name, cache in caches.items()},
    )


def backlog(found: Backlog | None) -> Iterator[Metric]:
    """Yield what waits in PostgreSQL; where that does not answer, no more than this."""
    yield gauge(
        "onemanage_database_up",
        "1 where PostgreSQL answered when it was last asked, some seconds ago at most.",
        found is not None,
    )
    if found is None:
        return
    rows, jobs = found.outbox, found.jobs
    yield gauges(
        "onemanage_outbox_rows",
        "Messages that wait to be published: due, or delayed on purpose.",
        ("stream", "state"),
        {(name.value, "due"): one.due for name, one in rows.items()}
        | {(name.value, "delayed"): one.delayed for name, one in rows.items()},
    )
    yield gauges(
        "onemanage_outbox_oldest_seconds",
        "How long the first of the due messages has been due; 0 where there is none.",
        ("stream",),
        {(name.value,): one.oldest_seconds for name, one in rows.items()},
    )
    yield gauges(
        "onemanage_jobs",
        "Jobs that have not ended: waiting for one of their owner's places, queued for "
        "a worker, or running.",
        ("state",),
        {(state,): count for state, count in jobs._asdict().items()},
    )
    yield gauge(
        "onemanage_dead_letters", "Dead letters that are stored.", found.dead_letters
    )


def event_loop(sources: Sources) -> Iterator[Metric]:
    """Yield how late the event loop is."""
    yield histogram(
        "onemanage_event_loop_lag_seconds",
        "How late the event loop called what was due; measured four times a second.",
        sources.lag.durations,
    )
