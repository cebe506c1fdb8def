"""Resuming at any point, through any gateway: the whole sequence, told once.

PostgreSQL, NATS, the jobs' own transitions, two relays and two hubs are the real ones.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client

from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from core.security import Caller
from events.cursor import EventCursor, decode_cursor
from events.live.hub import Hub
from events.readers.job_reader import Gap, Snapshot
from events.recorded import Happened
from events.schemas import JobErrorBody, Progress
from events.subjects import LAYERS_EXPORTED, JobKind
from features.jobs import transitions
from features.jobs.models import Job
from features.jobs.reading import JobRowsService
from features.jobs.services import JobRequest, JobsService
from features.jobs.transaction import JobTransaction, JobTransactions
from tests.test_events.bodies import OWNER
from tests.test_events.conftest import connected
from tests.test_events.following import follow_job
from tests.test_events.outboxes import Relaying
from tests.test_events.reading import resumed, running_hub
from workers.discovery import import_all

PAUSES = (0.0, 0.0, 0.001, 0.01)
ENDS = ("succeeded", "failed", "canceled")


@dataclass
class Told:
    """All that one client was told, over all its connections."""

    snapshots: list[int] = field(default_factory=list)
    events: list[Happened] = field(default_factory=list)
    connections: int = 0

    @property
    def numbers(self) -> list[int]:
        """The job_seqs of the events."""
        return [item.job.job_seq for item in self.events]


class Site:
    """OneManage's part between PostgreSQL and the subscriptions, twice."""

    def __init__(self, database: Database, client: Client, hubs: list[Hub]) -> None:
        self.database = database
        self.hubs = hubs
        self.rows = JobRowsService(database)
        wake = RelayWaker(client)
        self.transactions = JobTransactions(database, wake, Settings())
        self.jobs = JobsService(database, self.transactions, hubs[0])

    async def start(self) -> tuple[str, EventCursor]:
        """Start a job as a mutation does; return its id and the mutation's cursor."""
        request = JobRequest(JobKind.PSD_PARSE, OWNER, "parsePsd", "psd.parse", {})
        started = await self.jobs.start(request, 0)
        return started.job.id, decode_cursor(started.cursor)

    async def change(
        self, job_id: str, change: Callable[[JobTransaction, Job], None]
    ) -> None:
        """Change a locked job in one transaction."""
        async with self.transactions.begin() as at:
            job = await at.lock(job_id)
            assert job is not None
            change(at, job)

    async def work(self, job_id: str, steps: int, end: str, pause: float) -> int:
        """Run a job to its end; return the number of its last event."""

        def step(at: JobTransaction, job: Job) -> None:
            if job.job_seq % 3:
                progress = Progress(job.job_seq / 100, "exporting", job.job_seq, 100)
                transitions.progressed(at, job, progress)
            else:
                transitions.record(at, job, LAYERS_EXPORTED, layer_ids=["layer_1"])

        def finish(at: JobTransaction, job: Job) -> None:
            if end == "succeeded":
                transitions.succeeded(at, job)
            elif end == "failed":
                error = JobErrorBody("CORRUPT_FILE", "It is no PSD.", False)
                transitions.failed(at, job, error)
            else:
                transitions.canceled(at, job)

        for change in (transitions.started, *[step] * steps, finish):
            await self.change(job_id, change)
            await asyncio.sleep(pause)
        return steps + 3

    async def watch(
        self, job_id: str, cursor: EventCursor | None, cuts: list[int]
    ) -> Told:
        """Watch a job; drop behind each number of items, resume at the other hub."""
        told = Told()
        limits = iter(cuts)
        while True:
            hub = self.hubs[told.connections % len(self.hubs)]
            told.connections += 1
            limit = next(limits, 1_000_000)
            following = follow_job(hub, self.rows, job_id, resumed(cursor), room=3)
            async with aclosing(following) as items:
                async for item in items:
                    assert not isinstance(item, Gap), f"a gap at {told.numbers}"
                    cursor = item.cursor
                    if isinstance(item, Snapshot):
                        told.snapshots.append(item.job.job_seq)
                    else:
                        told.events.append(item)
                    limit -= 1
                    if limit == 0:
                        break
                else:
                    return told


@asynccontextmanager
async def relays(database: Database, client: Client) -> AsyncIterator[None]:
    """Run two relays."""
    work = [asyncio.create_task(Relaying(database, client).run()) for _ in range(2)]
    yield
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


@pytest.fixture
async def site(
    client: Client, nats_url: str, database: Database
) -> AsyncIterator[Site]:
    """Give a site with two gateways and two relays, all at work."""
    import_all("models")
    heads = JobRowsService(database)
    async with (
        connected(nats_url) as second,
        running_hub(client, heads) as one,
        running_hub(second, heads) as two,
        relays(database, second),
    ):
        yield Site(database, client, [one, two])


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.integers(0, 25),
    end=st.sampled_from(ENDS),
    pause=st.sampled_from(PAUSES),
    lateness=st.sampled_from([0.0, 0.02, 0.2]),
    cuts=st.lists(st.integers(1, 6), max_size=12),
    others=st.integers(0, 3),
)
async def test_every_client_is_told_the_same_sequence(
    site: Site,
    steps: int,
    end: str,
    pause: float,
    lateness: float,
    cuts: list[int],
    others: int,
) -> None:
    job_id, cursor = await site.start()
    noise = [(await site.start())[0] for _ in range(others)]
    work = asyncio.gather(
        site.work(job_id, steps, end, pause),
        *(site.work(other, steps, "succeeded", 0) for other in noise),
    )

    async def late() -> Told:
        await asyncio.sleep(lateness)
        return await site.watch(job_id, None, cuts)

    async with asyncio.timeout(30):
        prompt, dropping, snapshot, (last, *_) = await asyncio.gather(
            site.watch(job_id, cursor, []),
            site.watch(job_id, cursor, cuts),
            late(),
            work,
        )
        replayed = await site.watch(job_id, cursor, [3] * last)

    everything = list(range(1, last + 1))
    assert prompt.numbers == dropping.numbers == replayed.numbers == everything
    assert prompt.snapshots == dropping.snapshots == replayed.snapshots == []
    (start,) = snapshot.snapshots
    assert snapshot.numbers == everything[start:]
    by_number = {item.job.job_seq: item for item in prompt.events}
    for item in [*dropping.events, *snapshot.events, *replayed.events]:
        same = by_number[item.job.job_seq]
        assert item.event.payload == same.event.payload
        assert (item.job, item.cursor) == (same.job, same.cursor)
    assert await site.rows.body(job_id) == prompt.events[-1].job


async def test_a_cancel_s_cursor_tells_of_the_cancel(site: Site) -> None:
    job_id, _ = await site.start()
    canceled = await site.jobs.cancel(Caller(OWNER, True), job_id)
    async with asyncio.timeout(10):
        told = await site.watch(job_id, decode_cursor(canceled.cursor), [])

    assert told.numbers == [2]
    assert told.events[0].job.status == "CANCELED"


async def test_a_repeated_mutation_s_cursor_is_the_first_s(site: Site) -> None:
    request = JobRequest(
        JobKind.PSD_PARSE, OWNER, "parsePsd", "psd.parse", {"file": 1}, "once"
    )
    first = await site.jobs.start(request, 0)
    await site.work(first.job.id, 2, "succeeded", 0)
    again = await site.jobs.start(request, 0)
    async with asyncio.timeout(10):
        told = await site.watch(again.job.id, decode_cursor(again.cursor), [])

    assert (again.job.id, again.cursor) == (first.job.id, first.cursor)
    assert told.numbers == [1, 2, 3, 4, 5]
