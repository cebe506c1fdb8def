"""Real workers on servers of their own: started, killed, asked to stop."""

import asyncio
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nats
from nats.aio.client import Client

from core.config import Settings
from core.database_async import Database
from core.nats import RelayWaker
from events.log import EventLog
from events.schemas import EventBody
from events.subjects import job_filter
from features.jobs.models import Job
from features.jobs.transaction import JobTransactions
from tests.programs import PATIENCE_SECONDS, Program
from tests.running import settings
from tests.test_jobs.bench import Bench
from workers.embedded.nats import NatsServer

SECRET = "of the tests alone"
TASKS = "tests.test_jobs.worker_tasks"
OPTIONS = (
    *("--receiver", "core.broker:LeasedReceiver", "--workers", "1"),
    *("--wait-tasks-timeout", "5", "--no-configure-logging", "--max-fails", "1"),
)


class Note(NamedTuple):
    """What a task noted: whose, under which claim and attempt, in which process."""

    job_id: str
    claim: int
    attempt: int
    pid: int
    word: str


def read_notes(path: Path) -> list[Note]:
    """Return what tasks have noted in a file."""
    lines = path.read_text() if path.exists() else ""
    words = [line.split(" ", 4) for line in lines.splitlines()]
    return [Note(w[0], int(w[1]), int(w[2]), int(w[3]), w[4]) for w in words]


class Plant:
    """NATS, a relay, and as many workers as a test wants.

    `nats_url` names servers to use instead of one of its own; `changes` are settings.
    """

    def __init__(
        self, directory: Path, database_url: str, nats_url: str = "", **changes: str
    ) -> None:
        self.directory = directory
        self.database_url = database_url
        self.nats = NatsServer(directory / "nats")
        self._given_url = nats_url
        self._changes = changes
        self.data_dir = directory / "data"
        self.notes_file = directory / "notes"
        self.log = directory / "log"

    @property
    def nats_url(self) -> str:
        """The addresses of NATS, separated by commas."""
        return self._given_url or self.nats.url

    @contextmanager
    def program(self, *argv: str) -> Iterator[Program]:
        """Run a process until the block's end."""
        env = settings(
            self.data_dir,
            DATABASE_URL=self.database_url,
            NATS_URL=self.nats_url,
            SECRET_KEY=SECRET,
            WORKER_CONCURRENCY="1",
            UNKNOWN_TASK_SECONDS="1",
            **self._changes,
        )
        program = Program((sys.executable, *argv), env, self.log)
        try:
            yield program
        finally:
            program.kill()

    def worker(
        self, tasks: str = TASKS, at_once: int = 4
    ) -> AbstractContextManager[Program]:
        """Run a worker that knows the tasks of a module, until the block's end."""
        script = str(Path(sys.executable).parent / "taskiq")
        argv = ("worker", "workers.tasks:broker", tasks, *OPTIONS)
        return self.program(script, *argv, "--max-async-tasks", str(at_once))

    def notes(self, job_id: str | None = None) -> list[Note]:
        """Return what the tasks (of one job) have noted."""
        notes = read_notes(self.notes_file)
        return [note for note in notes if job_id in (None, note.job_id)]

    def lose_everything(self) -> None:
        """Stop NATS, delete all its data, and start it again."""
        self.nats.stop()
        shutil.rmtree(self.nats.directory)
        self.nats.start()


class Site:
    """What a test asks of a plant while it runs."""

    def __init__(self, plant: Plant, database: Database, client: Client) -> None:
        self.plant = plant
        self.bench = Bench(database)
        self.client = client
        wake = RelayWaker(client)
        self.transactions = JobTransactions(database, wake, Settings())

    async def start(self, task: str, seconds: float = 0.0, **changes: Any) -> str:
        """Start a job; return its id."""
        given = {"seconds": seconds, "notes": str(self.plant.notes_file)}
        return (await self.bench.start(task_name=task, input=given, **changes)).id

    async def job(self, job_id: str) -> Job:
        """Return the job's row."""
        return await self.bench.job(job_id)

    async def has(self, job_id: str, *statuses: str) -> Job:
        """Wait until the job has one of the statuses."""

        async def look() -> Job | None:
            job = await self.job(job_id)
            return job if job.status in statuses else None

        return await until(look)

    async def has_failed(self, job_id: str, attempt: int) -> None:
        """Wait until that attempt has failed and another is due later."""

        async def look() -> bool:
            job = await self.job(job_id)
            return (job.status, job.attempt) == ("QUEUED", attempt)

        await until(look)

    async def has_begun(self, job_id: str) -> Note:
        """Wait for the first note of the job's newest claim."""

        async def look() -> Note | None:
            claim = (await self.job(job_id)).claim
            notes = self.plant.notes(job_id)
            return next((note for note in notes if note.claim == claim), None)

        return await until(look)

    async def statuses(self, job_id: str) -> list[str]:
        """Return the last word of each published event of a job, in stream order."""

        async def look() -> list[EventBody] | None:
            log = EventLog(self.client)
            found = [one.body async for one in log.replay(0, job_filter(job_id))]
            job_seq = (await self.job(job_id)).job_seq
            return found if len(found) == job_seq else None

        return [body.status for body in await until(look)]

    async def waiting_tasks(self) -> int:
        """Return how many messages the work queue holds."""
        stream = await self.client.jetstream().stream_info("TASKS")
        return stream.state.messages

    async def queue_empties(self) -> None:
        """Wait until the work queue holds nothing."""

        async def look() -> bool:
            return await self.waiting_tasks() == 0

        await until(look)

    async def outbox_empties(self) -> None:
        """Wait until all that was written has been published."""

        async def look() -> bool:
            return await self.bench.count("outbox") == 0

        await until(look)


async def until[T](look: Callable[[], Awaitable[T | None]]) -> T:
    """Return the first answer that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await look()):
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.05)
    return found


async def connect(plant: Plant) -> Client:
    """Connect a test to the plant's NATS, also across its restarts."""
    return await nats.connect(
        plant.nats_url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.1
    )


def without_progress(statuses: list[str]) -> list[str]:
    """Leave progress out, of which there is more or less."""
    return [status for status in statuses if status != "progressed"]
