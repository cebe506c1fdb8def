"""The command line: what it says, what it refuses, and the commands that it runs."""

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.main import get_command
from typer.testing import CliRunner

from core.config import Settings, get_settings
from resolvers.snapshot import SNAPSHOT
from tests.running import ROOT, Running, eventually, settings
from workers.cli import app, main
from workers.supervisor.commands import Command, commands, migrate

SUMMARIES = {
    "migrate": "Bring the database to the newest version.",
    "seed": "Send the sample design through the public API of a running gateway.",
    "gateway": "Run the gateway alone.",
    "worker": "Run a TaskIQ worker alone.",
    "event-consumer": "Run the event consumer alone.",
    "relay": "Run the outbox relay alone.",
    "maintenance": "Run maintenance alone.",
    "schema": "Print the GraphQL schema.",
    "backup": "Write the database and the built-in store's objects into one archive.",
    "restore": "Put a backup into an empty database and store, such as a new "
    "installation's.",
}
ARGUMENTS = {"backup": ["b.tar"], "restore": ["b.tar"]}


def onemanage(
    data_dir: Path, *arguments: str, **changes: str
) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, on a data directory."""
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments],
        cwd=ROOT,
        env={**settings(data_dir, **changes), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_help_names_each_command(tmp_path: Path) -> None:
    done = onemanage(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    listed = re.findall(r"^│ ([a-z-]+) {2,}(\S.*?) +│$", done.stdout, re.MULTILINE)
    assert dict(listed[-len(SUMMARIES) :]) == SUMMARIES
    assert get_command(app).commands.keys() == SUMMARIES.keys()  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SUMMARIES)
def test_each_command_explains_itself(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert done.stdout.split("\n\n")[0].startswith(" ")
    assert SUMMARIES[name] in " ".join(done.stdout.split())


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_wrong_setting_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ONEMANAGE_PORT", "none")
    monkeypatch.setattr(sys, "argv", ["onemanage", name, *ARGUMENTS.get(name, [])])
    get_settings.cache_clear()
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, *capsys.readouterr()) == (
        2,
        "",
        "ONEMANAGE_PORT: Input should be a valid integer, unable to parse string as an "
        "integer\n",
    )


def test_nothing_is_migrated_without_a_database(tmp_path: Path) -> None:
    done = onemanage(tmp_path, "migrate")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "No database: set ONEMANAGE_DATABASE_URL, or start everything with 'make run', "
        "which migrates its own.\n",
    )


@pytest.mark.parametrize("name", ["migrate", "alembic"])
def test_a_database_that_is_away_is_one_line(
    name: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    url = f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d"
    if name == "migrate":
        done = onemanage(tmp_path, "migrate", DATABASE_URL=url)
    else:
        env = settings(tmp_path, DATABASE_URL=url)
        done = subprocess.run(
            migrate().argv, cwd=ROOT, env=env, capture_output=True, text=True
        )
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "The database cannot be reached: ConnectionRefusedError: [Errno 111] Connect "
        f"call failed ('127.0.0.1', {unused_tcp_port})\n",
    )


def test_the_schema_is_the_snapshot(tmp_path: Path) -> None:
    before = SNAPSHOT.read_text()
    printed = onemanage(tmp_path, "schema")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert printed.stdout == before
    written = onemanage(tmp_path, "schema", "--write")
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert SNAPSHOT.read_text() == before


def test_the_sample_is_sent_also_where_documents_are(running: Running) -> None:
    for _ in range(2):
        done = onemanage(running.data_dir, "seed", "--url", running.base_url)
        assert (done.returncode, done.stderr) == (0, "")
        assert "Uploaded 2.4 MB\n" in done.stdout


def test_a_sample_that_fails_is_an_exit_code(tmp_path: Path) -> None:
    done = onemanage(tmp_path, "seed", "--url", "http://127.0.0.1:9")
    assert (done.returncode, done.stderr) == (
        1,
        "The sample did not work out. http://127.0.0.1:9 does not answer as it should: "
        "All connection attempts failed\n"
        "Is OneManage running there? Start it by `make run`.\n",
    )


@pytest.mark.parametrize(
    "command",
    commands(Settings(_env_file=None, port=0)),
    ids=lambda command: command.name,
)
def test_a_process_becomes_the_very_command(command: Command, running: Running) -> None:
    """Each process by hand has the supervisor's command line, and ends at SIGTERM."""
    started = subprocess.Popen(
        [sys.executable, "-m", "workers.cli", command.name.replace("_", "-")],
        cwd=ROOT,
        env=settings(running.data_dir),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        eventually(lambda: psutil.Process(started.pid).cmdline() == [*command.argv])
        time.sleep(4)
        assert started.poll() is None
    finally:
        started.terminate()
        _, said = started.communicate(timeout=30)
    assert "Traceback" not in said


def test_the_documented_commands_are_those_that_run() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    table = re.findall(r"^\| [a-z ]+ \| `(.+?)` \| [a-z ,]+ \|$", text, re.MULTILINE)
    ours = {one.name: one for one in commands(Settings(_env_file=None))}
    order = ("gateway", "worker", "event_consumer", "relay", "maintenance")
    assert ours.keys() == set(order)
    wanted = [migrate(), *(ours[name] for name in order)]
    assert table == [_anywhere(command.argv) for command in wanted]


def _anywhere(argv: tuple[str, ...]) -> str:
    """Write a command without this machine's paths."""
    interpreter, first, *rest = argv
    assert interpreter == sys.executable
    start = [Path(first).name] if os.path.isabs(first) else ["python", first]
    return shlex.join([*start, *rest])
