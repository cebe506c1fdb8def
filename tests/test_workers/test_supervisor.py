"""All of OneManage on one machine: started, hurt, started again, stopped."""

import re
import shutil
import signal
import socket
import stat
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.config import SERVERS_FILE
from tests.running import PROCESSES, Running, eventually, refused


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="onemanage-supervisor-"))
    yield directory / "data"
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def running(data_dir: Path) -> Iterator[Running]:
    """Give the first run, which each test leaves whole."""
    first = Running(data_dir)
    yield first
    if first.supervisor.poll() is None:
        first.ask_to_stop(signal.SIGTERM)


def test_each_process_runs_by_its_own_command(running: Running) -> None:
    assert running.children().keys() == PROCESSES.keys()
    with urllib.request.urlopen(f"{running.base_url}/healthz") as answer:
        assert answer.status == 200
    assert f"Console             {running.base_url}/\n" in running.output()
    assert f"GraphiQL            {running.base_url}/graphql\n" in running.output()


def test_commands_by_hand_find_the_servers(running: Running) -> None:
    path = running.data_dir / SERVERS_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pairs = dict(line.split("=", 1) for line in path.read_text().splitlines())
    assert [*pairs] == [
        "ONEMANAGE_DATABASE_URL",
        "ONEMANAGE_NATS_URL",
        "ONEMANAGE_SECRET_KEY",
    ]
    assert pairs["ONEMANAGE_DATABASE_URL"].startswith("postgresql://onemanage:")
    assert pairs["ONEMANAGE_NATS_URL"].startswith("nats://onemanage:")
    assert len(pairs["ONEMANAGE_SECRET_KEY"]) == 43


def test_a_second_start_says_that_one_is_running(running: Running) -> None:
    assert refused(running.data_dir) == (
        1,
        "OneManage did not start.\n"
        f"OneManage is running already on {running.data_dir} (process "
        f"{running.supervisor.pid}); stop it, or choose another "
        "ONEMANAGE_DATA_DIR.\n",
    )
    assert running.children().keys() == PROCESSES.keys()


def test_whatever_is_killed_is_started_again(running: Running) -> None:
    before = running.children()
    offspring = before["worker"].children(recursive=True)
    for child in before.values():
        child.kill()

    def replaced() -> dict[str, psutil.Process] | None:
        now = running.children()
        fresh = now.keys() == PROCESSES.keys() and all(
            now[name].pid != before[name].pid for name in PROCESSES
        )
        return now if fresh else None

    eventually(replaced)
    for name in PROCESSES:
        assert f"{name} ended (SIGKILL), starts again in 0." in running.output()
    # A TaskIQ manager's own processes must not go on beside its successor's.
    assert psutil.wait_procs(offspring, timeout=10)[1] == []


def test_all_move_when_a_server_lost_its_port(running: Running) -> None:
    before = running.children()
    path = running.data_dir / SERVERS_FILE
    old = path.read_text()
    (port,) = re.findall(r"nats://.*:(\d+)\n", old)
    # Stopped, so that it cannot start the server again before the port is taken.
    running.supervisor.send_signal(signal.SIGSTOP)
    before["nats"].kill()
    with socket.socket() as taken:
        eventually(lambda: _bound(taken, int(port)))
        running.supervisor.send_signal(signal.SIGCONT)
        eventually(lambda: path.read_text() != old)
    (new,) = re.findall(r"nats://.*:(\d+)\n", path.read_text())
    assert new != port

    def moved() -> bool:
        now = running.children()
        return now.keys() == PROCESSES.keys() and all(
            now[name].environ()["ONEMANAGE_NATS_URL"].endswith(f":{new}")
            for name in ("gateway", "event_consumer", "worker", "relay", "maintenance")
        )

    eventually(moved)
    eventually(lambda: _is_ready(running.base_url))


def _bound(taken: socket.socket, port: int) -> bool:
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        return False
    taken.listen()
    return True


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/readyz") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_a_killed_supervisor_leaves_nothing_in_the_way(running: Running) -> None:
    secret = (running.data_dir / SERVERS_FILE).read_text()
    orphans = running.kill()
    again = Running(running.data_dir)
    assert [one for one in orphans if one.is_running()] == []
    assert again.children().keys() == PROCESSES.keys()
    # The same ports, passwords and key, so nobody's address or signature has died.
    assert (running.data_dir / SERVERS_FILE).read_text() == secret
    assert again.ask_to_stop(signal.SIGINT) == 0
    assert again.leftovers() == []
    assert not (running.data_dir / SERVERS_FILE).exists()


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(tmp_path, PORT=str(port))
    assert (code, said) == (
        1,
        "OneManage did not start.\n"
        f"Port {port} of 127.0.0.1 cannot be used (Address already in use): set "
        "ONEMANAGE_PORT to another one; 0 picks a free one.\n",
    )


def test_each_wrong_setting_is_one_line(tmp_path: Path) -> None:
    code, said = refused(tmp_path, HOST="0.0.0.0", WORKER_CONCURRENCY="none")
    assert (code, said) == (
        2,
        "ONEMANAGE_HOST=0.0.0.0: without access control OneManage listens on "
        "loopback only; use 127.0.0.1, ::1 or localhost\n"
        "ONEMANAGE_WORKER_CONCURRENCY: Input should be a valid integer, unable to "
        "parse string as an integer\n",
    )
    assert not (tmp_path / "run").exists()


def test_an_unusable_data_directory_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert refused(file) == (
        2,
        "ONEMANAGE_DATA_DIR: must be a directory to write in, or be where one can be "
        f"made; {file} is not\n",
    )
