"""What both embedded servers have in common: launch, readiness, stop."""

import signal
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import IO

from workers.embedded import process, state

START_SECONDS = 30.0
STOP_SECONDS = 8.0
LOG_BYTES = 8 * 1024**2


class ServerError(RuntimeError):
    """An embedded server cannot run; the message says what to do."""


class EmbeddedServer(ABC):
    """One server process with its data below ``data_dir/<name>``."""

    name: str
    stop_signal: signal.Signals = signal.SIGTERM

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = state.prepare_data_dir(data_dir)
        self.directory = self.data_dir / self.name
        self.state_file = self.data_dir / "run" / f"{self.name}.json"
        self.log_file = self.data_dir / "logs" / f"{self.name}.log"
        self.child: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients, with user and password."""

    @abstractmethod
    def prepare(self) -> None:
        """Make what the first start needs; harmless when repeated."""

    @abstractmethod
    def command(self) -> tuple[list[str], int | None, int | None]:
        """Return the command with the user and group ids to run it as."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Tell whether the process started here serves clients."""

    def launch(self) -> subprocess.Popen[bytes]:
        """End a leftover of a former run and start the server, without waiting."""
        self.end_leftover()
        self.port = state.kept_port(self.state_file)
        self.prepare()
        argv, user, group = self.command()
        with self._open_log() as log:
            self.child = process.spawn(
                argv, output=log, cwd=self.data_dir, user=user, group=group
            )
        state.write_state(
            self.state_file,
            pid=self.child.pid,
            started=process.started_at(self.child.pid),
        )
        return self.child

    def start(self, timeout: float = START_SECONDS) -> None:
        """Launch and wait for readiness; raise ServerError with the log's end."""
        self.launch()
        self.wait_until_ready(timeout)

    def wait_until_ready(self, timeout: float = START_SECONDS) -> None:
        """Wait until what was launched serves; raise ServerError with the log's end."""
        child = self.child
        assert child is not None
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            if child.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServerError(
                    f"{self.name} did not start:\n{process.tail(self.log_file)}"
                )
            time.sleep(0.03)

    def stop(self) -> None:
        """Stop the server in order, by force if it takes too long."""
        if self.child is not None:
            signals = (self.stop_signal, signal.SIGKILL)
            process.end_child(self.child, signals, STOP_SECONDS)

    def end_leftover(self) -> None:
        """Stop the server of a former run that outlived its parent."""
        kept = state.read_state(self.state_file)
        mark = str(self.data_dir)
        orphan = process.find_again(kept.get("pid"), kept.get("started"), mark)
        if orphan is not None:
            process.end(orphan, (self.stop_signal, signal.SIGKILL), STOP_SECONDS)

    def _open_log(self) -> IO[bytes]:
        fresh = self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES
        return self.log_file.open("wb" if fresh else "ab")
