"""One process of ours as a child: started, heard, ended with all its descendants."""

import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from typing import IO

from workers.embedded import process
from workers.supervisor.commands import ROOT, Command

# In each descendant's environment: "<data directory>#<process name>".
MARK = "ONEMANAGE_SUPERVISED"
Echo = Callable[[str, str], None]


class Child:
    """A command that runs in the project's folder with an environment of its own."""

    def __init__(
        self, command: Command, data_dir: Path, env: Mapping[str, str], echo: Echo
    ) -> None:
        self.name = command.name
        self.command = command
        self.mark = f"{data_dir}#{command.name}"
        self.env = env
        self.echo = echo
        self.child: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        """End what a predecessor left behind and start the process."""
        self._end_descendants()
        self.child = process.spawn(
            process.ending_with_parent(self.command.argv),
            output=subprocess.PIPE,
            env={**self.env, MARK: self.mark},
            cwd=ROOT,
        )
        assert self.child.stdout is not None
        Thread(target=self._listen, args=[self.child.stdout], daemon=True).start()
        return self.child

    def stop(self) -> None:
        """End the process in order, by force if it takes too long."""
        if self.child is not None:
            signals = (signal.SIGTERM, signal.SIGKILL)
            process.end_child(self.child, signals, self.command.stop_seconds)
            self._end_descendants()

    def _end_descendants(self) -> None:
        process.kill(process.marked(MARK, self.mark))

    def _listen(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.echo(self.name, line.decode(errors="replace").rstrip("\r\n"))


def end_leftovers(data_dir: Path) -> None:
    """End the processes that a killed supervisor of this data directory left."""
    process.kill(process.marked(MARK, f"{data_dir}#"))
