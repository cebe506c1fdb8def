"""Workers as they run in production: sharing jobs, killed, cut off, told to cancel."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime

import psutil
import pytest

from core.broker import NOT_UNDERSTOOD
from core.task_queue import TaskPriority, task_message, task_subject
from events.live.hub import Hub
from events.log import EventLog
from features.jobs.reading import JobRowsService
from features.jobs.services import JobsService
from features.jobs.utils import INTERNAL, used_up
from tests.programs import Program, is_gone
from tests.test_jobs.bench import ADMINISTRATOR, asked
from tests.test_jobs.plant import Plant, Site, until, without_progress

RUN = ["queued", "started", "completed"]


@pytest.fixture(scope="module", autouse=True)
def resident(plant: Plant) -> Iterator[Program]:
    """Keep one worker running through all of these tests."""
    with plant.worker() as worker:
        yield worker


@pytest.fixture(autouse=True)
async def _resident_is_at_work(site: Site) -> None:
    await site.has(await site.start("tests.sleep"), "SUCCEEDED")


async def _occupied(site: Site, *, besides: int | None = None) -> tuple[str, int]:
    """Start jobs until one has begun in another process; return it and the process."""

    async def look() -> tuple[str, int] | None:
        job_id = await site.start("tests.sleep", 4.0)
        pid = (await site.has_begun(job_id)).pid
        return (job_id, pid) if pid != besides else None

    return await until(look)


async def test_two_workers_run_each_job_once(site: Site) -> None:
    _, resident = await _occupied(site)
    with site.plant.worker():
        _, other = await _occupied(site, besides=resident)
        jobs = [await site.start("tests.sleep", 0.05) for _ in range(60)]
        for job_id in jobs:
            job = await site.has(job_id, "SUCCEEDED", "FAILED")
            assert (job.status, job.attempt, job.claim) == ("SUCCEEDED", 1, 1)
        await site.queue_empties()
    for job_id in jobs:
        notes = site.plant.notes(job_id)
        assert [note.word for note in notes] == ["begun", "done"]
        assert without_progress(await site.statuses(job_id)) == RUN
    # Both have been seen at work above; who is quicker may take all of these.
    pids = {note.pid for note in site.plant.notes() if note.job_id in jobs}
    assert pids <= {resident, other}


async def test_one_persons_pile_does_not_hold_another_up(site: Site) -> None:
    hoarder, other = [(await site.bench.new_member()).user_id for _ in range(2)]
    pile = [await site.start("tests.sleep", 0.2, owner_id=hoarder) for _ in range(40)]
    single = await site.start("tests.sleep", owner_id=other)
    ended = await site.has(single, "SUCCEEDED")
    rows = [await site.has(job_id, "SUCCEEDED") for job_id in pile]
    assert ended.finished_at is not None
    before = [
        row for row in rows if row.finished_at and row.finished_at < ended.finished_at
    ]
    # What ran while the pile was being made, and the four places.
    during = [
        row for row in before if row.finished_at and row.finished_at < ended.created_at
    ]
    assert len(before) - len(during) <= 8
    assert len(during) < 32, "the pile was over before the single job came"


async def test_a_dead_workers_job_is_taken_over_and_a_live_ones_left_alone(
    site: Site,
) -> None:
    long = await site.start("tests.sleep", 16.0)
    survivor = (await site.has_begun(long)).pid
    with site.plant.worker() as victim:
        doomed, _ = await _occupied(site, besides=survivor)
        killed = await site.bench.clock()
        _, alive = psutil.wait_procs(victim.kill_children(), 10)
        assert alive == []
        again = await until(lambda: _attempt(site, doomed, 2))
        assert (again - killed).total_seconds() < 30
    for job_id, attempt in ((doomed, 2), (long, 1)):
        job = await site.has(job_id, "SUCCEEDED")
        assert (job.attempt, job.claim) == (attempt, attempt)
    notes = site.plant.notes(doomed)
    assert [(note.attempt, note.word) for note in notes] == (
        [(1, "begun"), (2, "begun"), (2, "done")]
    )
    assert [note.word for note in site.plant.notes(long)] == ["begun", "done"]
    assert without_progress(await site.statuses(long)) == RUN
    assert without_progress(await site.statuses(doomed)) == (
        ["queued", "started", "retrying", "started", "completed"]
    )


async def _attempt(site: Site, job_id: str, attempt: int) -> datetime | None:
    """Return PostgreSQL's time once that attempt has begun."""
    has_begun = (await site.job(job_id)).attempt == attempt
    return await site.bench.clock() if has_begun else None


