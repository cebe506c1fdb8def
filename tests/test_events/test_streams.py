"""The streams themselves: what they take, and what they refuse."""

from collections.abc import AsyncIterator

import nats
import pytest
from nats.aio.client import Client
from nats.js.errors import NoStreamResponseError

from core.task_queue import TaskPriority, task_subject
from events.streams import ensure_streams, stream_configs
from events.subjects import TASKS


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    """Connect to the server; leave the work queue as it was, and empty."""
    client = await nats.connect(nats_url)
    jetstream = await ensure_streams(client, 1)
    yield client
    await jetstream.purge_stream(TASKS)
    await client.close()


@pytest.mark.parametrize(
    "subject",
    ["tasks", "tasks.bulk", "tasks.bulk.a.b", "tasks.other.x", "tasks.x"],
)
async def test_what_no_worker_would_see_is_refused(
    client: Client, subject: str
) -> None:
    jetstream = client.jetstream()
    with pytest.raises(NoStreamResponseError):
        await jetstream.publish(subject, b"for nobody")
    await client.publish(subject, b"for nobody")
    for priority in TaskPriority:
        await jetstream.publish(task_subject(priority, "x"), b"for a worker")
    state = (await jetstream.stream_info(TASKS)).state
    assert state.messages == len(TaskPriority)


async def test_a_stream_that_took_more_is_narrowed(client: Client) -> None:
    jetstream = client.jetstream()
    tasks, _ = stream_configs(1)
    await jetstream.update_stream(config=tasks.evolve(subjects=["tasks.>"]))
    await jetstream.publish("tasks.other.x", b"for nobody")
    await ensure_streams(client, 1)
    with pytest.raises(NoStreamResponseError):
        await jetstream.publish("tasks.other.x", b"for nobody")
