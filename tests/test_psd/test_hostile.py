"""Files made to hurt: each ends in a clear error, in seconds, in little memory."""

import multiprocessing
import resource
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from features.psd.exceptions import PsdError
from tests.test_psd.documents import run
from tests.test_psd.outcomes import HOSTILE

SECONDS = 5
BYTES = 1024**3


def test_the_table_names_every_hostile_file(corpus: Path) -> None:
    found = {path.name for path in (corpus / "hostile").glob("*.psd")}
    assert found == set(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(corpus: Path, tmp_path: Path, name: str) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    source = corpus / "hostile" / name
    process = context.Process(target=_attempt, args=(source, tmp_path, theirs))
    process.start()
    theirs.close()
    assert ours.poll(60), "it hangs"
    code, message, seconds, peak = ours.recv()
    process.join()
    assert code == HOSTILE[name]
    assert message.startswith("The ") or message.startswith(("This ", "Groups "))
    assert "Error" not in message
    assert seconds < SECONDS
    assert peak < BYTES


def _attempt(source: Path, out: Path, answer: Connection) -> None:
    start = time.monotonic()
    code, message = "", ""
    try:
        run(source, out)
    except PsdError as error:
        code, message = error.code.value, error.message
    answer.send((code, message, time.monotonic() - start, _peak()))


def _peak() -> int:
    """Return this process' peak memory; getrusage on Linux includes the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
