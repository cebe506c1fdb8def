"""What is an outage, how long one holds anybody up, and what the log tells of it."""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from loguru import logger
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core import outages as own
from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.outages import Outage, Outages, is_outage, reason
from tests.mortal_postgres import MortalPostgres

STATEMENT_SECONDS = 2.0
CONNECTION_SECONDS = 1.0
POOL = 3
# Of a machine that has other things to do.
SLACK_SECONDS = 3.0


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MortalPostgres]:
    """Start a PostgreSQL that tests may freeze."""
    server = MortalPostgres(tmp_path_factory.mktemp("mortal"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def impatient(mortal: MortalPostgres) -> AsyncIterator[Database]:
    """Give a small pool that waits shortly."""
    database = Database(
        mortal.url,
        pool_size=POOL,
        statement_seconds=STATEMENT_SECONDS,
        connection_seconds=CONNECTION_SECONDS,
    )
    yield database
    await database.close()


async def _raised(work: Coroutine[Any, Any, object]) -> Exception:
    try:
        await work
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def _asking(sql: str) -> Callable[[Database], Coroutine[Any, Any, None]]:
    async def ask(database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(text(sql))

    return ask


def _raising(sqlstate: str) -> str:
    return f"do $$ begin raise 'no' using errcode = '{sqlstate}'; end $$"


@pytest.mark.parametrize("code", ["08006", "53300", "53100", "57P01", "57P03", "57014"])
async def test_an_answer_that_may_be_another_later_is_an_outage(
    impatient: Database, code: str
) -> None:
    assert is_outage(await _raised(_asking(_raising(code))(impatient)))


@pytest.mark.parametrize("code", ["23505", "40P01", "22012", "42P01", "3D000", "P0001"])
async def test_an_answer_that_stays_is_none(impatient: Database, code: str) -> None:
    assert not is_outage(await _raised(_asking(_raising(code))(impatient)))


async def test_a_parameter_of_a_wrong_type_is_none(impatient: Database) -> None:
    async def ask() -> None:
        async with impatient.transaction() as session:
            await session.execute(text("select cast(:a as int)"), {"a": "x"})

    assert not is_outage(await _raised(ask()))


async def test_a_statement_that_takes_too_long_is_one_and_costs_no_connection(
    impatient: Database,
) -> None:
    async def backend() -> int:
        async with impatient.statement() as session:
            return int(await session.scalar(text("select pg_backend_pid()")) or 0)

    before = await backend()
    error = await _raised(_asking("select pg_sleep(30)")(impatient))
    assert is_outage(error)
    assert reason(error) == (
        "QueryCanceledError: canceling statement due to statement timeout"
    )
    assert await backend() == before


async def test_a_connection_that_was_ended_is_one(
    impatient: Database, mortal: MortalPostgres
) -> None:
    async def cut_off() -> None:
        async with impatient.transaction() as session:
            await session.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    assert is_outage(await _raised(cut_off()))


async def test_nobody_there_is_one(unused_tcp_port: int) -> None:
    away = Database(f"postgresql://u:p@127.0.0.1:{unused_tcp_port}/d")
    error = await _raised(away.check())
    assert is_outage(error)
    assert reason(error).startswith("ConnectionRefusedError: [Errno 111] Connect call")
    await away.close()


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (None, False),
        (ValueError("connection is closed"), False),
        (PoolTimeout(), True),
        (TimeoutError(), True),
        (Outage(), True),
        (AppError(ErrorCode.STORAGE_UNAVAILABLE, "Later."), True),
        (AppError(ErrorCode.INVALID, "No."), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_kinds_of_errors(error: Exception | None, found: bool) -> None:
    assert is_outage(error) is found
    if error is not None:
        behind = RuntimeError("around it")
        behind.__cause__ = error
        assert is_outage(behind) is found


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), True),
        (ConnectionError("NATS is not connected"), True),
        (BrokenPipeError(errno.EPIPE, "broken"), True),
        (OSError(errno.EHOSTUNREACH, "no route"), True),
        (OSError(errno.ENETDOWN, "down"), True),
        (OSError(errno.ETIMEDOUT, "timed out"), True),
        (socket.gaierror(socket.EAI_AGAIN, "later"), True),
        (ssl.SSLEOFError(8, "broken off"), True),
        (ssl.SSLCertVerificationError(1, "expired"), False),
        (FileNotFoundError(errno.ENOENT, "none", "a.psd"), False),
        (PermissionError(errno.EACCES, "no", "a.psd"), False),
        (IsADirectoryError(errno.EISDIR, "no"), False),
        (OSError(errno.ENOSPC, "full"), False),
        (OSError(errno.EBADF, "closed"), False),
        (OSError("cannot identify image file"), False),
        (OSError(), False),
    ],
    ids=str,
)
def test_only_the_network_makes_an_operating_systems_error_one(
    error: OSError, found: bool
) -> None:
    assert is_outage(error) is found


