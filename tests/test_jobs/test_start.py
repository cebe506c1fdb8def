"""Starting jobs: one transaction, idempotency keys, how long an answer waits."""

import asyncio
import json
import time

import pytest
from sqlalchemy.exc import IntegrityError

from core.base import new_id
from core.errors import AppError, ErrorCode
from events.cursor import decode_cursor
from features.jobs.models import Job
from features.jobs.services import check_start
from tests.test_jobs.bench import Bench, asked


async def test_job_first_event_and_task_are_stored_together(bench: Bench) -> None:
    started = await bench.started()
    job = await bench.job(started.job.id)
    assert (job.status, job.job_seq, job.claim, job.attempt) == ("QUEUED", 1, 0, 0)
    assert started.job.model_dump() == job.model_dump()

    [event] = await bench.events(job.id)
    assert event.status == "queued"
    assert event.task_id == job.id
    assert event.job and event.job.status == "QUEUED"
    assert event.job.owner == job.owner_id

    [task] = await bench.tasks(job.id)
    assert task.subject == f"tasks.interactive.{job.id}"
    assert task.job_seq is None
    message = json.loads(task.body)
    assert message["task_id"] == job.id
    assert message["task_name"] == "tests.nothing"
    assert (message["args"], message["kwargs"]) == ([job.id], {})
    assert await bench.count("outbox") == 2


async def test_the_cursor_is_from_before_the_first_event(bench: Bench) -> None:
    started = await bench.started()
    cursor = decode_cursor(started.cursor)
    assert (cursor.job_id, cursor.job_seq) == (started.job.id, 0)
    assert cursor.position is None


async def test_what_fails_half_way_leaves_nothing(bench: Bench) -> None:
    with pytest.raises(Exception, match="owner_id"):
        await bench.start(owner_id="user_of_nobody")
    assert (await bench.count("jobs"), await bench.count("outbox")) == (0, 0)


async def test_a_hundred_calls_with_one_key_start_one_job(bench: Bench) -> None:
    answers = await asyncio.gather(
        *(bench.started(idempotency_key="once") for _ in range(100))
    )
    assert len({answer.job.id for answer in answers}) == 1
    assert len({answer.cursor for answer in answers}) == 1
    assert (await bench.count("jobs"), await bench.count("outbox")) == (1, 2)


async def test_a_key_used_with_other_input_is_a_conflict(bench: Bench) -> None:
    job = await bench.start(idempotency_key="k")
    with pytest.raises(AppError) as refusal:
        await bench.start(idempotency_key="k", input={"file_id": "file_2"})
    assert refusal.value.code is ErrorCode.CONFLICT
    assert refusal.value.field == ("input", "idempotencyKey")
    assert refusal.value.message == (
        "This idempotency key was used with other input; choose a new key."
    )
    assert await bench.count("jobs") == 1
    assert (await bench.start(idempotency_key="k")).id == job.id


async def test_simultaneous_calls_with_other_input_conflict(bench: Bench) -> None:
    answers = await asyncio.gather(
        *(
            bench.started(idempotency_key="k", input={"n": n % 2}, kind=asked().kind)
            for n in range(40)
        ),
        return_exceptions=True,
    )
    winners = [one for one in answers if not isinstance(one, BaseException)]
    refused = [one for one in answers if isinstance(one, AppError)]
    assert (len(winners), len(refused)) == (20, 20)
    assert {one.code for one in refused} == {ErrorCode.CONFLICT}
    assert len({one.job.id for one in winners}) == 1
    assert await bench.count("jobs") == 1


async def test_a_key_belongs_to_a_caller_and_a_mutation(bench: Bench) -> None:
    member = await bench.new_member()
    jobs = [
        await bench.start(idempotency_key="k"),
        await bench.start(idempotency_key="k", owner_id=member.user_id),
        await bench.start(idempotency_key="k", mutation="importData"),
        await bench.start(idempotency_key="l"),
        await bench.start(),
        await bench.start(),
    ]
    assert len({job.id for job in jobs}) == len(jobs)


async def test_a_key_answers_with_the_first_call_when_its_job_has_ended(
    bench: Bench,
) -> None:
    first = await bench.started(idempotency_key="k")
    delivery = await bench.claim(first.job.id)
    await delivery.end()
    again = await bench.started(idempotency_key="k")
    assert (again.job.id, again.cursor) == (first.job.id, first.cursor)
    assert again.job.status == "SUCCEEDED"


@pytest.mark.parametrize("key", ["", "k" * 256, "a\0b"])
def test_refuses_keys_that_cannot_be_kept(key: str) -> None:
    with pytest.raises(AppError) as refusal:
        check_start(key, 0)
    assert refusal.value.code is ErrorCode.INVALID
    assert refusal.value.field == ("input", "idempotencyKey")


@pytest.mark.parametrize("key", ["k", "钥" * 255])
async def test_takes_the_longest_key(bench: Bench, key: str) -> None:
    check_start(key, 0)
    assert (await bench.start(idempotency_key=key)).idempotency_key == key


@pytest.mark.parametrize("wait_ms", [0, 1, 2000, 10_000])
def test_takes_waits_up_to_ten_seconds(wait_ms: int) -> None:
    check_start(None, wait_ms)


@pytest.mark.parametrize("wait_ms", [-1, 10_001])
def test_refuses_other_waits(wait_ms: int) -> None:
    with pytest.raises(AppError) as refusal:
        check_start(None, wait_ms)
    assert refusal.value.code is ErrorCode.INVALID
    assert refusal.value.message == f"waitMs must be 0 to 10000; it is {wait_ms}."
    assert refusal.value.field == ("input", "waitMs")


@pytest.mark.parametrize("key", [None, "k"])
async def test_waits_no_longer_than_asked(bench: Bench, key: str | None) -> None:
    if key is not None:
        await bench.start(idempotency_key=key)
    began = time.monotonic()
    request = asked(idempotency_key=key)
    answer = await bench.jobs.start(request, 300)
    assert 0.3 <= time.monotonic() - began < 2
    assert answer.job.status == "QUEUED"


async def test_a_start_that_fails_leaves_those_beside_it_whole(bench: Bench) -> None:
    started, refused = await asyncio.gather(
        bench.start(), bench.start(owner_id=new_id("user")), return_exceptions=True
    )
    assert isinstance(refused, IntegrityError)
    assert isinstance(started, Job)
    assert started.job_seq == 1
    assert await bench.statuses(started.id) == ["queued"]
    assert len(await bench.tasks(started.id)) == 1
