"""Rows copied straight into a target's table, as long as no key is there twice."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

import asyncpg

from features.data_import import staging_crud
from features.data_import.staging_crud import Driver
from features.data_import.utils.types import EncodedRows

# What is copied between two savepoints: little at first, for where one key is known most
# are; then as much as a worker may keep, to copy it elsewhere.
_FIRST_BYTES: Final = 1024 * 1024
_MOST_BYTES: Final = 16 * 1024 * 1024


class Straight(NamedTuple):
    """How many rows were copied, and those that were not; None: all were."""

    copied: int
    rest: AsyncIterator[EncodedRows] | None


async def copy_straight(
    driver: Driver,
    table: str,
    columns: Sequence[str],
    parts: AsyncIterator[EncodedRows],
) -> Straight:
    """Copy whole rows, encoded for COPY, until one's key is in the table already.

    The caller holds the target for as long as the rows take to come; to stage and merge
    them takes half as long again, most of it with the target held. What is rolled back
    later leaves dead rows in the table.
    """
    copied, size = 0, _FIRST_BYTES
    while True:
        group = _Group(parts, size)
        await staging_crud.run(driver, "savepoint import_group")
        try:
            copied += await staging_crud.copy(
                driver, None, table, columns, group.take()
            )
        except asyncpg.UniqueViolationError:
            await staging_crud.run(driver, "rollback to savepoint import_group")
            return Straight(copied, group.and_rest())
        await staging_crud.run(driver, "release savepoint import_group")
        if group.is_last:
            return Straight(copied, None)
        size = min(2 * size, _MOST_BYTES)


class _Group:
    """Parts taken from others, and kept, up to a size in bytes."""

    def __init__(self, parts: AsyncIterator[EncodedRows], size: int) -> None:
        self._parts = parts
        self._size = size
        self._taken: list[EncodedRows] = []
        self.is_last = False

    async def take(self) -> AsyncIterator[EncodedRows]:
        """Yield the group's parts."""
        left = self._size
        while left > 0:
            part = await anext(self._parts, None)
            if part is None:
                self.is_last = True
                return
            self._taken.append(part)
            left -= len(part)
            yield part

    async def and_rest(self) -> AsyncIterator[EncodedRows]:
        """Yield what was taken, then all that was not."""
        while self._taken:
            yield self._taken.pop(0)
        async for part in self._parts:
            yield part
