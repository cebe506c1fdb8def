"""The relay on servers that are not what its settings ask for."""

import json
from pathlib import Path

from nats.aio.msg import Msg

from core.database_async import Database
from tests.test_events.bodies import Rows
from tests.test_events.conftest import connected, fresh_streams
from tests.test_events.outboxes import history, numbers, store, waiting
from tests.test_jobs.plant import Plant, until


async def test_too_few_servers_for_the_replicas_are_told_once_and_stop_nothing(
    nats_url: str, migrated_url: str, database: Database, tmp_path: Path
) -> None:
    plant = Plant(tmp_path, migrated_url, nats_url, NATS_REPLICAS="3")
    events = history(Rows(), 5)
    tries: list[str] = []

    async def count(message: Msg) -> None:
        tries.append(message.subject)

    async def is_done() -> bool:
        return len(tries) >= 3 and await waiting(database) == 0

    async with connected(nats_url) as client:
        await fresh_streams(client)
        await client.subscribe("$JS.API.STREAM.CREATE.TASKS", cb=count)
        await client.flush()
        with plant.program("-m", "workers.relay"):
            await store(database, *events)
            await until(is_done)
        assert await numbers(client) == {events[0].job_id: [1, 2, 3, 4, 5]}
    lines = [json.loads(line) for line in plant.log.read_text().splitlines()]
    assert [line["message"] for line in lines if line["level"] == "WARNING"] == [
        "the streams are not as they should be: NATS has too few servers for "
        "ONEMANAGE_NATS_REPLICAS=3: start more, or lower it (TASKS: replicas > 1 not "
        "supported in non-clustered mode)"
    ]
