"""Fixtures of the data import's tests."""

import pytest

from core.database_async import Database
from tests.test_data_import.warehouse import Warehouse


@pytest.fixture
def warehouse(database: Database) -> Warehouse:
    """Give imports over an empty database."""
    return Warehouse(database)
