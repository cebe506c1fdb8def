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
    """

    def __init__(
        self, size: int, *, memory_bytes: int, preload: Sequence[str] = ()
    ) -> None:
        self._size = size
        self._memory_bytes = memory_bytes
        self._preload = tuple(preload)
        self._turns = asyncio.Semaphore(size)
        self._slots: deque[asyncio.Future[Worker]] = deque()
        self._workers: set[Worker] = set()
        self._burials: set[asyncio.Task[None]] = set()
        self._open = False

    async def start(self) -> None:
        """Start the processes; return when all of them are warm."""
        self._open = True
        self._slots.extend(self._warm_up() for _ in range(self._size))
        try:
            await asyncio.gather(*self._slots)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Kill every process, also one at work, and wait until all are gone."""
        self._open = False
        for slot in self._slots:
            slot.cancel()
        await asyncio.gather(*self._slots, return_exceptions=True)
        self._slots.clear()
        for worker in list(self._workers):
            self._bury(worker)
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
        decoder = msgspec.msgpack.Decoder(result_type)
        async with self._turns:
            worker = await self._take()
            try:
                worker.call(function, args, kwargs)
                async with aclosing(worker.items(timeout)) as items:
                    async for item in items:
                        yield decoder.decode(item)
            finally:
                self._give_back(worker)

    async def _take(self) -> Worker:
        """Return a warm worker; the semaphore sees to it that there is a slot."""
        while self._open:
            slot = self._slots.popleft()
            try:
                worker = await asyncio.shield(slot)
            except asyncio.CancelledError:
                if not slot.cancelled():
                    self._slots.appendleft(slot)
                    raise
                continue
            except Exception:
                self._slots.append(self._warm_up())
                raise
            if worker.usable:
                return worker
            self._give_back(worker)
        raise RuntimeError("the process pool is not open")

    def _give_back(self, worker: Worker) -> None:
        if worker.usable:
            slot = asyncio.get_running_loop().create_future()
            slot.set_result(worker)
            self._slots.appendleft(slot)
            return
        self._bury(worker)
        if self._open:
            self._slots.append(self._warm_up())

    def _warm_up(self) -> asyncio.Future[Worker]:
        return asyncio.create_task(self._spawn())

    async def _spawn(self) -> Worker:
        worker = await Worker.spawn(self._memory_bytes)
        self._workers.add(worker)
        try:
            await worker.prepare(self._preload)
        except BaseException:
            self._bury(worker)
            raise
        return worker

    def _bury(self, worker: Worker) -> None:
        worker.kill()
        self._workers.discard(worker)
        burial = asyncio.create_task(worker.closed())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)
