"""Running a job: its events, retries, dead letters, the end."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from core.broker import Unroutable
from core.config import Settings
from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.task_queue import task_message
from events.schemas import JobErrorBody
from events.subjects import DEAD_LETTER, LAYERS_EXPORTED
from features.jobs.exceptions import JobFailure
from features.jobs.runner import LEASE_SECONDS
from features.jobs.utils import INTERNAL
from tests.test_jobs.bench import (
    Bench,
    asked,
    changes_nothing,
    no_effects,
    report,
)

RETRYABLE = JobFailure("EXTERNAL_SERVICE", "Try again.", retryable=True)
HOPELESS = JobFailure("CORRUPT_FILE", "This file is cut short.", retryable=False)


async def test_a_job_runs_to_its_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("features.jobs.run.PROGRESS_SECONDS", 5.0)
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    assert run.job.input == asked().input
    assert run.prefix == f"jobs/{job_id}/1/"
    await run.progress(report(0.5))
    await run.store(no_effects, result_type="PsdDocument", result_id="psd_1")
    await run.record(LAYERS_EXPORTED, no_effects, report(0.75), layer_ids=["layer_1"])
    await run.succeed()
    assert await delivery.end() is None

    events = await bench.events(job_id)
    assert [event.status for event in events] == [
        "queued",
        "started",
        "progressed",
        "exported",
        "completed",
    ]
    bodies = [event.job for event in events if event.job]
    assert [body.progress.fraction for body in bodies] == [0, 0, 0.5, 0.75, 1]
    assert [body.status for body in bodies] == ["QUEUED"] + ["RUNNING"] * 3 + [
        "SUCCEEDED"
    ]
    assert [body.result is not None for body in bodies] == [False] * 3 + [True] * 2
    assert events[3].layer_ids == ["layer_1"]
    job = await bench.job(job_id)
    assert (job.attempt, job.claim, job.error) == (1, 1, None)
    assert job.finished_at is not None and job.started_at is not None
    assert len(await bench.tasks(job_id)) == 1


async def test_work_that_returns_has_succeeded(bench: Bench) -> None:
    job_id = (await bench.start()).id
    assert await (await bench.claim(job_id)).end() is None
    assert await bench.statuses(job_id) == ["queued", "started", "completed"]


async def test_effects_and_their_event_are_one_transaction(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()

    async def fail(_session: object) -> None:
        raise ZeroDivisionError

    async with changes_nothing(bench, job_id):
        with pytest.raises(ZeroDivisionError):
            await run.record(LAYERS_EXPORTED, fail, report(0.5), layer_ids=[])
        with pytest.raises(ZeroDivisionError):
            await run.succeed(fail)
    await delivery.forget()


async def test_at_most_four_progress_events_a_second(bench: Bench) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    run = await delivery.begun()
    began = time.monotonic()
    for step in range(60):
        await run.progress(report(step / 100))
        await run.record(LAYERS_EXPORTED, no_effects, report(step / 100), layer_ids=[])
        await asyncio.sleep(0.01)
    took = time.monotonic() - began
    await delivery.end()
    statuses = await bench.statuses(job_id)
    assert statuses.count("exported") == 60
    assert 2 <= statuses.count("progressed") <= took / 0.25 + 1


@pytest.mark.parametrize(
    ("attempt", "low", "high"), [(1, 1.6, 2.4), (2, 6.4, 9.6), (3, 24.0, 36.0)]
)
async def test_a_failed_attempt_is_followed_by_another_later(
    bench: Bench, attempt: int, low: float, high: float
) -> None:
    job_id = (await bench.start()).id
    await bench.execute(
        "update jobs set attempt = :before where id = :id",
        before=attempt - 1,
        id=job_id,
    )
    delivery = await bench.claim(job_id)
    before = await bench.clock()
    assert await delivery.end(RETRYABLE) is None
    after = await bench.clock()

    job = await bench.job(job_id)
    assert (job.status, job.attempt, job.finished_at) == ("QUEUED", attempt, None)
    assert job.run_after is not None
    assert before + timedelta(seconds=low) <= job.run_after
    assert job.run_after <= after + timedelta(seconds=high)
    retrying = (await bench.events(job_id))[-1]
    assert retrying.status == "retrying"
    assert retrying.next_attempt_at == job.run_after
    assert retrying.error == JobErrorBody("EXTERNAL_SERVICE", "Try again.", True)
    first, second = await bench.tasks(job_id)
    assert first.message_id != second.message_id
    assert second.not_before == job.run_after
    assert await bench.dead_letters() == []


async def test_a_message_that_comes_too_early_runs_nothing(bench: Bench) -> None:
    job_id = (await bench.start()).id
    await (await bench.claim(job_id)).end(RETRYABLE)
    async with changes_nothing(bench, job_id):
        assert await bench.deliver(job_id).refused() is None
    await bench.pass_time(job_id)
    await (await bench.claim(job_id)).end()
    assert (await bench.job(job_id)).status == "SUCCEEDED"


async def test_four_attempts_and_no_more(bench: Bench) -> None:
    job_id = (await bench.start()).id
    for _ in range(4):
        await (await bench.claim(job_id)).end(RETRYABLE)
        await bench.pass_time(job_id)
    async with changes_nothing(bench, job_id):
        assert await bench.deliver(job_id).refused() is None
    job = await bench.job(job_id)
    assert (job.status, job.attempt, job.claim) == ("FAILED", 4, 4)
    assert await bench.statuses(job_id) == (
        ["queued", "started"] + ["retrying", "started"] * 3 + ["failed"]
    )
    assert len(await bench.tasks(job_id)) == 4

    [letter] = await bench.dead_letters()
    assert (letter.job_id, letter.reason) == (
        job_id,
        "Try again. All 4 attempts are used up; retryJob runs the same input again as a "
        "new job.",
    )
    assert job.error is not None and job.error["message"] == letter.reason
    assert letter.message == task_message("tests.nothing", job_id).decode()
    [(subject, event)] = await bench.dead_letter_events()
    assert subject == f"events.{DEAD_LETTER}" == "events.tasks.dead.failed"
    assert (event.reason, event.message) == (letter.reason, letter.message)
    assert (event.owner, event.task_id) == (None, event.event_id)
    assert (event.letter_id, event.job_id) == (letter.id, job_id)


async def test_what_can_never_work_fails_at_once(bench: Bench) -> None:
    job_id = (await bench.start()).id
    assert await (await bench.claim(job_id)).end(HOPELESS) is None
    assert await bench.statuses(job_id) == ["queued", "started", "failed"]
    job = await bench.job(job_id)
    assert (job.status, job.attempt) == ("FAILED", 1)
    assert job.error == {
        "code": "CORRUPT_FILE",
        "message": "This file is cut short.",
        "retryable": False,
    }
    assert await bench.dead_letters() == []
    assert len(await bench.tasks(job_id)) == 1


@pytest.mark.parametrize(
    ("error", "code", "message", "retryable"),
    [
        (ZeroDivisionError("secret"), "INTERNAL", INTERNAL.message, True),
        (asyncio.CancelledError(), "INTERNAL", INTERNAL.message, True),
        (AppError(ErrorCode.INTERNAL, "secret"), "INTERNAL", INTERNAL.message, True),
        (AppError(ErrorCode.CORRUPT_FILE, "Cut."), "CORRUPT_FILE", "Cut.", False),
        (AppError(ErrorCode.TOO_LARGE, "Big."), "LIMIT_EXCEEDED", "Big.", False),
        (
            AppError(ErrorCode.STORAGE_UNAVAILABLE, "Away."),
            "STORAGE_UNAVAILABLE",
            "Away.",
            True,
        ),
        (
            JobFailure("INTERNAL", "a\0b\ud800c" + "x" * 9999, retryable=False),
            "INTERNAL",
            "a\ufffdb\ufffdc" + "x" * 495,
            False,
        ),
    ],
)
async def test_what_a_person_is_told(
    bench: Bench, error: BaseException, code: str, message: str, retryable: bool
) -> None:
    job_id = (await bench.start()).id
    await (await bench.claim(job_id)).end(error)
    told = (await bench.events(job_id))[-1]
    assert told.status == ("retrying" if retryable else "failed")
    assert told.error == JobErrorBody(code, message, retryable)
    assert told.job and told.job.error == told.error


async def test_an_attempt_may_not_take_too_long(database: Database) -> None:
    bench = Bench(database, Settings(task_timeout_seconds=0.2))
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    async with asyncio.timeout(2):
        assert await delivery.task is None
    retrying = (await bench.events(job_id))[-1]
    assert retrying.error == JobErrorBody(
        "TIMEOUT", "The attempt took longer than 0.2 s and was ended.", True
    )


async def test_a_message_of_no_job_is_unroutable(bench: Bench) -> None:
    settlement = await bench.deliver("job_0198f0a1b2c37d4e8f00112233445566").refused()
    assert settlement == Unroutable("The message names a job that does not exist.")


async def test_the_database_away_at_the_end_leaves_the_job_to_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    await bench.database.close()
    monkeypatch.setattr(bench.database, "transaction", _away)
    with pytest.raises(ConnectionRefusedError):
        await delivery.end()
    monkeypatch.undo()
    await bench.silence(job_id, LEASE_SECONDS + 1)
    await (await bench.claim(job_id)).end()
    job = await bench.job(job_id)
    assert (job.status, job.attempt) == ("SUCCEEDED", 2)


def _away() -> Any:
    raise ConnectionRefusedError
