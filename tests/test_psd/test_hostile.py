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
from tests.test_psd.hostile_files import INVENTED
from tests.test_psd.outcomes import HOSTILE

# Of CPU: others may be at work on the machine.
SECONDS = 5
BYTES = 1024**3


def test_the_table_names_every_hostile_file(corpus: Path) -> None:
    found = {path.name for path in (corpus / "hostile").glob("*.psd")}
    assert found == set(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(corpus: Path, tmp_path: Path, name: str) -> None:
    _check(corpus / "hostile" / name, tmp_path, HOSTILE[name])


@pytest.mark.parametrize("name", INVENTED)
def test_invented(tmp_path: Path, name: str) -> None:
    make, code = INVENTED[name]
    source = tmp_path / "hostile.psd"
    source.write_bytes(make())
    _check(source, tmp_path, code)


def _check(source: Path, out: Path, expected: str) -> None:
    """Parse in a process that cannot have more memory than allowed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_attempt, args=(source, out, theirs))
    process.start()
    theirs.close()
    assert ours.poll(120), "it hangs"
    code, message, seconds, peak = ours.recv()
    process.join()
    assert (code, message == "") == (expected, expected == "")
    assert not message or message.startswith(("The ", "This ", "Groups "))
    assert "Error" not in message
    assert seconds < SECONDS
    assert peak < BYTES


def _attempt(source: Path, out: Path, answer: Connection) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (BYTES, BYTES))
    start = time.process_time()
    code, message = "", ""
    try:
        run(source, out)
    except PsdError as error:
        code, message = error.code.value, error.message
    answer.send((code, message, time.process_time() - start, _peak()))


def _peak() -> int:
    """Return this process' peak memory; getrusage on Linux includes the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
