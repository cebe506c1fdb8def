"""The migrations make what the models say, and can be taken back."""

import os
import subprocess
import sys

import asyncpg
import pytest

from tests import databases

LAST = "0010"
# Beneath all that PSDs have learnt since the first release.
BEFORE = "0003"
# Longer than the database gives a statement.
SLOW = "perform pg_sleep(0.6)"
CANCELED = "perform pg_cancel_backend(pg_backend_pid()); perform pg_sleep(5)"
CUT = "The migration was ended before it was done; nothing of it is kept: "


def _run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=databases.ROOT,
        env={**os.environ, "ONEMANAGE_DATABASE_URL": url},
        capture_output=True,
        text=True,
    )


def _alembic(url: str, *arguments: str) -> str:
    done = _run(url, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _failed(url: str, *arguments: str) -> str:
    done = _run(url, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture
async def url(postgres_url: str) -> str:
    """Give a migrated database that nobody else uses."""
    return await databases.make_migrated(postgres_url, "onemanage_migrations")


async def test_the_models_are_what_the_migrations_make(url: str) -> None:
    assert _alembic(url, "check") == "No new upgrade operations detected.\n"


async def test_migrations_can_be_taken_back(url: str) -> None:
    _alembic(url, "downgrade", BEFORE)
    assert _alembic(url, "current") == f"{BEFORE}\n"
    _alembic(url, "upgrade", "head")
    assert _alembic(url, "current") == f"{LAST} (head)\n"


async def _on_each_step(url: str, do: str, *, limits: str = "") -> None:
    """Have each step of a migration do something, in a database with limits."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"""
        create table limits_met (session_limit text);
        create function step() returns trigger language plpgsql as $$ begin
            insert into limits_met select reset_val from pg_settings
                where name = 'statement_timeout';
            {do};
            return new;
        end $$;
        create trigger step after update on alembic_version
            for each row execute function step();
        {limits}
        """)
    await connection.close()


async def test_migrations_take_the_time_that_they_need(url: str) -> None:
    name = url.rpartition("/")[2]
    limits = f"alter database {name} set statement_timeout = '300ms';"
    await _on_each_step(url, SLOW, limits=limits)
    _alembic(url, "downgrade", "-1")
    _alembic(url, "upgrade", "head")
    connection = await asyncpg.connect(url)
    met = await connection.fetch("select session_limit from limits_met")
    await connection.close()
    assert [one["session_limit"] for one in met] == ["300", "300"]  # none of ours


async def test_a_migration_that_was_cut_says_so(url: str) -> None:
    await _on_each_step(url, CANCELED)
    assert _failed(url, "downgrade", "-1") == (
        f"{CUT}QueryCanceledError: canceling statement due to user request\n"
    )
    assert _alembic(url, "current") == f"{LAST} (head)\n"


async def test_a_migration_that_waits_longer_than_it_may_says_so(url: str) -> None:
    name = url.rpartition("/")[2]
    connection = await asyncpg.connect(url)
    await connection.execute(f"alter database {name} set lock_timeout = '100ms'")
    async with connection.transaction():
        await connection.execute("lock table alembic_version")
        said = _failed(url, "downgrade", "-1")
    await connection.close()
    assert said == (
        f"{CUT}LockNotAvailableError: canceling statement due to lock timeout\n"
    )
