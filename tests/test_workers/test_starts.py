"""How each process refuses to start, and how it stops before it has really begun."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.config import Settings
from tests.programs import Program
from tests.running import ROOT, eventually, settings
from workers.supervisor.commands import Command, commands

COMMANDS = commands(Settings(_env_file=None, port=0))
WORKERS = [one for one in COMMANDS if one.name != "gateway"]
MISSING = [
    "ONEMANAGE_DATABASE_URL is missing: the database's address, "
    "postgresql://user:password@host:5432/database",
    "ONEMANAGE_NATS_URL is missing: the address of NATS, "
    "nats://user:password@host:4222",
    "ONEMANAGE_SECRET_KEY is missing: a long random text, the same for every process",
]
BUCKET = [
    f"ONEMANAGE_S3_{name} is missing: it goes with ONEMANAGE_S3_BUCKET"
    for name in ("ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
]
WRONG = [
    "ONEMANAGE_PORT: Input should be a valid integer, unable to parse string as an "
    "integer",
    "ONEMANAGE_NATS_URL: must be URLs such as nats://user:password@host:4222, "
    "separated by commas",
]
STOP_SECONDS = 2.0
# Of a machine that has other things to do.
SLACK_SECONDS = 18.0


def _named(command: Command) -> str:
    return command.name


def _said(
    argv: tuple[str, ...], data_dir: Path, **changes: str
) -> tuple[int, list[str]]:
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**settings(data_dir, **changes), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize("command", COMMANDS, ids=_named)
def test_what_is_missing_or_wrong_is_a_line_each(
    command: Command, tmp_path: Path
) -> None:
    code, said = _said(command.argv, tmp_path)
    # TaskIQ's manager tells of its own, and has its own exit code.
    is_managed = command.name == "worker"
    assert [line for line in said if "taskiq" not in line] == MISSING
    assert code == (255 if is_managed else 2)
    code, said = _said(command.argv, tmp_path, PORT="x", NATS_URL="http://h")
    assert [line for line in said if "taskiq" not in line] == WRONG
    assert code == (255 if is_managed else 2)


@pytest.mark.parametrize("command", COMMANDS, ids=_named)
def test_the_command_line_refuses_the_same(command: Command, tmp_path: Path) -> None:
    name = command.name.replace("_", "-")
    argv = (sys.executable, "-m", "workers.cli", name)
    assert _said(argv, tmp_path) == (2, MISSING)


def test_a_bucket_needs_what_goes_with_it(tmp_path: Path) -> None:
    argv = (sys.executable, "-m", "workers.relay")
    code, said = _said(
        argv,
        tmp_path,
        S3_BUCKET="b",
        DATABASE_URL="postgresql://h/d",
        NATS_URL="tls://h",
    )
    assert (code, said) == (2, BUCKET)


@pytest.mark.parametrize("command", WORKERS, ids=_named)
def test_one_that_waits_for_nats_stops_when_asked(
    command: Command, tmp_path: Path, unused_tcp_port: int
) -> None:
    changes = {
        "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d",
        "NATS_URL": f"nats://127.0.0.1:{unused_tcp_port}",
        "SECRET_KEY": "for tests",
    }
    code, log = _stopped(command, tmp_path, changes, "NATS: ConnectionRefusedError")
    assert code == 0
    assert "Traceback" not in log


# A TaskIQ worker says nothing once it runs, and needs PostgreSQL by its first task.
@pytest.mark.parametrize(
    "command", [one for one in WORKERS if one.name != "worker"], ids=_named
)
def test_one_that_waits_for_postgresql_stops_when_asked(
    command: Command, tmp_path: Path, unused_tcp_port: int, nats_url: str
) -> None:
    changes = {
        "DATABASE_URL": f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d",
        "NATS_URL": nats_url,
        "SECRET_KEY": "for tests",
    }
    code, log = _stopped(command, tmp_path, changes, "is running")
    assert code == 0
    assert "Traceback" not in log


def _stopped(
    command: Command, tmp_path: Path, changes: dict[str, str], words: str
) -> tuple[int, str]:
    """Start a process, ask it to stop once it has said so; return how that ended."""
    log = tmp_path / "log"
    env = {**settings(tmp_path / "data", **changes), "PYTHONPATH": str(ROOT)}
    program = Program(command.argv, env, log)
    try:
        eventually(lambda: words in log.read_text() or program.popen.poll() is not None)
        time.sleep(0.5)
        since = time.monotonic()
        program.popen.send_signal(signal.SIGTERM)
        code = program.popen.wait(30)
        assert time.monotonic() - since < STOP_SECONDS + SLACK_SECONDS
    finally:
        program.kill()
    return code, log.read_text()
