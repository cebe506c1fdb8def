"""Places: how many jobs of one person are at work or next, and who gets the next one."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.config import Settings
from core.database_async import Database
from core.security import Caller
from features.jobs import crud
from features.jobs.exceptions import JobFailure
from features.jobs.models import JobPriority
from features.jobs.reconciler import Reconciler
from features.jobs.transaction import ADMITTED_AT_ONCE
from tests.test_jobs.bench import ADMINISTRATOR, Bench

BULK = JobPriority.BULK


async def _start(bench: Bench, count: int, **changes: object) -> list[str]:
    return [(await bench.start(**changes)).id for _ in range(count)]


async def _enqueued(bench: Bench, jobs: list[str]) -> list[int]:
    """Return how many tasks each job has in the outbox."""
    return [len(await bench.tasks(job_id)) for job_id in jobs]


async def test_more_jobs_than_places_wait_in_postgresql(bench: Bench) -> None:
    jobs = await _start(bench, 6)
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 0, 0]
    for job_id in jobs:
        assert await bench.statuses(job_id) == ["queued"]

    await (await bench.claim(jobs[1])).end()
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 1, 0]
    assert [(await bench.job(one)).admitted for one in jobs] == [
        *(True, False, True, True, True, False)
    ]


async def test_another_person_has_places_of_their_own(bench: Bench) -> None:
    await _start(bench, 20)
    member = await bench.new_member()
    jobs = await _start(bench, 5, owner_id=member.user_id)
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 0]


async def test_the_last_place_is_kept_for_who_waits(bench: Bench) -> None:
    bulk = await _start(bench, 5, priority=BULK)
    assert await _enqueued(bench, bulk) == [1, 1, 1, 0, 0]
    hasty = await _start(bench, 2)
    assert await _enqueued(bench, hasty) == [1, 0]
    [task] = await bench.tasks(hasty[0])
    assert task.subject == f"tasks.interactive.{hasty[0]}"
    [task] = await bench.tasks(bulk[0])
    assert task.subject == f"tasks.bulk.{bulk[0]}"

    for ended, enqueued in (
        (bulk[0], ([1, 1, 1, 0, 0], [1, 1])),
        (bulk[1], ([1, 1, 1, 0, 0], [1, 1])),
        (hasty[0], ([1, 1, 1, 1, 0], [1, 1])),
    ):
        await (await bench.claim(ended)).end()
        assert (
            await _enqueued(bench, bulk),
            await _enqueued(bench, hasty),
        ) == enqueued


@pytest.mark.parametrize("end", ["cancel", "fail", "bury"])
async def test_whatever_ends_a_job_hands_its_place_on(bench: Bench, end: str) -> None:
    ends: dict[str, Callable[[str], Awaitable[object]]] = {
        "cancel": lambda job_id: bench.jobs.cancel(ADMINISTRATOR, job_id),
        "fail": lambda job_id: _fail(bench, job_id),
        "bury": lambda job_id: bench.bury(job_id),
    }
    jobs = await _start(bench, 5)
    await ends[end](jobs[0])
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 1]


async def _fail(bench: Bench, job_id: str) -> None:
    failure = JobFailure("CORRUPT_FILE", "It is no PSD.", retryable=False)
    await (await bench.claim(job_id)).end(failure)


async def test_a_job_keeps_its_place_between_attempts_and_when_handed_back(
    bench: Bench,
) -> None:
    jobs = await _start(bench, 5)
    await (await bench.claim(jobs[0])).end(ConnectionError("again"))
    await (await bench.claim(jobs[1])).interrupt()
    assert await _enqueued(bench, jobs) == [2, 2, 1, 1, 0]


async def test_a_waiting_job_that_is_cancelled_frees_nothing(bench: Bench) -> None:
    jobs = await _start(bench, 6)
    await bench.jobs.cancel(ADMINISTRATOR, jobs[4])
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 0, 0]
    await (await bench.claim(jobs[0])).end()
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1, 0, 1]


async def test_a_single_place_serves_both_priorities(database: Database) -> None:
    bench = Bench(database, Settings(jobs_per_user=1))
    first = await bench.start(priority=BULK)
    bulk, hasty = await bench.start(priority=BULK), await bench.start()
    assert await _enqueued(bench, [first.id, bulk.id, hasty.id]) == [1, 0, 0]
    await (await bench.claim(first.id)).end()
    assert await _enqueued(bench, [bulk.id, hasty.id]) == [0, 1]
    await (await bench.claim(hasty.id)).end()
    assert await _enqueued(bench, [bulk.id]) == [1]


async def test_zero_is_no_limit(database: Database) -> None:
    bench = Bench(database, Settings(jobs_per_user=0))
    assert await _enqueued(bench, await _start(bench, 9)) == [1] * 9


async def test_a_limit_that_is_raised_admits_who_waits(bench: Bench) -> None:
    jobs = await _start(bench, 8)
    reconciler = bench.container.get(Reconciler)
    assert await reconciler.hand_on_places() == 0
    for limit, admitted in ((6, 2), (0, 2)):
        raised = Bench(bench.database, Settings(jobs_per_user=limit))
        reconciler = raised.container.get(Reconciler)
        assert await reconciler.hand_on_places() == admitted
        assert await reconciler.hand_on_places() == 0
    assert await _enqueued(bench, jobs) == [1] * 8


async def test_many_are_admitted_in_several_transactions(bench: Bench) -> None:
    jobs = await _start(bench, 4 + 2 * ADMITTED_AT_ONCE + 5)
    raised = Bench(bench.database, Settings(jobs_per_user=0))
    reconciler = raised.container.get(Reconciler)
    admitted = [await reconciler.hand_on_places() for _ in range(4)]
    assert admitted == [ADMITTED_AT_ONCE, ADMITTED_AT_ONCE, 5, 0]
    assert await _enqueued(bench, jobs) == [1] * len(jobs)


async def test_who_holds_ones_places_holds_up_no_other(bench: Bench) -> None:
    first, *others = sorted([(await bench.new_member()).user_id for _ in range(3)])
    for owner_id in (first, *others):
        await _start(bench, 6, owner_id=owner_id)
    raised = Bench(bench.database, Settings(jobs_per_user=5))
    async with bench.database.transaction() as session:
        await crud.lock_places(session, [others[-1]])
        sweep = asyncio.create_task(raised.container.get(Reconciler).hand_on_places())
        async with asyncio.timeout(10):
            while await bench.count_admitted(Caller(others[0], is_admin=False)) < 5:
                await asyncio.sleep(0.02)
        await bench.start(owner_id=first)  # whose places are free again
        assert not sweep.done()
    assert await sweep == 3


async def test_no_job_is_forgotten_however_many_start_and_end_at_once(
    bench: Bench,
) -> None:
    people = [ADMINISTRATOR, *[await bench.new_member() for _ in range(2)]]
    jobs: list[str] = []

    async def start(caller: Caller) -> None:
        jobs.append((await bench.start(owner_id=caller.user_id)).id)

    async def end(job_id: str) -> None:
        if hash(job_id) % 3:
            await (await bench.claim(job_id)).end()
        else:
            await bench.jobs.cancel(ADMINISTRATOR, job_id)

    begun: set[str] = set()
    starts = [start(people[number % 3]) for number in range(60)]
    starting = asyncio.gather(*starts)
    while len(begun) < len(starts):
        ready = [one for one in jobs if one not in begun and await bench.tasks(one)]
        begun.update(ready)
        assert ready or not starting.done(), "nothing would run the rest"
        await asyncio.gather(*map(end, ready))
        for caller in people:
            assert await bench.count_admitted(caller) <= 4
        await asyncio.sleep(0)
    await starting
    assert {(await bench.job(one)).status for one in jobs} <= {"SUCCEEDED", "CANCELED"}
    assert await bench.count_admitted(*people) == 0


async def test_a_repeated_key_takes_no_place(bench: Bench) -> None:
    keys = ["k"] * 10 + ["a", "b", "c"]
    started = await asyncio.gather(
        *(bench.started(idempotency_key=key) for key in keys)
    )
    jobs = sorted({one.job.id for one in started})
    assert await _enqueued(bench, jobs) == [1, 1, 1, 1]
