"""The migrations make what the models say, and can be taken back."""

import os
import subprocess
import sys

import pytest

from tests import databases

LAST = "0007"
# Beneath all that PSDs have learnt since the first release.
BEFORE = "0003"


def _alembic(url: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=databases.ROOT,
        env={**os.environ, "ONEMANAGE_DATABASE_URL": url},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


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
