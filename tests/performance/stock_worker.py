"""Stock TaskIQ on JetStream, as its documentation has it: what ours is held against."""

import os
from pathlib import Path

from taskiq_nats import NATSObjectStoreResultBackend, PullBasedJetStreamBroker

SERVERS = [os.environ.get("STOCK_NATS_URL", "nats://127.0.0.1:4222")]
DONE = Path(os.environ.get("STOCK_DONE_FILE", os.devnull))

broker = PullBasedJetStreamBroker(
    SERVERS, queue="stock", stream_name="stock", subject="stock", durable="stock"
)
if os.environ.get("STOCK_RESULTS"):
    broker = broker.with_result_backend(NATSObjectStoreResultBackend(SERVERS))


@broker.task(task_name="nothing")
async def nothing() -> None:
    """Note that it has run, a byte each time."""
    descriptor = os.open(DONE, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(descriptor, b".")
    os.close(descriptor)
