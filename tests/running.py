"""`python server.py` as a test drives it: started, watched, signalled."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from workers.embedded import process
from workers.supervisor.child import MARK

ROOT = Path(__file__).parents[1]
SERVING = re.compile(r"OneManage is serving on (http://127\.0\.0\.1:\d+)\n")
# What `ps` shows of each process.
PROCESSES = {
    "gateway": "uvicorn server:app",
    "event_consumer": "-m workers.event_consumer",
    "worker": "taskiq worker workers.tasks:broker",
    "relay": "-m workers.relay",
    "maintenance": "-m workers.maintenance",
    "postgres": "pginstall18/bin/postgres",
    "nats": "bin/nats-server",
}
PATIENCE_SECONDS = 180.0


def settings(data_dir: Path, **changes: str) -> dict[str, str]:
    """Return an environment without the settings of this machine."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ONEMANAGE_")}
    given = {"DATA_DIR": str(data_dir), "PORT": "0", "DEMO": "off"} | changes
    return kept | {f"ONEMANAGE_{name}": value for name, value in given.items()}


def refused(data_dir: Path, **changes: str) -> tuple[int, str]:
    """Start what cannot start; return its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "server.py"],
        cwd=ROOT,
        env=settings(data_dir, **changes),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def eventually[T](look: Callable[[], T | None]) -> T:
    """Return the first answer that is not None or empty; fail when none comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return found


class Running:
    """One supervisor with everything that it has started."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir.parent / f"{time.monotonic_ns()}.log"
        with self.log.open("wb") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "server.py"],
                cwd=ROOT,
                env=settings(data_dir),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.base_url = eventually(self._url)

    def _url(self) -> str | None:
        assert self.supervisor.poll() is None, self.output()
        match = SERVING.search(self.output())
        return match[1] if match else None

    def output(self) -> str:
        """Return all that was printed so far."""
        return self.log.read_text()

    def children(self) -> dict[str, psutil.Process]:
        """Return the processes by the names of what they are."""
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.supervisor.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            found |= {name: child for name, mark in PROCESSES.items() if mark in line}
        return found

    def everything(self) -> list[psutil.Process]:
        """Return the supervisor and all its descendants."""
        own = psutil.Process(self.supervisor.pid)
        return [own, *own.children(recursive=True)]

    def ask_to_stop(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        self.supervisor.send_signal(number)
        return self.supervisor.wait(PATIENCE_SECONDS)

    def kill(self) -> list[psutil.Process]:
        """Kill the supervisor alone; return the processes that it had started."""
        _, *others = self.everything()
        self.supervisor.kill()
        self.supervisor.wait()
        return others

    def leftovers(self) -> list[int]:
        """Return the ids of processes of this data directory that still run."""
        return process.marked(MARK, f"{self.data_dir}#") + [
            one.pid
            for one in psutil.process_iter()
            if str(self.data_dir) in " ".join(command_line(one))
        ]


def command_line(one: psutil.Process) -> list[str]:
    """Return how a process was started; nothing where it has ended."""
    try:
        return list(one.cmdline())
    except psutil.Error:
        return []
