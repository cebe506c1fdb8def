"""Cancelling jobs and running them again."""

import asyncio
from typing import Any

import pytest

from core.errors import AppError, ErrorCode
from events.cursor import decode_cursor
from features.jobs.exceptions import JobFailure
from features.jobs.runner import LEASE_SECONDS
from tests.test_jobs.bench import ADMINISTRATOR, Bench, changes_nothing, report

HOPELESS = JobFailure("CORRUPT_FILE", "This file is cut short.", retryable=False)


async def end(bench: Bench, job_id: str, status: str) -> None:
    """Bring a QUEUED job to an end."""
    if status == "CANCELED":
        await bench.jobs.cancel(ADMINISTRATOR, job_id)
    else:
        failure = HOPELESS if status == "FAILED" else None
        await (await bench.claim(job_id)).end(failure)
    assert (await bench.job(job_id)).status == status


async def test_a_queued_job_that_is_cancelled_never_starts(bench: Bench) -> None:
    job_id = (await bench.start()).id
    canceled = await bench.jobs.cancel(ADMINISTRATOR, job_id)
    assert (canceled.job.status, canceled.job.claim) == ("CANCELED", 1)
    async with changes_nothing(bench, job_id):
        assert await bench.deliver(job_id).refused() is None
    assert await bench.statuses(job_id) == ["queued", "canceled"]


async def test_a_running_job_is_canceled_at_once(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await (await delivery.begun()).progress(report(0.4))
    canceled = await bench.jobs.cancel(ADMINISTRATOR, job_id)
    assert canceled.job.status == "CANCELED"
    assert canceled.job.finished_at is not None
    events = await bench.events(job_id)
    assert [one.status for one in events[2:]] == ["progressed", "canceled"]
    assert events[-1].job and events[-1].job.progress.fraction == 0.4
    async with changes_nothing(bench, job_id):
        async with asyncio.timeout(5):
            assert await delivery.task is None


async def test_a_job_between_attempts_can_be_cancelled(bench: Bench) -> None:
    job_id = (await bench.start()).id
    error = JobFailure("EXTERNAL_SERVICE", "Again.", retryable=True)
    await (await bench.claim(job_id)).end(error)
    await bench.jobs.cancel(ADMINISTRATOR, job_id)
    await bench.pass_time(job_id)
    async with changes_nothing(bench, job_id):
        assert await bench.deliver(job_id).refused() is None
    assert (await bench.statuses(job_id))[-2:] == ["retrying", "canceled"]


async def test_cancels_cursor_is_from_just_before_it(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    cursor = decode_cursor((await bench.jobs.cancel(ADMINISTRATOR, job_id)).cursor)
    assert (cursor.job_id, cursor.job_seq) == (job_id, 2)
    await delivery.forget()


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "CANCELED"])
async def test_an_ended_job_cannot_be_cancelled(bench: Bench, status: str) -> None:
    job_id = (await bench.start()).id
    await end(bench, job_id, status)
    async with changes_nothing(bench, job_id):
        with pytest.raises(AppError) as refusal:
            await bench.jobs.cancel(ADMINISTRATOR, job_id)
    assert refusal.value.code is ErrorCode.CONFLICT
    assert refusal.value.message == f"This job has ended already: it is {status}."
    assert refusal.value.field == ("id",)


@pytest.mark.parametrize("delay", [0, 1, 2, 3, 4, 6, 8, 12])
async def test_of_cancel_and_success_one_wins(bench: Bench, delay: int) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)

    async def cancel() -> Any:
        await asyncio.sleep(delay / 1000)
        try:
            return await bench.jobs.cancel(ADMINISTRATOR, job_id)
        except AppError as error:
            return error.code

    answer, settlement = await asyncio.gather(cancel(), delivery.end())
    job = await bench.job(job_id)
    statuses = await bench.statuses(job_id)
    assert settlement is None
    if answer is ErrorCode.CONFLICT:
        assert (job.status, statuses[2:]) == ("SUCCEEDED", ["completed"])
    else:
        assert (job.status, statuses[2:]) == ("CANCELED", ["canceled"])


