"""A job whose worker is the test: what happens to it is said step by step."""

from core.base import new_id, utc_now
from events.cursor import EventCursor, encode_cursor
from events.schemas import Progress
from events.subjects import JobKind
from features.jobs import transitions
from features.jobs.models import Job
from features.jobs.transaction import JobTransaction, JobTransactions
from features.users.models import LOCAL_ADMINISTRATOR_ID


def new_job() -> Job:
    """Make a row to which nothing has happened yet."""
    return Job(
        kind=JobKind.PSD_PARSE.value,
        owner_id=LOCAL_ADMINISTRATOR_ID,
        mutation="parsePsd",
        input={},
        task_name="tests.nothing",
        start_cursor="",
    )


class Handwork:
    """Steps of one job, each a transaction; `number` is the last event's job_seq."""

    def __init__(self, transactions: JobTransactions) -> None:
        self.job_id = new_id("job")
        self.number = 0
        self._transactions = transactions

    @property
    def cursor(self) -> str:
        """The cursor of the mutation that would have started the job."""
        return encode_cursor(EventCursor(utc_now(), None, self.job_id, 0))

    async def begin(self) -> None:
        """Have the job queued and started: two events."""
        job = new_job()
        job.id = self.job_id
        async with self._transactions.begin() as at:
            at.session.add(job)
            await at.session.flush()
            locked = await self._locked(at)
            transitions.queued(at, locked)
            transitions.started(at, locked)
        self.number = 2

    async def get_on(self, *steps: Progress) -> None:
        """Have the job progress, by an event for each of the steps."""
        async with self._transactions.begin() as at:
            job = await self._locked(at)
            for progress in steps:
                transitions.progressed(at, job, progress)
        self.number += len(steps)

    async def end(self) -> None:
        """Have the job succeed."""
        async with self._transactions.begin() as at:
            transitions.succeeded(at, await self._locked(at))
        self.number += 1

    async def _locked(self, at: JobTransaction) -> Job:
        job = await at.lock(self.job_id)
        assert job is not None
        return job
