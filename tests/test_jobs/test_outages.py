"""Workers that stop in order, and NATS that loses all that it had."""

import asyncio
import time

from tests.programs import is_gone, tree
from tests.test_jobs.plant import Site, until, without_progress


async def test_a_worker_that_stops_hands_its_jobs_back_at_once(site: Site) -> None:
    spinning = await site.start("tests.spin", 3.0)
    sleeping = await site.start("tests.sleep", 3.0)
    with site.plant.worker() as leaving:
        pid = int((await site.has_begun(spinning)).word.removeprefix("spins "))
        await site.has_begun(sleeping)
        leaving.terminate()
        asked = time.monotonic()
        for job_id in (spinning, sleeping):
            job = await site.has(job_id, "QUEUED")
            assert (job.attempt, job.claim, job.handed_back) == (1, 1, True)
        assert time.monotonic() - asked < 5
        assert await asyncio.to_thread(leaving.popen.wait, 10) == 0
        assert is_gone(pid)
    with site.plant.worker():
        for job_id in (spinning, sleeping):
            job = await site.has(job_id, "SUCCEEDED", "FAILED")
            assert (job.status, job.attempt, job.claim) == ("SUCCEEDED", 1, 2)
            assert without_progress(await site.statuses(job_id)) == (
                ["queued", "started", "started", "completed"]
            )


async def test_a_rolling_restart_under_load_loses_and_doubles_nothing(
    site: Site,
) -> None:
    people = [(await site.bench.new_member()).user_id for _ in range(10)]
    jobs: list[str] = []

    async def keep_starting() -> None:
        for number in range(60):
            owner_id = people[number % len(people)]
            jobs.append(await site.start("tests.sleep", 0.8, owner_id=owner_id))
            await asyncio.sleep(0.05)

    with site.plant.worker() as first, site.plant.worker() as second:
        await site.has(await site.start("tests.sleep"), "SUCCEEDED")
        starting = asyncio.create_task(keep_starting())
        for leaving in (first, second):
            with site.plant.worker():
                await until(lambda: _is_at_work(site, leaving.popen.pid))
                leaving.terminate()
                assert await asyncio.to_thread(leaving.popen.wait, 20) == 0
        with site.plant.worker():
            await starting
            for job_id in jobs:
                job = await site.has(job_id, "SUCCEEDED", "FAILED")
                assert (job.status, job.attempt) == ("SUCCEEDED", 1)
            await site.queue_empties()
    claims = {job_id: (await site.job(job_id)).claim for job_id in jobs}
    for job_id, claim in claims.items():
        words = [note.word for note in site.plant.notes(job_id)]
        # A worker may be asked to stop before it notes what has been committed.
        assert 1 <= words.count("begun") <= claim
        assert words.count("done") <= 1
        assert without_progress(await site.statuses(job_id)) == (
            ["queued", *["started"] * claim, "completed"]
        )
    assert max(claims.values()) > 1, "no job was handed back"


async def _is_at_work(site: Site, pid: int) -> bool:
    """Tell whether a worker, or a process of its, has begun what has not been done."""
    pids = {one.pid for one in tree(pid)}
    notes = site.plant.notes()
    done = {(note.job_id, note.claim) for note in notes if note.word == "done"}
    return any(
        note.pid in pids and (note.job_id, note.claim) not in done for note in notes
    )


async def test_the_loss_of_all_of_nats_data_loses_no_job(site: Site) -> None:
    with site.plant.program("-m", "workers.maintenance"):
        with site.plant.worker() as victim:
            running = await site.start("tests.sleep", 2.0)
            await site.has_begun(running)
            victim.kill()
        queued = [await site.start("tests.sleep", 0.1) for _ in range(5)]
        await site.outbox_empties()
        site.plant.lose_everything()
        with site.plant.worker():
            for job_id in [*queued, running]:
                job = await site.has(job_id, "SUCCEEDED", "FAILED")
                assert job.status == "SUCCEEDED"
            await site.queue_empties()
    for job_id in queued:
        assert [note.word for note in site.plant.notes(job_id)] == ["begun", "done"]
    assert [note.attempt for note in site.plant.notes(running)] == [1, 2, 2]
