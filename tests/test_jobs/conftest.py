"""Fixtures of the jobs' tests."""

import pytest

from core.database_async import Database
from tests.test_jobs.bench import Bench


@pytest.fixture
def bench(database: Database) -> Bench:
    """Give jobs over an empty database, with NATS away."""
    return Bench(database)
