"""Claims: the fence, takeovers, and handing back."""

import asyncio

import pytest

from core.broker import Redeliver
from events.schemas import JobErrorBody
from events.subjects import LAYERS_EXPORTED
from features.jobs import crud
from features.jobs.exceptions import ClaimLost, JobFailure
from features.jobs.run import JobRun
from features.jobs.runner import LEASE_SECONDS
from tests.test_jobs.bench import (
    ADMINISTRATOR,
    Bench,
    changes_nothing,
    no_effects,
    report,
)

RETRYABLE = JobFailure("EXTERNAL_SERVICE", "Try again.", retryable=True)


async def write_all(run: JobRun) -> None:
    """Try every write of a run, each of which must be refused."""
    run._reported = 0.0  # so that the report is due
    with pytest.raises(ClaimLost):
        await run.progress(report(0.9))
    with pytest.raises(ClaimLost):
        await run.record(LAYERS_EXPORTED, no_effects, report(0.9), layer_ids=[])
    with pytest.raises(ClaimLost):
        await run.store(no_effects, result_type="PsdDocument", result_id="psd_2")
    with pytest.raises(ClaimLost):
        await run.succeed()


async def test_a_worker_that_lost_its_claim_writes_nothing(bench: Bench) -> None:
    job_id = (await bench.start()).id
    old = await bench.claim(job_id)
    await bench.silence(job_id, LEASE_SECONDS + 1)
    new = await bench.claim(job_id)
    assert (await new.begun()).prefix == f"jobs/{job_id}/2/"
    async with changes_nothing(bench, job_id):
        await write_all(await old.begun())
        assert await old.end(RETRYABLE) == Redeliver(LEASE_SECONDS)
    await new.end()
    assert await bench.statuses(job_id) == [
        "queued",
        "started",
        "retrying",
        "started",
        "completed",
    ]


@pytest.mark.parametrize("ending", ["fail", "return", "shut down"])
async def test_the_message_of_an_ended_job_is_done_with(
    bench: Bench, ending: str
) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await bench.jobs.cancel(ADMINISTRATOR, job_id)
    async with changes_nothing(bench, job_id):
        await write_all(await delivery.begun())
        if ending == "fail":
            settlement = await delivery.end(RETRYABLE)
        elif ending == "return":
            settlement = await delivery.end()
        else:
            settlement = await delivery.interrupt()
    assert settlement is None


