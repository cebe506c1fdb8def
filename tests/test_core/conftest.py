"""Fixtures of the core's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.storage import Storage
from core.storage.s3 import S3Storage
from tests.test_core.s3_server import S3Server, running_s3_server
from tests.test_core.storages import disk_storage, s3_storage


@pytest.fixture(scope="session")
def s3_server() -> S3Server:
    """Give the session's S3 server."""
    return running_s3_server()


@pytest.fixture
async def s3(s3_server: S3Server, tmp_path: Path) -> AsyncIterator[S3Storage]:
    """Give a store in a bucket."""
    storage = s3_storage(s3_server, tmp_path)
    yield storage
    await storage.close()


@pytest.fixture(params=["disk", "s3"])
async def storage(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Storage]:
    """Give a store of each kind."""
    made: Storage
    if request.param == "disk":
        made = disk_storage(tmp_path / "data")
    else:
        made = s3_storage(running_s3_server(), tmp_path)
    yield made
    await made.close()
