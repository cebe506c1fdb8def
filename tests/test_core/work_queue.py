"""The work queue on a real server, and tasks that note their runs."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from core.base import new_id
from core.broker import LeasedBroker, LeasedReceiver, Settlement
from core.task_queue import TASK_STREAM, TaskPriority, task_message, task_subject

type Work = Callable[[str], Awaitable[Settlement]]
TASK = "tests.work"


class Queue:
    """The TASKS stream, and workers in this process that run one task from it."""

    def __init__(self, url: str, client: Client, jetstream: JetStreamContext) -> None:
        self.url = url
        self.client = client
        self.jetstream = jetstream
        self.buried: list[tuple[bytes, str]] = []

    async def put(
        self,
        message: bytes,
        job_id: str,
        priority: TaskPriority = TaskPriority.INTERACTIVE,
    ) -> None:
        """Publish a message as the relay would."""
        await self.jetstream.publish(task_subject(priority, job_id), message)

    async def put_job(self, priority: TaskPriority = TaskPriority.INTERACTIVE) -> str:
        """Publish the task of a new job; return the job's id."""
        job_id = new_id("job")
        await self.put(task_message(TASK, job_id), job_id, priority)
        return job_id

    async def size(self) -> int:
        """Return how many messages the stream holds."""
        return (await self.jetstream.stream_info(TASK_STREAM)).state.messages

    async def empties(self) -> None:
        """Wait until every message has been settled for good."""
        async with asyncio.timeout(30):
            while await self.size():
                await asyncio.sleep(0.02)

    async def has_delivered(self, times: int) -> None:
        """Wait until the stream has handed out that many deliveries."""
        async with asyncio.timeout(30):
            while True:
                with suppress(NotFoundError):
                    info = await self.jetstream.consumer_info(
                        TASK_STREAM, TaskPriority.INTERACTIVE.consumer
                    )
                    if info.delivered and info.delivered.consumer_seq >= times:
                        return
                await asyncio.sleep(0.005)

    @asynccontextmanager
    async def worker(
        self, work: Work, at_once: int = 10
    ) -> AsyncIterator[LeasedBroker]:
        """Run a worker until the block's end; it is then shut down in order."""
        broker = LeasedBroker(
            self.url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.1
        )
        broker.is_worker_process = True
        broker.bury = self._bury
        broker.register_task(work, task_name=TASK)
        receiver = LeasedReceiver(broker, max_async_tasks=at_once, wait_tasks_timeout=5)
        finish = asyncio.Event()
        listening = asyncio.create_task(receiver.listen(finish))
        try:
            yield broker
        finally:
            finish.set()
            async with asyncio.timeout(10):
                await listening
            await broker.shutdown()

    async def _bury(self, message: bytes, reason: str) -> None:
        self.buried.append((message, reason))


class Recorder:
    """A task that notes its runs and does what the test says with each."""

    def __init__(
        self, do: Callable[[int], Awaitable[Settlement]] | None = None
    ) -> None:
        self.runs: list[str] = []
        self.times: list[float] = []
        self._do = do

    async def __call__(self, job_id: str) -> Settlement:
        self.runs.append(job_id)
        self.times.append(time.monotonic())
        return await self._do(len(self.runs)) if self._do is not None else None

    @property
    def task(self) -> Work:
        """The task as TaskIQ takes it: a coroutine function with type hints."""

        async def work(job_id: str) -> Settlement:
            return await self(job_id)

        return work

    async def has_run(self, times: int) -> None:
        """Wait until the task has been begun that often."""
        await wait_until(lambda: len(self.runs) >= times)


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is the case."""
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.005)