async def test_many_cancels_at_once_make_one_event(bench: Bench) -> None:
    job_id = (await bench.start()).id
    answers = await asyncio.gather(
        *(bench.jobs.cancel(ADMINISTRATOR, job_id) for _ in range(20)),
        return_exceptions=True,
    )
    refused = [one for one in answers if isinstance(one, AppError)]
    assert len(refused) == 19
    assert {one.code for one in refused} == {ErrorCode.CONFLICT}
    assert await bench.statuses(job_id) == ["queued", "canceled"]


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
async def test_a_retry_is_a_new_job_with_the_same_input(
    bench: Bench, status: str
) -> None:
    member = await bench.new_member()
    old = await bench.start(owner_id=member.user_id, idempotency_key="k")
    await end(bench, old.id, status)
    before = (await bench.job(old.id)).model_dump()
    started = await bench.jobs.retry(member, old.id)
    assert (await bench.job(old.id)).model_dump() == before
    new = await bench.job(started.job.id)
    assert started.job.model_dump() == new.model_dump()
    assert (new.kind, new.task_name, new.input) == (old.kind, old.task_name, old.input)
    assert (new.owner_id, new.retry_of) == (member.user_id, old.id)
    assert (new.status, new.attempt, new.claim, new.job_seq) == ("QUEUED", 0, 0, 1)
    assert new.idempotency_key is None
    cursor = decode_cursor(started.cursor)
    assert (cursor.job_id, cursor.job_seq) == (new.id, 0)
    await (await bench.claim(new.id)).end()
    assert (await bench.job(new.id)).status == "SUCCEEDED"
    assert await bench.jobs.retries_of([old.id]) == {old.id: await bench.job(new.id)}


async def test_a_second_retry_answers_with_the_same_job(bench: Bench) -> None:
    old = await bench.start()
    await end(bench, old.id, "FAILED")
    first = await bench.jobs.retry(ADMINISTRATOR, old.id)
    async with changes_nothing(bench, first.job.id):
        second = await bench.jobs.retry(ADMINISTRATOR, old.id)
    assert (second.job.id, second.cursor) == (first.job.id, first.cursor)


async def test_fifty_retries_at_once_start_one_job(bench: Bench) -> None:
    old = await bench.start()
    await end(bench, old.id, "FAILED")
    answers = await asyncio.gather(
        *(bench.jobs.retry(ADMINISTRATOR, old.id) for _ in range(50))
    )
    assert len({(answer.job.id, answer.cursor) for answer in answers}) == 1
    assert await bench.count("jobs") == 2
    assert await bench.statuses(answers[0].job.id) == ["queued"]


async def test_retries_of_retries_form_a_chain(bench: Bench) -> None:
    chain = [(await bench.start()).id]
    for _ in range(3):
        await end(bench, chain[-1], "FAILED")
        chain.append((await bench.jobs.retry(ADMINISTRATOR, chain[-1])).job.id)
    assert len(set(chain)) == 4
    rows = await bench.jobs.by_ids(chain)
    assert [rows[job_id].retry_of for job_id in chain] == [None, *chain[:-1]]
    later = await bench.jobs.retries_of(chain)
    assert {former: job.id for former, job in later.items()} == dict(
        zip(chain, chain[1:])
    )


@pytest.mark.parametrize("status", ["QUEUED", "RUNNING", "SUCCEEDED"])
async def test_only_what_failed_or_was_canceled_is_retried(
    bench: Bench, status: str
) -> None:
    job_id = (await bench.start()).id
    delivery = None
    if status == "RUNNING":
        delivery = await bench.claim(job_id)
    elif status == "SUCCEEDED":
        await end(bench, job_id, status)
    with pytest.raises(AppError) as refusal:
        await bench.jobs.retry(ADMINISTRATOR, job_id)
    assert refusal.value.code is ErrorCode.CONFLICT
    assert refusal.value.message == (
        f"Only a job that FAILED or was CANCELED can be retried; this one is {status}."
    )
    assert await bench.count("jobs") == 1
    if delivery is not None:
        await delivery.end()


@pytest.mark.parametrize("steer", ["cancel", "retry"])
async def test_what_a_caller_may_not_see_is_not_there(bench: Bench, steer: str) -> None:
    stranger = await bench.new_member()
    job_id = (await bench.start()).id
    for unseen in (job_id, "job_0198f0a1b2c37d4e8f00112233445566", "\0", ""):
        with pytest.raises(AppError) as refusal:
            await getattr(bench.jobs, steer)(stranger, unseen)
        assert refusal.value.code is ErrorCode.NOT_FOUND
        assert refusal.value.message == "There is no such job."
    assert (await bench.job(job_id)).status == "QUEUED"


async def test_a_cancel_and_a_takeover_at_once_agree(bench: Bench) -> None:
    for _ in range(5):
        job_id = (await bench.start()).id
        old = await bench.claim(job_id)
        await bench.silence(job_id, LEASE_SECONDS + 1)
        new = bench.deliver(job_id)
        await bench.jobs.cancel(ADMINISTRATOR, job_id)
        await asyncio.wait({new.task}, timeout=0.2)
        assert (await bench.statuses(job_id))[-1] == "canceled"
        assert (await bench.statuses(job_id)).count("canceled") == 1
        await new.forget()
        await old.forget()