async def test_heartbeats_tell_that_the_claim_is_lost(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.jobs.runner.HEARTBEAT_SECONDS", 0.05)
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await bench.silence(job_id, 5)
    await asyncio.sleep(0.3)
    now = (await bench.job(job_id)).heartbeat_at
    assert now is not None
    assert (await bench.clock() - now).total_seconds() < 0.3
    await bench.execute("update jobs set claim = claim + 1 where id = :id", id=job_id)
    async with asyncio.timeout(2):
        assert await delivery.task == Redeliver(LEASE_SECONDS)


async def test_a_live_worker_is_left_alone(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await bench.silence(job_id, 4)
    async with changes_nothing(bench, job_id):
        busy = await bench.deliver(job_id).refused()
    assert isinstance(busy, Redeliver)
    assert 6 < busy.seconds <= 7
    await delivery.end()


async def test_a_takeover_raises_the_claim_and_uses_up_an_attempt(
    bench: Bench,
) -> None:
    job_id = (await bench.start()).id
    old = await bench.claim(job_id)
    await bench.silence(job_id, LEASE_SECONDS + 1)
    new = await bench.claim(job_id)
    job = await bench.job(job_id)
    assert (job.status, job.claim, job.attempt) == ("RUNNING", 2, 2)
    retrying = (await bench.events(job_id))[2]
    assert retrying.error == JobErrorBody(
        "WORKER_LOST",
        "The worker that ran this job died.",
        True,
    )
    assert len(await bench.tasks(job_id)) == 1
    await new.end()
    await old.forget()


async def test_the_fourth_death_of_a_worker_is_the_last(bench: Bench) -> None:
    job_id = (await bench.start()).id
    deliveries = []
    for _ in range(4):
        deliveries.append(await bench.claim(job_id))
        await bench.silence(job_id, LEASE_SECONDS + 1)
    assert await bench.deliver(job_id).refused() is None
    job = await bench.job(job_id)
    assert (job.status, job.claim, job.attempt) == ("FAILED", 4, 4)
    assert job.error and job.error["code"] == "WORKER_LOST"
    assert await bench.statuses(job_id) == (
        ["queued", "started"] + ["retrying", "started"] * 3 + ["failed"]
    )
    assert await bench.deliver(job_id).refused() is None
    [letter] = await bench.dead_letters()
    assert letter.job_id == job_id
    for delivery in deliveries:
        await delivery.forget()


async def test_handing_back_uses_up_no_attempt(bench: Bench) -> None:
    job_id = (await bench.start()).id
    for claim in range(1, 7):
        delivery = await bench.claim(job_id)
        run = await delivery.begun()
        assert (run.job.attempt, run.job.claim) == (1, claim)
        assert await delivery.interrupt() is None
        job = await bench.job(job_id)
        assert (job.status, job.attempt, job.run_after) == ("QUEUED", 1, None)
        assert len(await bench.tasks(job_id)) == 1 + claim
    assert await bench.statuses(job_id) == ["queued"] + ["started"] * 6


async def test_a_job_handed_back_reports_no_lower_fraction(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await (await delivery.begun()).progress(report(0.6))
    await delivery.interrupt()
    assert (await bench.job(job_id)).progress["fraction"] == 0.6

    again = await bench.claim(job_id)
    run = await again.begun()
    assert run.job.progress["fraction"] == 0.6
    await run.progress(report(0.1))
    await run.record(LAYERS_EXPORTED, no_effects, report(0.2), layer_ids=[])
    await again.end(RETRYABLE)
    await bench.pass_time(job_id)
    third = await bench.claim(job_id)
    await (await third.begun()).progress(report(0.1))
    await third.end()
    fractions = [e.job.progress.fraction for e in await bench.events(job_id) if e.job]
    assert fractions == [0, 0, 0.6, 0.6, 0.6, 0.6, 0.6, 0, 0.1, 1]


async def test_a_shutdown_while_claiming_hands_the_job_back(bench: Bench) -> None:
    job_id = (await bench.start()).id
    for delay in range(12):
        delivery = bench.deliver(job_id)
        await asyncio.sleep(delay * 0.001)
        try:
            assert await delivery.interrupt() is None
        except asyncio.CancelledError:
            pass  # before the first step
        job = await bench.job(job_id)
        assert (job.status, job.attempt <= 1) == ("QUEUED", True)
    assert len(await bench.tasks(job_id)) == 1 + (await bench.job(job_id)).claim


async def test_a_shutdown_while_a_failure_is_written_lets_it_be_written(
    bench: Bench,
) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    async with bench.database.transaction() as session:
        await crud.locked(session, job_id)
        ending = asyncio.create_task(delivery.end(RETRYABLE))
        while not await bench.is_waited_for():
            await asyncio.sleep(0.01)
        delivery.task.cancel()
        await asyncio.sleep(0)
    assert await ending is None
    job = await bench.job(job_id)
    assert (job.status, job.attempt, job.handed_back) == ("QUEUED", 1, False)
    assert await bench.statuses(job_id) == ["queued", "started", "retrying"]


async def test_a_job_is_claimed_by_one_of_many(bench: Bench) -> None:
    job_id = (await bench.start()).id
    deliveries = [bench.deliver(job_id) for _ in range(20)]
    while sum(delivery.task.done() for delivery in deliveries) < 19:
        await asyncio.sleep(0.01)
    running = [delivery for delivery in deliveries if delivery.run is not None]
    assert len(running) == 1
    await running[0].end()
    settlements = [await delivery.task for delivery in deliveries]
    assert sum(isinstance(one, Redeliver) for one in settlements) == 19
    assert await bench.statuses(job_id) == ["queued", "started", "completed"]
