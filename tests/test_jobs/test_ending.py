"""A long transaction whose last step is the job's end: all of it, or nothing."""

import asyncio

import pytest

from features.jobs.exceptions import ClaimLost, JobFailure
from features.jobs.models import DeadLetter
from features.jobs.runner import LEASE_SECONDS
from tests.test_jobs.bench import ADMINISTRATOR, Bench, changes_nothing, report

HOPELESS = JobFailure("INVALID_INPUT", "Two rows are bad.", retryable=False)


def _effect() -> DeadLetter:
    """Return a row whose table nothing else in these tests writes to."""
    return DeadLetter(reason="stored", message="by the work")


async def test_effects_and_the_end_are_one_transaction(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    async with run.ending(lambda: report(0.9)) as session:
        session.add(_effect())
        await session.flush()
        assert (await bench.job(job_id)).status == "RUNNING"
        assert await bench.dead_letters() == []
    assert run.has_ended
    job = await bench.job(job_id)
    assert job.status == "SUCCEEDED"
    last = report(0.9)
    assert (job.progress["stage"], job.progress["done"]) == (last.stage, last.done)
    assert job.progress["fraction"] == 1.0
    [letter] = await bench.dead_letters()
    assert letter.reason == "stored"
    assert await delivery.end() is None
    assert await bench.statuses(job_id) == ["queued", "started", "completed"]


async def test_reports_and_heartbeats_go_on_beside_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.jobs.runner.HEARTBEAT_SECONDS", 0.05)
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    async with run.ending(lambda: report(0.9)) as session:
        session.add(_effect())
        await session.flush()
        before = (await bench.job(job_id)).heartbeat_at
        await run.progress(report(0.5))
        await asyncio.sleep(0.3)
        after = (await bench.job(job_id)).heartbeat_at
        assert before is not None and after is not None and before < after
    await delivery.end()
    events = await bench.events(job_id)
    told = ["queued", "started", "progressed", "completed"]
    assert [event.status for event in events] == told
    assert events[2].job and events[2].job.progress.fraction == 0.5


@pytest.mark.parametrize("loss", ["cancelled", "taken over"])
async def test_a_lost_claim_leaves_nothing_of_it(bench: Bench, loss: str) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    with pytest.raises(ClaimLost):
        async with run.ending(lambda: report(0.9)) as session:
            session.add(_effect())
            await session.flush()
            if loss == "cancelled":
                await bench.jobs.cancel(ADMINISTRATOR, job_id)
            else:
                await bench.silence(job_id, LEASE_SECONDS + 1)
                other = await bench.claim(job_id)
    assert not run.has_ended
    assert await bench.dead_letters() == []
    await delivery.forget()
    if loss == "taken over":
        await other.end()
    status = "CANCELED" if loss == "cancelled" else "SUCCEEDED"
    assert (await bench.job(job_id)).status == status


async def test_a_failure_within_leaves_nothing_of_it(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    async with changes_nothing(bench, job_id):
        with pytest.raises(JobFailure):
            async with run.ending(lambda: report(0.9)) as session:
                session.add(_effect())
                await session.flush()
                raise HOPELESS
    await delivery.end(HOPELESS)
    assert await bench.statuses(job_id) == ["queued", "started", "failed"]
    assert await bench.dead_letters() == []
