"""How a child is ended, heard, and started again ever more slowly."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from core.config import get_settings
from workers.supervisor import keeper
from workers.supervisor.child import Child
from workers.supervisor.commands import Command
from workers.supervisor.keeper import Keeper, describe
from workers.supervisor.output import echo

DIES = "print('bye', flush=True); raise SystemExit(3)"
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
heir = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(heir.pid, flush=True)
time.sleep(60)
"""


def _child(tmp_path: Path, code: str, heard: list[tuple[str, str]]) -> Child:
    command = Command("stand-in", (sys.executable, "-c", code), stop_seconds=0.2)
    return Child(
        command, tmp_path, os.environ, lambda name, line: heard.append((name, line))
    )


def test_waits_grow_while_a_child_dies_at_once(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    child = _child(tmp_path, DIES, heard)
    child.launch()
    kept = Keeper(child)
    waits: list[float] = []
    while len(waits) < 3:
        kept.check()
        if kept.wait not in waits and kept.wait:
            waits.append(kept.wait)
        time.sleep(0.01)
    assert waits == [0.2, 0.4, 0.8]
    assert heard[:2] == [("stand-in", "bye"), ("stand-in", "bye")]


def test_a_child_that_lived_long_starts_again_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "STEADY_SECONDS", 0.0)
    child = _child(tmp_path, DIES, [])
    child.launch().wait()
    kept = Keeper(child)
    kept.wait = 12.8
    assert kept.check() is False
    assert kept.wait == 0.2
    time.sleep(0.25)
    assert kept.check() is True
    child.stop()


def test_what_does_not_heed_is_killed_with_its_descendants(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    child = _child(tmp_path, STUBBORN, heard)
    process = child.launch()
    while not heard:
        time.sleep(0.01)
    child.stop()
    assert process.returncode == -signal.SIGKILL
    with pytest.raises(ProcessLookupError):
        os.kill(int(heard[0][1]), 0)


@pytest.mark.parametrize(
    ("code", "words"), [(3, "exit code 3"), (-9, "SIGKILL"), (-60, "signal 60")]
)
def test_an_end_in_words(code: int, words: str) -> None:
    assert describe(code) == words


def test_lines_for_machines_are_json_each(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEMANAGE_LOG_FORMAT", "json")
    get_settings.cache_clear()
    echo("relay", '{"message": "as it came"}')
    echo("relay", "Traceback: «ä»")
    get_settings.cache_clear()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert lines == [
        {"message": "as it came"},
        {"process": "relay", "message": "Traceback: «ä»"},
    ]


def test_lines_for_people_bear_the_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEMANAGE_LOG_FORMAT", "text")
    monkeypatch.setenv("NO_COLOR", "1")
    get_settings.cache_clear()
    echo("relay", "12:00:00 INFO    relay is running")
    get_settings.cache_clear()
    assert capsys.readouterr().err == (
        "relay          12:00:00 INFO    relay is running\n"
    )
