"""The two streams: TASKS, a work queue, and EVENTS, kept for seven days."""

from typing import Final

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, BadRequestError

from core.errors import AppError, ErrorCode
from core.task_queue import TaskPriority
from events.subjects import ALL_EVENTS, EVENTS, TASKS

EVENTS_MAX_AGE_SECONDS: Final = 7 * 86400
DUPLICATE_WINDOW_SECONDS: Final = 120
_NAME_IN_USE: Final = 10058
# No suitable peers for placement; replicas on a server that is in no cluster.
_TOO_FEW_SERVERS: Final = frozenset({10005, 10074})


def stream_configs(replicas: int) -> tuple[StreamConfig, StreamConfig]:
    """Return the settings of TASKS and EVENTS.

    TASKS takes what workers read and nothing else: a message that none of them would
    ever see is refused when it is published.
    """
    tasks = StreamConfig(
        name=TASKS,
        subjects=[priority.filter for priority in TaskPriority],
        retention=RetentionPolicy.WORK_QUEUE,
        storage=StorageType.FILE,
        num_replicas=replicas,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
    )
    events = StreamConfig(
        name=EVENTS,
        subjects=[ALL_EVENTS],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=EVENTS_MAX_AGE_SECONDS,
        duplicate_window=DUPLICATE_WINDOW_SECONDS,
        allow_direct=True,
    )
    return tasks, events


async def ensure_streams(client: Client, replicas: int) -> JetStreamContext:
    """Make the streams, or bring existing ones up to date; every process may call it.

    AppError where NATS has too few servers for so many replicas: streams that exist
    stay as they are. nats errors while it cannot answer.
    """
    jetstream = client.jetstream(timeout=5)
    for config in stream_configs(replicas):
        try:
            await _ensure(jetstream, config)
        except APIError as error:
            if error.err_code not in _TOO_FEW_SERVERS:
                raise
            raise AppError(
                ErrorCode.INVALID,
                f"NATS has too few servers for ONEMANAGE_NATS_REPLICAS={replicas}: "
                f"start more, or lower it ({config.name}: {error.description})",
            ) from error
    return jetstream


async def _ensure(jetstream: JetStreamContext, config: StreamConfig) -> None:
    try:
        await jetstream.add_stream(config=config)
    except BadRequestError as error:
        if error.err_code != _NAME_IN_USE:
            raise
        await jetstream.update_stream(config=config)
