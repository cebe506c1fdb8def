"""The broker on a real NATS server: leases, settlements, dead letters, shutdown."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import pytest

from core import broker as module
from core import pulling
from core.base import new_id
from core.broker import Redeliver, Settlement, Unroutable
from core.task_queue import (
    TASK_STREAM,
    TaskPriority,
    queued_ids,
    task_message,
    task_subject,
)
from events.streams import ensure_streams
from tests.test_core.work_queue import TASK, Queue, Recorder, wait_until
from tests.test_events.conftest import connected
from workers.embedded.nats import NatsServer

ACK_WAIT = 1.2


@pytest.fixture
async def queue(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Queue]:
    """Give an empty work queue, its waits shortened."""
    monkeypatch.setattr(pulling, "ACK_WAIT_SECONDS", ACK_WAIT)
    monkeypatch.setattr(module, "REDELIVER_SECONDS", 0.1)
    monkeypatch.setattr(pulling, "PULL_SECONDS", 1.0)
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", 0.0)
    client = await nats.connect(nats_url)
    jetstream = await ensure_streams(client, 1)
    await jetstream.delete_stream(TASK_STREAM)
    await ensure_streams(client, 1)
    yield Queue(nats_url, client, jetstream)
    await jetstream.delete_stream(TASK_STREAM)
    await ensure_streams(client, 1)
    await client.close()


async def test_each_job_runs_once_and_leaves_nothing(queue: Queue) -> None:
    recorder = Recorder()
    async with queue.worker(recorder.task), queue.worker(recorder.task):
        jobs = [await queue.put_job() for _ in range(200)]
        await queue.empties()
    assert sorted(recorder.runs) == sorted(jobs)
    assert queue.buried == []


async def test_the_queue_tells_whose_tasks_it_holds(queue: Queue) -> None:
    assert await queued_ids(queue.client) == frozenset()
    jobs = {await queue.put_job() for _ in range(3)}
    assert await queued_ids(queue.client) == jobs
    async with queue.worker(Recorder().task):
        await queue.empties()
    assert await queued_ids(queue.client) == frozenset()


async def test_who_waits_goes_before_a_pile(queue: Queue) -> None:
    pile = [await queue.put_job(TaskPriority.BULK) for _ in range(12)]
    hasty: list[str] = []

    async def one_more_comes(number: int) -> None:
        if number in (4, 8):
            hasty.append(await queue.put_job())

    recorder = Recorder(one_more_comes)
    first = [await queue.put_job() for _ in range(3)]
    async with queue.worker(recorder.task, at_once=1):
        await queue.empties()
    assert recorder.runs == [
        *(*first, pile[0], hasty[0], *pile[1:4], hasty[1], *pile[4:])
    ]


async def test_who_comes_while_a_pile_is_worked_on_is_next(queue: Queue) -> None:
    hasty: list[str] = []

    async def one_comes_later(number: int) -> None:
        if number == 5:
            hasty.append(await queue.put_job())
        await asyncio.sleep(0.05)

    recorder = Recorder(one_comes_later)
    async with queue.worker(recorder.task, at_once=2):
        await asyncio.sleep(0.3)  # until it waits for both priorities
        pile = [await queue.put_job(TaskPriority.BULK) for _ in range(30)]
        await queue.empties()
    assert sorted(recorder.runs) == sorted(pile + hasty)
    assert recorder.runs.index(hasty[0]) <= 8


async def test_a_worker_takes_no_more_than_it_has_room_for(queue: Queue) -> None:
    enough = asyncio.Event()

    async def stay(_number: int) -> None:
        await enough.wait()

    busy, free = Recorder(stay), Recorder()
    async with queue.worker(busy.task, at_once=2):
        await asyncio.sleep(0.3)  # until it waits for both priorities
        for priority in TaskPriority:
            for _ in range(3):
                await queue.put_job(priority)
        await busy.has_run(2)
        async with queue.worker(free.task, at_once=1):
            await free.has_run(4)
        assert (len(busy.runs), len(free.runs)) == (2, 4)
        enough.set()
        await queue.empties()


async def test_a_task_that_outlasts_its_lease_runs_once(queue: Queue) -> None:
    async def long(_number: int) -> None:
        await asyncio.sleep(3 * ACK_WAIT)

    recorder = Recorder(long)
    async with queue.worker(recorder.task), queue.worker(recorder.task):
        job_id = await queue.put_job()
        await queue.empties()
    assert recorder.runs == [job_id]


async def test_a_task_that_cannot_run_now_comes_again_later(queue: Queue) -> None:
    async def busy_twice(number: int) -> Settlement:
        return Redeliver(0.4) if number < 3 else None

    recorder = Recorder(busy_twice)
    async with queue.worker(recorder.task):
        job_id = await queue.put_job()
        await queue.empties()
    assert recorder.runs == [job_id] * 3
    waits = [
        later - former for former, later in zip(recorder.times, recorder.times[1:])
    ]
    assert all(0.4 <= wait < 2 for wait in waits), waits


async def test_a_task_that_raises_comes_again_for_as_long_as_it_does(
    queue: Queue,
) -> None:
    async def fail_six_times(number: int) -> None:
        if number <= 6:
            raise ConnectionError("the database is away")

    recorder = Recorder(fail_six_times)
    async with queue.worker(recorder.task):
        await queue.put_job()
        await queue.empties()
    assert len(recorder.runs) == 7
    assert queue.buried == []


JOB = new_id("job")
NOT_UNDERSTOOD = "No worker understands this message."


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x00\xff\xfe not JSON",
        b"[]",
        b"{}",
        b'{"task_id": "job_1"}',
        task_message("tests.unknown", JOB),
        task_message(TASK, JOB).replace(f'["{JOB}"]'.encode(), b"[]"),
        task_message(TASK, JOB).replace(f'["{JOB}"]'.encode(), b'["job_2"]'),
        task_message(TASK, JOB).replace(b'"kwargs":{}', b'"kwargs":{"x":1}'),
        task_message(TASK, JOB).replace(b'"labels":{}', b'"labels":{"ack_type":"x"}'),
    ],
    ids=[
        "empty",
        "bytes",
        "list",
        "object",
        "no-task",
        "unknown",
        "no-argument",
        "other-job",
        "keyword",
        "label",
    ],
)
async def test_what_nobody_understands_is_buried(queue: Queue, message: bytes) -> None:
    recorder = Recorder()
    async with queue.worker(recorder.task):
        await queue.put(message, JOB)
        job_id = await queue.put_job()
        await queue.empties()
    assert queue.buried == [(message, NOT_UNDERSTOOD)]
    assert recorder.runs == [job_id]


async def test_another_worker_may_know_the_task(queue: Queue) -> None:
    recorder = Recorder()
    async with queue.worker(Recorder().task) as older:
        await queue.put(task_message("tests.newer", JOB), JOB)
        await queue.has_delivered(1)
        await wait_until(lambda: not older.leases)
    async with queue.worker(recorder.task) as newer:
        newer.register_task(recorder.task, task_name="tests.newer")
        await queue.empties()
    assert recorder.runs == [JOB]
    assert queue.buried == []


async def test_what_a_task_finds_unroutable_is_buried_after_four_runs(
    queue: Queue,
) -> None:
    async def unroutable(_number: int) -> Settlement:
        return Unroutable("No such job.")

    recorder = Recorder(unroutable)
    async with queue.worker(recorder.task):
        job_id = await queue.put_job()
        await queue.empties()
    assert recorder.runs == [job_id] * 4
    assert queue.buried == [(task_message(TASK, job_id), "No such job.")]


async def test_a_message_waits_some_time_for_a_worker_that_knows_it(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "UNKNOWN_SECONDS", 2.0)
    began = time.monotonic()
    async with queue.worker(Recorder().task):
        await queue.put(b"garbled", JOB)
        await queue.has_delivered(8)
        assert queue.buried == []
        await queue.empties()
    assert 2 <= time.monotonic() - began < 6
    assert queue.buried == [(b"garbled", NOT_UNDERSTOOD)]


async def test_more_tasks_than_the_server_tells_of_at_once(queue: Queue) -> None:
    for number in range(100_050):
        await queue.client.publish(
            task_subject(TaskPriority.BULK, f"job-{number}"), b""
        )
    await queue.client.flush(60)
    async with asyncio.timeout(60):
        while await queue.size() < 100_050:
            await asyncio.sleep(0.1)
    assert await queued_ids(queue.client) == {f"job-{n}" for n in range(100_050)}


async def test_a_burial_that_fails_is_tried_again(queue: Queue) -> None:
    tries: list[bytes] = []

    async def bury(message: bytes, _reason: str) -> None:
        tries.append(message)
        if len(tries) < 3:
            raise ConnectionError("the database is away")

    async with queue.worker(Recorder().task) as worker:
        worker.bury = bury
        await queue.put(b"garbled", JOB)
        await queue.empties()
        assert worker.leases == set()
    assert tries == [b"garbled"] * 3


async def test_shutting_down_gives_tasks_to_others_at_once(queue: Queue) -> None:
    async def stay(number: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.3 if number == 3 else 0)

    first, second = Recorder(stay), Recorder()
    async with queue.worker(first.task, at_once=4):
        jobs = [await queue.put_job() for _ in range(3)]
        await first.has_run(3)
        await asyncio.sleep(0.1)  # until the worker asks for a fourth
    left = time.monotonic()
    async with queue.worker(second.task):
        await queue.empties()
    assert time.monotonic() - left < ACK_WAIT / 2
    assert first.runs == jobs
    assert sorted(second.runs) == sorted(jobs)


async def test_a_worker_waits_for_a_stream_that_is_not_there_yet(queue: Queue) -> None:
    await queue.jetstream.delete_stream(TASK_STREAM)
    recorder = Recorder()
    async with queue.worker(recorder.task):
        await asyncio.sleep(0.3)
        await ensure_streams(queue.client, 1)
        job_id = await queue.put_job()
        await recorder.has_run(1)
        await queue.empties()
    assert recorder.runs == [job_id]


async def test_a_stream_made_anew_is_found_again(queue: Queue) -> None:
    recorder = Recorder()
    async with queue.worker(recorder.task):
        first = await queue.put_job()
        await queue.empties()
        await queue.jetstream.delete_stream(TASK_STREAM)
        await ensure_streams(queue.client, 1)
        second = await queue.put_job()
        await recorder.has_run(2)
        await queue.empties()
    assert recorder.runs == [first, second]


async def test_a_consumer_that_is_deleted_is_made_again(queue: Queue) -> None:
    recorder = Recorder()
    async with queue.worker(recorder.task):
        await asyncio.sleep(0.2)
        for priority in TaskPriority:
            await queue.jetstream.delete_consumer(TASK_STREAM, priority.consumer)
        job_id = await queue.put_job()
        await recorder.has_run(1)
        await queue.empties()
    assert recorder.runs == [job_id]


async def test_nothing_is_enqueued_but_through_the_outbox(queue: Queue) -> None:
    async with queue.worker(Recorder().task) as worker:
        task = worker.find_task(TASK)
        assert task is not None
        with pytest.raises(Exception) as refusal:
            await task.kiq(JOB)
    assert str(refusal.value.__cause__) == (
        "start a job instead; its outbox row becomes the task"
    )
    assert await queue.size() == 0


def test_a_message_is_taskiqs_own() -> None:
    assert json.loads(task_message(TASK, JOB)) == {
        "task_id": JOB,
        "task_name": TASK,
        "labels": {},
        "labels_types": {},
        "args": [JOB],
        "kwargs": {},
    }


async def test_an_idle_worker_notices_soon_that_nats_was_killed(
    queue: Queue, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pulling, "PULL_SECONDS", 30.0)
    server = NatsServer(tmp_path)
    server.start()
    async with connected(server.url) as client:
        own = Queue(server.url, client, await ensure_streams(client, 1))
        recorder = Recorder()
        async with own.worker(recorder.task):
            await own.put_job()
            await recorder.has_run(1)
            await asyncio.sleep(0.3)  # until it waits for both priorities
            assert server.child is not None
            server.child.kill()
            server.child.wait()  # its port is free then, and kept
            server.start()
            await wait_until(lambda: client.stats["reconnects"] > 0)
            await own.put_job()
            async with asyncio.timeout(15):
                await recorder.has_run(2)
            await own.empties()
    server.stop()
