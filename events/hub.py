"""The hub: what one gateway process has seen of the event log, handed to its watchers.

One tail feeds all watchers. What the hub must ask of PostgreSQL comes to it as a
protocol, `JobHeads`.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final, NamedTuple, Protocol

import nats.errors
from loguru import logger
from nats.aio.client import Client

from events.cursor import Position
from events.log import EventLog, Recorded
from events.subjects import ALL_EVENTS, Transition, matches, trailing_id, without_id
from events.tail import Tail

CHECK_SECONDS: Final = 30.0
CHECK_DELAY_SECONDS: Final = 0.02
PASSING_SECONDS: Final = 5.0
BUFFERED_EVENTS: Final = 1024


class JobHead(NamedTuple):
    """A row's job_seq, and the lowest number that is still in the outbox."""

    job_seq: int
    first_waiting: int | None

    @property
    def published(self) -> int:
        """The highest job_seq that must be in the event log."""
        return self.job_seq if self.first_waiting is None else self.first_waiting - 1


class JobHeads(Protocol):
    """Where the jobs stand in PostgreSQL."""

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return the heads of the jobs that exist."""


class Restarted:
    """The log is another or was cut: what was buffered before is void."""


type Signal = Recorded | JobHead | Restarted


class Watch:
    """A bounded buffer of what one subscription has yet to read.

    A full one is emptied and marked: its reader goes back to the log.
    """

    def __init__(self) -> None:
        self._buffer: deque[Signal] = deque()
        self._ready = asyncio.Event()
        self._overflowed = False

    def push(self, signal: Signal) -> None:
        """Add a signal without waiting."""
        if isinstance(signal, Restarted):
            self._buffer.clear()
            self._overflowed = False  # the reader is to learn of the restart
        elif len(self._buffer) >= BUFFERED_EVENTS:
            self._buffer.clear()
            self._overflowed = True
        if not self._overflowed:
            self._buffer.append(signal)
        self._ready.set()

    async def next(self) -> Signal | None:
        """Wait for the next signal; None where the buffer overflowed before it."""
        while not self._buffer and not self._overflowed:
            self._ready.clear()
            await self._ready.wait()
        if self._overflowed:
            self._overflowed = False
            return None
        return self._buffer.popleft()


class Hub:
    """Follows the event log and hands every event to those who watch for it."""

    def __init__(self, client: Client, heads: JobHeads) -> None:
        self.log = EventLog(client)
        self._heads = heads
        self._tail = Tail(
            client,
            self.log,
            on_event=self._dispatch,
            on_restart=self._restart,
            on_attached=self._attach,
        )
        self._by_job: dict[str, set[Watch]] = {}
        self._by_pattern: dict[Watch, str] = {}
        self._check_wanted = asyncio.Event()
        self._moved = asyncio.Event()
        self._attached = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> Position | None:
        """What the hub has seen; None until it has reached NATS for the first time."""
        return self._tail.position

    @property
    def is_following(self) -> bool:
        """True while the hub hears of the log."""
        return self.position is not None and self._tail.is_alive

    async def reach(self) -> Position:
        """Wait until the hub follows the log; return what it has seen."""
        while self.position is None:
            await self._attached.wait()
        return self.position

    async def start(self) -> None:
        """Begin to follow the log, in the background."""
        self._tasks = [
            asyncio.create_task(self._tail.run()),
            asyncio.create_task(self._check_for_ever()),
        ]

    async def close(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextmanager
    def watch_job(self, job_id: str) -> Iterator[Watch]:
        """Buffer a job's events from now on."""
        watch = Watch()
        watchers = self._by_job.setdefault(job_id, set())
        watchers.add(watch)
        try:
            yield watch
        finally:
            watchers.discard(watch)
            if not watchers and self._by_job.get(job_id) is watchers:
                del self._by_job[job_id]

    @contextmanager
    def watch_subjects(self, pattern: str) -> Iterator[Watch]:
        """Buffer, from now on, the events whose subject without its id is covered."""
        watch = Watch()
        self._by_pattern[watch] = pattern
        try:
            yield watch
        finally:
            del self._by_pattern[watch]

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return where jobs stand in PostgreSQL."""
        return await self._heads.heads(job_ids)

    async def creation(self) -> int:
        """Return when the stream was made, in microseconds since 1970."""
        if self.position is not None:
            return self.position.creation
        return (await self.log.state()).creation

    async def wait_for_end(self, watch: Watch) -> None:
        """Read a job's watch until the job's terminal event."""
        while True:
            signal = await watch.next()
            if isinstance(signal, Recorded) and is_terminal(signal):
                return

    def request_check(self) -> None:
        """Have the watched jobs compared with PostgreSQL soon, all of them at once."""
        self._check_wanted.set()

    def _attach(self) -> None:
        self._attached.set()
        self.request_check()

    def _dispatch(self, event: Recorded) -> None:
        for watch in self._by_job.get(trailing_id(event.subject), ()):
            watch.push(event)
        if self._by_pattern:
            subject = without_id(event.subject)
            for watch, pattern in self._by_pattern.items():
                if matches(pattern, subject):
                    watch.push(event)
        self._moved.set()

    def _restart(self) -> None:
        for watchers in self._by_job.values():
            for watch in watchers:
                watch.push(Restarted())
        for watch in self._by_pattern:
            watch.push(Restarted())

    async def _check_for_ever(self) -> None:
        """Run the silence check when asked, and every CHECK_SECONDS."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECK_SECONDS):
                    await self._check_wanted.wait()
            await asyncio.sleep(CHECK_DELAY_SECONDS)
            self._check_wanted.clear()
            try:
                await self._check()
            except (nats.errors.Error, TimeoutError, OSError) as error:
                logger.debug("the silence check waits for NATS: {!r}", error)
            except Exception as error:  # PostgreSQL may be away; the next check is due
                logger.warning("the silence check failed: {!r}", error)

    async def _check(self) -> None:
        """Tell every watch what must have been sent once the hub has passed the end."""
        watched = {job: tuple(watches) for job, watches in self._by_job.items()}
        if not watched:
            return
        heads = await self._heads.heads(list(watched))
        state = await self.log.state()
        if not await self._passed(state.creation, state.last):
            self.request_check()
            return
        for job_id, head in heads.items():
            for watch in watched[job_id]:
                if watch in self._by_job.get(job_id, ()):
                    watch.push(head)

    async def _passed(self, creation: int, sequence: int) -> bool:
        """Wait some seconds for the tail to reach a sequence of the same stream.

        Where it does not, what lay there may be gone: then it has passed the rest.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PASSING_SECONDS):
                while not self._is_at(creation, sequence):
                    self._moved.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(0.25):
                            await self._moved.wait()
                return True
        here = self.position
        if here is None or here.creation != creation:
            return False
        return await self.log.next(ALL_EVENTS, here.sequence) is None

    def _is_at(self, creation: int, sequence: int) -> bool:
        here = self.position
        return (
            here is not None and here.creation == creation and here.sequence >= sequence
        )


def is_terminal(event: Recorded) -> bool:
    """Tell whether an event of a job is its last one."""
    status = without_id(event.subject).rpartition(".")[2]
    return (
        event.is_readable
        and bool(event.body.job)
        and status in Transition
        and Transition(status).is_terminal
    )
