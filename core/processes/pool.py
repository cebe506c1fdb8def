"""A pool of warm child processes for CPU work, used from asyncio."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from core.processes.worker import Worker


class ProcessPool:
    """Runs generator functions in `size` warm processes, each with its memory bounded.

    `preload` names modules that a process imports before its first call. A process
    dies with this one, and ignores the signals that a terminal or a service manager
    sends to whole groups: what runs is ended by `stream`'s caller, or by `close`.

    At most `spare` more may help calls that are under way already. They are processes
    of their own, so that a call never waits for another one's helper.
    """

    def __init__(
        self,
        size: int,
        *,
        memory_bytes: int,
        preload: Sequence[str] = (),
        spare: int = 0,
    ) -> None:
        self._size = size + spare
        self._spare = spare
        self._memory_bytes = memory_bytes
        self._preload = tuple(preload)
        self._idle: deque[Worker] = deque()
        self._waiters: deque[asyncio.Future[Worker]] = deque()
        self._workers: set[Worker] = set()
        self._starts: set[asyncio.Task[Worker]] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._open = False

    async def start(self) -> None:
        """Start the processes; return when all of them are warm."""
        self._open = True
        self._fill_up()
        try:
            await asyncio.gather(*self._starts)
        except BaseException:
            await self.close()
            raise

    def open(self) -> None:
        """Take calls; the processes start with the first one, which waits for them."""
        self._open = True

    async def close(self) -> None:
        """Kill every process, also one at work, and wait until all are gone."""
        self._open = False
        for start in self._starts:
            start.cancel()
        await asyncio.gather(*self._starts, return_exceptions=True)
        for worker in list(self._workers):
            self._bury(worker)
        self._idle.clear()
        while turn := self._next_turn():
            turn.set_exception(_closed())
        await asyncio.gather(*self._burials)

    async def stream[T](
        self,
        function: Callable[..., Iterator[T]],
        *args: Any,
        result_type: Any,
        timeout: float,
        **kwargs: Any,
    ) -> AsyncGenerator[T, None]:
        """Run a module-level generator function, and yield what it yields.

        Arguments cross by pickle, items by msgpack, decoded as `result_type` (a
        msgspec.Struct, or a tagged union of them). The function waits while the
        consumer is busy. Calls wait for a process in the order in which they came;
        `timeout`, in seconds, counts from when the call has one. Closing the generator,
        cancelling its task and the timeout kill the process: use it with
        `contextlib.aclosing` where it may be left early.

        Raises what the function raised, `ProcessTimeout`, `ProcessDied`, or
        `ProcessFailed` for an exception that cannot cross as itself.
        """
        worker = await self._take()
        async with aclosing(
            self._run(worker, function, args, kwargs, result_type, timeout)
        ) as items:
            async for item in items:
                yield item

    async def assist[T](
        self,
        function: Callable[..., Iterator[T]],
        *args: Any,
        result_type: Any,
        timeout: float,
        **kwargs: Any,
    ) -> AsyncGenerator[T, None]:
        """Run a function as `stream` does, or yield nothing where no process is spare.

        It is for what another call would do by itself: nobody waits for a helper.
        """
        worker = self._take_spare()
        if worker is None:
            return
        self._spare -= 1
        try:
            async with aclosing(
                self._run(worker, function, args, kwargs, result_type, timeout)
            ) as items:
                async for item in items:
                    yield item
        finally:
            self._spare += 1

    async def _run(
        self,
        worker: Worker,
        function: Callable[..., Iterator[Any]],
        args: Any,
        kwargs: Any,
        result_type: Any,
        timeout: float,
    ) -> AsyncGenerator[Any, None]:
        """Run a function in a process that was taken, and give that back."""
        decoder = msgspec.msgpack.Decoder(result_type)
        try:
            worker.call(function, args, kwargs)
            async with aclosing(worker.items(timeout)) as items:
                async for item in items:
                    yield decoder.decode(item)
        finally:
            self._give_back(worker)

    async def _take(self) -> Worker:
        """Return a warm worker: the one at rest, or the next that is ready or free."""
        if not self._open:
            raise _closed()
        while self._idle:
            worker = self._idle.pop()
            if worker.usable:
                return worker
            self._bury(worker)
        self._fill_up()
        turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        self._waiters.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if not turn.cancelled() and turn.exception() is None:
                self._give_back(turn.result())
            raise

    def _take_spare(self) -> Worker | None:
        """Return a worker at rest that is not needed for calls; None if there is none."""
        if not self._spare or not self._idle or not self._idle[-1].usable:
            return None
        return self._idle.pop()

    def _give_back(self, worker: Worker) -> None:
        if not worker.usable:
            self._bury(worker)
            self._fill_up()
        elif turn := self._next_turn():
            turn.set_result(worker)
        else:
            self._idle.append(worker)

    def _next_turn(self) -> asyncio.Future[Worker] | None:
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                return turn
        return None

    def _fill_up(self) -> None:
        """Start processes, in the background, until there are as many as there should."""
        if not self._open:
            return
        while len(self._workers) + len(self._starts) < self._size:
            start = asyncio.create_task(self._warm_up())
            self._starts.add(start)
            start.add_done_callback(self._started)

    async def _warm_up(self) -> Worker:
        worker = await Worker.spawn(self._memory_bytes)
        try:
            await worker.prepare(self._preload)
        except BaseException:
            self._bury(worker)
            raise
        return worker

    def _started(self, start: asyncio.Task[Worker]) -> None:
        self._starts.discard(start)
        if start.cancelled():
            return
        error = start.exception()
        if error is None:
            self._workers.add(start.result())
            self._give_back(start.result())
        elif turn := self._next_turn():
            turn.set_exception(error)
            self._fill_up()

    def _bury(self, worker: Worker) -> None:
        worker.kill()
        self._workers.discard(worker)
        burial = asyncio.create_task(worker.closed())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)


def _closed() -> RuntimeError:
    return RuntimeError("the process pool is not open")