async def test_a_cancelled_jobs_process_is_killed(site: Site) -> None:
    job_id = await site.start("tests.spin", 60.0)
    pid = int((await site.has_begun(job_id)).word.removeprefix("spins "))
    assert not is_gone(pid)
    await site.bench.jobs.cancel(ADMINISTRATOR, job_id)
    async with asyncio.timeout(5):
        while not is_gone(pid):
            await asyncio.sleep(0.05)
    await site.has(await site.start("tests.spin", 0.0), "SUCCEEDED")
    assert await site.statuses(job_id) == ["queued", "started", "canceled"]
    assert len(site.plant.notes(job_id)) == 1


async def test_an_answer_waits_for_the_jobs_end_and_no_longer(site: Site) -> None:
    database = site.bench.database
    hub = Hub(site.client, JobRowsService(database))
    await hub.start()
    jobs = JobsService(database, site.transactions, hub)
    request = asked(
        task_name="tests.sleep",
        input={"seconds": 0.2, "notes": str(site.plant.notes_file)},
        idempotency_key="k",
    )
    began = time.monotonic()
    first, second = await asyncio.gather(
        jobs.start(request, 10_000), jobs.start(request, 10_000)
    )
    assert time.monotonic() - began < 5
    assert (first.job.status, second.job.status) == ("SUCCEEDED", "SUCCEEDED")
    assert (first.job.id, first.cursor) == (second.job.id, second.cursor)
    repeated = await jobs.repeated(request)
    assert repeated is not None
    assert (await jobs.wait_for(repeated, 10_000)).job.id == first.job.id
    await hub.close()


async def test_what_never_works_ends_as_a_dead_letter(site: Site) -> None:
    before = (await EventLog(site.client).state()).last
    poison = await site.start("tests.poison")
    unknown = await site.start("tests.unknown")
    jetstream = site.client.jetstream()
    await jetstream.publish(task_subject(TaskPriority.BULK, "garbled"), b"\0 garbled")
    missing = task_message("tests.sleep", "job_0198f0a1b2c37d4e8f00112233445566")
    await jetstream.publish(task_subject(TaskPriority.BULK, "missing"), missing)
    for attempt in (1, 2, 3):
        await site.has_failed(poison, attempt)
        await site.bench.pass_time(poison)
    job = await site.has(poison, "FAILED")
    assert (job.attempt, job.claim, len(site.plant.notes(poison))) == (4, 4, 4)
    await site.has(unknown, "FAILED")
    await site.queue_empties()
    assert await site.statuses(unknown) == ["queued", "failed"]

    letters = await site.bench.dead_letters()
    assert {
        (letter.job_id, letter.message[:9], letter.reason) for letter in letters
    } == {
        (None, "\ufffd garbled", NOT_UNDERSTOOD),
        (None, '{"task_id', "The message names a job that does not exist."),
        (unknown, '{"task_id', NOT_UNDERSTOOD),
        (poison, '{"task_id', INTERNAL.message + used_up(4)),
    }
    await site.outbox_empties()
    log = EventLog(site.client)
    told = [one async for one in log.replay(before, "events.tasks.dead.failed.*")]
    assert sorted(one.subject.rpartition(".")[2] for one in told) == sorted(
        letter.id for letter in letters
    )


async def test_a_restart_of_nats_loses_and_doubles_nothing(site: Site) -> None:
    jobs = [await site.start("tests.sleep", 0.3) for _ in range(40)]
    await site.has_begun(jobs[5])
    site.plant.nats.stop()
    jobs += [await site.start("tests.sleep", 0.1) for _ in range(5)]
    await asyncio.sleep(2)
    site.plant.nats.start()  # in this thread: the server ends with its starter
    for job_id in jobs:
        job = await site.has(job_id, "SUCCEEDED", "FAILED")
        assert (job.status, job.attempt, job.claim) == ("SUCCEEDED", 1, 1)
    for job_id in jobs:
        assert [note.word for note in site.plant.notes(job_id)] == ["begun", "done"]
        assert without_progress(await site.statuses(job_id)) == RUN
