"""Processes: start one so that it ends with its parent, find it again, end it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil

CLOCK_TOLERANCE_SECONDS = 2.0


@lru_cache
def setpriv() -> str | None:
    """Return util-linux' setpriv where it can set the signal of a parent's death."""
    path = shutil.which("setpriv") if sys.platform == "linux" else None
    if path is None:
        return None
    usage = subprocess.run([path, "--help"], capture_output=True, text=True).stdout
    return path if "--pdeathsig" in usage and "--ambient-caps" in usage else None


def ending_with_parent(argv: Sequence[str], death_signal: str = "TERM") -> list[str]:
    """Wrap a command so that Linux ends it when the thread that starts it ends."""
    tool = setpriv()
    prefix = [tool, "--pdeathsig", death_signal, "--"] if tool else []
    return [*prefix, *argv]


def spawn(
    argv: Sequence[str],
    *,
    output: Any,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own, so that Ctrl-C reaches the parent only."""
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env) if env is not None else None,
        cwd=cwd,
        start_new_session=True,
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
    )


def started_at(pid: int) -> float | None:
    """Return when a process was started (seconds since 1970), None if it is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def find_again(pid: object, started: object, mark: str) -> psutil.Process | None:
    """Return the process of a former run.

    It must have that id, that start time and the mark in its command line: a
    number alone may belong to a stranger by now.
    """
    if not isinstance(pid, int) or not isinstance(started, int | float):
        return None
    try:
        process = psutil.Process(pid)
        same_start = abs(process.create_time() - started) <= CLOCK_TOLERANCE_SECONDS
        ours = mark in "\0".join(process.cmdline())
        alive = process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return None
    return process if same_start and ours and alive else None


def end(process: psutil.Process, signals: Sequence[int], wait: float) -> None:
    """Send one signal after the other, waiting for the process' end after each."""
    for number in signals:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        try:
            process.wait(wait)
        except psutil.TimeoutExpired:
            continue
        return


def end_child(
    child: subprocess.Popen[bytes], signals: Sequence[int], wait: float
) -> None:
    """End a child of this process as `end` does, and reap it."""
    for number in signals:
        if child.poll() is not None:
            return
        child.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            child.wait(wait)


def tail(path: Path, lines: int = 12) -> str:
    """Return the last lines of a log file, for an error message."""
    try:
        text = path.read_bytes()[-8192:].decode(errors="replace")
    except OSError:
        return ""
    return os.linesep.join(text.splitlines()[-lines:])


def working_in(directory: Path, name: str) -> list[int]:
    """Return the ids of the processes of that name whose working directory it is."""
    found = []
    for candidate in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if candidate.name() == name and candidate.cwd() == str(directory):
                found.append(candidate.pid)
    return found


def marked(variable: str, prefix: str) -> list[int]:
    """Return the ids of the processes with an environment variable that starts so."""
    found = []
    for candidate in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if candidate.environ().get(variable, "").startswith(prefix):
                found.append(candidate.pid)
    return found


def kill(pids: Sequence[int]) -> None:
    """Kill processes and wait until they are gone."""
    killed = []
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            process.kill()
            killed.append(process)
    psutil.wait_procs(killed, timeout=5)
