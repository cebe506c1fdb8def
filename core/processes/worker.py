"""The owner's side of one child process."""

import asyncio
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from socket import socketpair
from typing import Any, Final, Self

from core.processes.errors import ProcessDied, ProcessTimeout, load_error
from core.processes.frames import Frame, Kind, header, receive
from core.processes.logs import ChildLog

_ROOT: Final = Path(__file__).parents[2]
# What a child may tell in advance; it works on while what it told is being stored.
_BUFFER_BYTES: Final = 4 * 1024 * 1024
_START_SECONDS: Final = 60.0
_GRACE_SECONDS: Final = 1.0
_MAXRSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Worker:
    """A warm process that runs one call at a time."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        log: ChildLog,
        memory_bytes: int,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._log = log
        self._memory_bytes = memory_bytes
        # Linux counts what the owner held at the start as the process' own peak.
        self._inherited = getrusage(RUSAGE_SELF).ru_maxrss * _MAXRSS_UNIT
        self._oom_kills = _oom_kills()
        self._sound = False
        self._exit: asyncio.Task[int] | None = None

    @classmethod
    async def spawn(cls, memory_bytes: int) -> Self:
        """Start a process, which `prepare` makes ready for calls.

        Call it in a thread that outlives the process (the event loop's): on Linux the
        kernel kills the process when the thread that started it ends.
        """
        ours, theirs = socketpair()
        with theirs:
            stream = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER_BYTES)
            log, output = await ChildLog.open()
            with output:
                process = _start(theirs.fileno(), output.fileno(), memory_bytes)
        return cls(process, *stream, log, memory_bytes)

    @property
    def usable(self) -> bool:
        """True while the process is alive, at rest and sound."""
        return self._sound and self._exit is None and not self._reader.at_eof()

    async def prepare(self, modules: Sequence[str]) -> None:
        """Wait until the process has imported the modules; raises what they raise."""
        self._send(Kind.SETUP, pickle.dumps((sys.path, tuple(modules))))
        async with asyncio.timeout(_START_SECONDS):
            kind, body = await self._receive()
        if kind is Kind.ERROR:
            raise load_error(body)
        self._sound = True

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
        """Send the call; what comes of it is read by `items`."""
        body = pickle.dumps((function, args, kwargs))
        self._sound = False
        self._oom_kills = _oom_kills()
        self._log.begin_call()
        self._send(Kind.CALL, body)

    async def items(self, timeout: float) -> AsyncGenerator[bytes, None]:
        """Yield each item as its msgpack bytes; raise what the function raised."""
        deadline = asyncio.get_running_loop().time() + timeout
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    kind, body = await self._receive()
            except TimeoutError:
                raise ProcessTimeout(timeout) from None
            if kind is not Kind.ITEM:
                self._log.flush()
            if kind is Kind.DONE:
                self._sound = True
                return
            if kind is Kind.ERROR:
                error = load_error(body)
                self._sound = not isinstance(error, MemoryError)
                raise error
            yield body

    def kill(self) -> None:
        """End the process at once, and reap it in the background."""
        if self._exit is None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._exit = asyncio.create_task(self._reap())

    async def closed(self) -> None:
        """Wait until the killed process is gone."""
        if self._exit is not None:
            await asyncio.shield(self._exit)

    def _send(self, kind: Kind, body: bytes) -> None:
        self._writer.write(header(kind, body))
        self._writer.write(body)

    async def _receive(self) -> Frame:
        try:
            return await receive(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._autopsy() from None

    async def _autopsy(self) -> ProcessDied:
        """Tell how the process ended, which it has or is about to."""
        if self._exit is None:
            self._exit = asyncio.create_task(self._reap())
        _, pending = await asyncio.wait({self._exit}, timeout=_GRACE_SECONDS)
        if pending:
            os.kill(self._process.pid, signal.SIGKILL)
        max_rss = await asyncio.shield(self._exit)
        out_of_memory = (
            max_rss >= max(0.8 * self._memory_bytes, self._inherited + 1)
            or self._log.tells_of_memory
            or _oom_kills() > self._oom_kills
        )
        return ProcessDied(self._process.returncode, out_of_memory=out_of_memory)

    async def _reap(self) -> int:
        """Wait for the process' end; return the most memory it held, in bytes."""
        _, status, usage = await asyncio.to_thread(os.wait4, self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._writer.close()
        await self._log.drained(_GRACE_SECONDS)
        return usage.ru_maxrss * _MAXRSS_UNIT


def _start(connection: int, output: int, memory_bytes: int) -> subprocess.Popen[bytes]:
    arguments = [str(connection), str(os.getpid()), str(memory_bytes)]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "core.processes.child", *arguments],
        pass_fds=[connection],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=_environment(),
        process_group=0,
    )


def _environment() -> dict[str, str]:
    """Let the child find this code, and keep to one core in numpy's libraries."""
    one_core = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return one_core | os.environ | {"PYTHONPATH": path}


def _oom_kills() -> int:
    """Count the processes that Linux has killed for want of memory; 0 elsewhere."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
