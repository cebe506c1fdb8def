"""Changes that share a transaction: none suffers from another, or from who is frozen."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError

from core import database_async
from core.database_async import Database
from features.jobs import crud, transitions
from features.jobs.changes import JobChanges
from features.jobs.exceptions import Refused
from features.jobs.models import Job
from features.jobs.transaction import JobTransaction
from tests.test_jobs.bench import ADMINISTRATOR, Bench, asked


def finish(at: JobTransaction, job: Job | None) -> str:
    """Change a job in a way that can be seen."""
    assert job is not None
    job.progress = {**job.progress, "stage": "changed"}
    return job.id


def refuse(at: JobTransaction, job: Job | None) -> str:
    """Refuse before anything is changed."""
    raise Refused("not this one")


def break_down(at: JobTransaction, job: Job | None) -> str:
    """Fail in the middle of a change."""
    assert job is not None
    job.progress = {**job.progress, "stage": "half"}
    raise ZeroDivisionError


async def _stages(bench: Bench, jobs: list[str]) -> list[str]:
    return [(await bench.job(job_id)).progress["stage"] for job_id in jobs]


async def test_each_of_a_group_is_answered_for_itself(bench: Bench) -> None:
    changes = bench.container.get(JobChanges)
    jobs = [(await bench.start()).id for _ in range(4)]
    answers = await asyncio.gather(
        changes.apply(jobs[0], finish),
        changes.apply(jobs[1], refuse),
        changes.apply("job_0198f0a1b2c37d4e8f00112233445566", lambda at, job: job),
        changes.apply(jobs[2], break_down),
        changes.apply(jobs[3], finish),
        return_exceptions=True,
    )
    assert [answers[0], answers[2], answers[4]] == [jobs[0], None, jobs[3]]
    assert isinstance(answers[1], Refused)
    assert isinstance(answers[3], ZeroDivisionError)
    assert await _stages(bench, jobs) == ["changed", "queued", "queued", "changed"]


async def test_a_job_that_somebody_holds_keeps_no_other_waiting(bench: Bench) -> None:
    changes = bench.container.get(JobChanges)
    held, *others = [(await bench.start()).id for _ in range(4)]
    async with bench.database.transaction() as session:
        await crud.locked(session, held)
        waiting = asyncio.create_task(changes.apply(held, finish))
        for job_id in others:
            assert await changes.apply(job_id, finish) == job_id
        assert not waiting.done()
    assert await waiting == held
    assert await _stages(bench, [held, *others]) == ["changed"] * 4


async def test_who_is_frozen_amid_a_transaction_loses_its_locks(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, migrated_url: str
) -> None:
    job_id = (await bench.start()).id
    monkeypatch.setitem(
        database_async._SESSION, "idle_in_transaction_session_timeout", "500ms"
    )
    frozen = Database(migrated_url, pool_size=1)
    with pytest.raises(InterfaceError, match="connection is closed"):
        async with frozen.transaction() as session:
            await crud.locked(session, job_id)
            await bench.container.get(JobChanges).apply(job_id, finish)
            await session.execute(text("select 1"))
    async with frozen.transaction() as session:  # it connects anew
        assert await crud.by_id(session, job_id) is not None
    await frozen.close()
    assert await _stages(bench, [job_id]) == ["changed"]


async def test_an_owners_held_places_keep_no_other_waiting(bench: Bench) -> None:
    changes = bench.container.get(JobChanges)
    member = await bench.new_member()
    ending = await bench.claim((await bench.start()).id)
    async with bench.database.transaction() as session:
        await crud.lock_places(session, [ADMINISTRATOR.user_id])
        ended = asyncio.create_task(ending.end())
        waiting = asyncio.create_task(bench.start())
        for _ in range(3):
            other = (await bench.start(owner_id=member.user_id)).id
            assert await changes.apply(other, finish) == other
        assert not ended.done() and not waiting.done()
    await asyncio.gather(ended, waiting)
    assert (await bench.job(ending.job_id)).status == "SUCCEEDED"
    assert await bench.statuses((await waiting).id) == ["queued"]


async def test_a_retry_and_the_end_of_another_job_wait_for_each_other_in_one_order(
    bench: Bench,
) -> None:
    canceled, ending = [(await bench.start()).id for _ in range(2)]
    await bench.claim(ending)
    await bench.jobs.cancel(ADMINISTRATOR, canceled)
    async with bench.transactions.begin() as at:
        jobs = await at.lock_at_once([canceled, ending])
        retrying = asyncio.create_task(bench.jobs.retry(ADMINISTRATOR, canceled))
        await asyncio.sleep(0.2)  # until it waits for the row
        transitions.succeeded(at, jobs[ending])
    assert (await retrying).job.retry_of == canceled


async def test_a_repeated_key_and_the_end_of_its_job_do_not_lock_each_other_out(
    bench: Bench,
) -> None:
    job_id = (await bench.start(idempotency_key="k")).id
    other = (await bench.start()).id
    async with bench.transactions.begin() as at:
        job = await at.lock(job_id)
        assert job is not None
        transitions.started(at, job)
        await at.session.flush()
        repeating = asyncio.create_task(bench.jobs.start(asked(idempotency_key="k"), 0))
        await asyncio.sleep(0.2)  # until it waits for the row
        transitions.succeeded(at, job)
    assert (await repeating).job.id == job_id
    assert len(await bench.tasks(other)) == 1


async def test_a_start_whose_answer_was_lost_is_not_started_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = bench.jobs._store
    tries = 0

    async def lose_the_first(jobs: Sequence[Job], patience: float | None) -> list[bool]:
        nonlocal tries
        tries += 1
        answer = await store(jobs, patience)
        if tries == 1:
            raise RuntimeError("it was committed, but who knows")
        return answer

    monkeypatch.setattr(bench.jobs, "_store", lose_the_first)
    started = await asyncio.gather(*(bench.start() for _ in range(3)))
    assert tries == 4
    jobs = sorted(job.id for job in started)
    assert await bench.count("jobs") == 3
    for job_id in jobs:
        assert await bench.statuses(job_id) == ["queued"]
        assert len(await bench.tasks(job_id)) == 1