def test_what_event_loops_say_of_several_addresses_is_one(
    unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two(*_: object, **__: object) -> list[tuple[object, ...]]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*kind, (f"127.0.0.{n}", unused_tcp_port)) for n in (1, 2)]

    async def connect() -> Exception:
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "getaddrinfo", two)
        database = Database(f"postgresql://u:p@several:{unused_tcp_port}/d")
        error = await _raised(database.check())
        await database.close()
        return error

    error = asyncio.run(connect(), loop_factory=asyncio.new_event_loop)
    assert isinstance(error, OSError)
    assert (type(error), error.errno) == (OSError, None)
    assert str(error).startswith("Multiple exceptions: [Errno 111] Connect call failed")
    assert is_outage(error)


@pytest.mark.parametrize(
    "make", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"]
)
def test_a_socket_that_is_gone_is_one(
    make: Callable[[], asyncio.AbstractEventLoop], tmp_path: Path
) -> None:
    async def connect() -> Exception:
        database = Database(f"postgresql://u:p@/d?host={tmp_path}")
        error = await _raised(database.check())
        await database.close()
        return error

    error = asyncio.run(connect(), loop_factory=make)
    assert isinstance(error, FileNotFoundError)
    assert is_outage(error)


def test_a_file_that_is_missing_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missed:
        (tmp_path / "gone").stat()
    assert not is_outage(missed.value)


def test_what_an_error_for_callers_comes_from_does_not_matter() -> None:
    error = AppError(ErrorCode.INVALID, "No.")
    error.__cause__ = TimeoutError()
    assert not is_outage(error)


async def test_a_frozen_server_holds_nobody_up_and_is_used_again_when_it_thaws(
    impatient: Database, mortal: MortalPostgres
) -> None:
    asking = _asking("select 1")
    await asyncio.gather(*(asking(impatient) for _ in range(POOL)))
    waited: list[float] = []

    async def met() -> Exception:
        since = time.monotonic()
        error = await _raised(asking(impatient))
        waited.append(time.monotonic() - since)
        return error

    with mortal.frozen():
        errors = await asyncio.gather(*(met() for _ in range(POOL * 3)))
        # The pool's connections are gone by now: these wait for new ones.
        errors += await asyncio.gather(*(met() for _ in range(POOL * 3)))
    assert [is_outage(error) for error in errors] == [True] * POOL * 6
    assert max(waited) < STATEMENT_SECONDS + CONNECTION_SECONDS + SLACK_SECONDS
    await asyncio.gather(*(asking(impatient) for _ in range(POOL * 3)))
    assert impatient.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def test_closing_does_not_wait_for_a_frozen_server(
    mortal: MortalPostgres,
) -> None:
    database = Database(mortal.url)
    await database.check()
    with mortal.frozen():
        since = time.monotonic()
        await database.close()
        assert time.monotonic() - since < SLACK_SECONDS


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Give the messages that are logged."""
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(message.record["message"]))
    yield lines
    logger.remove(sink)


def test_an_outage_is_told_once_for_each_place(
    log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr("core.outages.time.monotonic", lambda: now)
    outages = Outages()
    error = RuntimeError("of no interest")
    error.__cause__ = ConnectionResetError("gone\nand more")
    ids = [outages.met(place, error) for place in ("here", "here", "there")]
    now += 1000.0  # nobody asked, and nothing answered
    ids.append(outages.met("here", TimeoutError()))
    outages.answered()
    now += 1.0  # it answers now and then
    ids.append(outages.met("here", TimeoutError()))
    assert len(set(ids)) == 1
    outages.answered()
    now += own.QUIET_SECONDS + 1.0
    another = outages.met("here", TimeoutError())
    assert another not in ids
    assert log == [
        f"{ids[0]} out of reach, here: ConnectionResetError: gone",
        f"{ids[0]} out of reach, there: ConnectionResetError: gone",
        f"{another} out of reach, here: TimeoutError",
    ]
