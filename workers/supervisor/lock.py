"""One supervisor per data directory, by a lock that ends with its holder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from workers.supervisor.errors import StartRefused

STOPPING = "stopping"
# How long a start waits for a predecessor that is stopping.
PATIENCE_SECONDS = 30.0


class Lock:
    """The lock that is held; its file tells others by whom."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self._write(str(os.getpid()))

    def leave(self) -> None:
        """Tell a successor that it need not wait long."""
        self._write(f"{os.getpid()} {STOPPING}")

    def _write(self, text: str) -> None:
        self.file.truncate(0)
        self.file.write(text)
        self.file.flush()


@contextmanager
def only_one(data_dir: Path) -> Iterator[Lock]:
    """Hold the data directory's lock; refuse while another process holds it."""
    with (data_dir / "run" / "lock").open("a+") as file:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _try(file):
            file.seek(0)
            holder, *state = file.read().split() or ["unknown"]
            if STOPPING not in state or time.monotonic() > deadline:
                raise StartRefused(
                    f"OneManage is running already on {data_dir} (process {holder}); "
                    "stop it, or choose another ONEMANAGE_DATA_DIR."
                )
            time.sleep(0.1)
        yield Lock(file)


def _try(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
