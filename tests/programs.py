"""Processes that a test starts, kills, freezes and asks to stop."""

import os
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.running import ROOT, command_line
from workers.embedded.process import ending_with_parent

PATIENCE_SECONDS = 90.0


class Program:
    """A process of ours, with those that it has started."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        log: Path,
        cwd: Path = ROOT,
        stdin: int | None = None,
    ) -> None:
        with log.open("ab") as output:
            self.popen = subprocess.Popen(
                ending_with_parent(argv),
                cwd=cwd,
                env=env,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def tree(self) -> list[psutil.Process]:
        """Return the process and all its descendants."""
        return tree(self.popen.pid)

    def kill(self) -> None:
        """Kill all of it at once, without any warning."""
        kill_tree(self.popen)

    def kill_children(self) -> list[psutil.Process]:
        """Kill what this process itself has started; return all of the tree."""
        processes = self.tree()
        for child in psutil.Process(self.popen.pid).children():
            child.kill()
        return processes

    def terminate(self) -> None:
        """Ask it to stop."""
        self.popen.send_signal(signal.SIGTERM)


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all its descendants; nothing where it has ended."""
    try:
        own = psutil.Process(pid)
        return [own, *own.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def kill_tree(popen: subprocess.Popen[bytes]) -> None:
    """Kill a process with all its descendants, and wait until they are gone."""
    processes = tree(popen.pid)
    send(processes, signal.SIGKILL)
    popen.wait(PATIENCE_SECONDS)
    psutil.wait_procs(processes, PATIENCE_SECONDS)


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those of the processes that live."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def parsers(pid: int) -> list[psutil.Process]:
    """Return the processes that parse and draw for what runs below a process."""
    return [one for one in tree(pid) if "core.processes.child" in command_line(one)]


@contextmanager
def frozen(processes: Sequence[psutil.Process]) -> Iterator[None]:
    """Let processes stand still until the block's end.

    Frozen `parsers` keep a job from its end, however fast the machine is.
    """
    assert processes
    send(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        send(processes, signal.SIGCONT)


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
