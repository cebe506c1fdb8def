"""What one import stores, inside the one transaction that is the caller's."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from core.base import derived_id, new_id, uuid_of
from core.database_async import Session
from features.data_import import dataset_crud, merge_crud, staging_crud
from features.data_import.exceptions import import_gone
from features.data_import.merge_crud import Merge
from features.data_import.models import (
    DATASETS_SCHEMA,
    DuplicateRow,
    ImportMode,
    ImportPlan,
    Merged,
)
from features.data_import.staging_crud import Driver
from features.data_import.straight_crud import copy_straight
from features.data_import.targets import TARGETS
from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import ImportedColumn
from features.data_import.utils.types import ROW, EncodedRows

# Where the transaction goes back to when what it has stored is not to stay.
_COPYING: Final = "import_copying"


class Storing:
    """Stores an import's good rows; the caller commits, or rolls back.

    In order: `open`, `copy`, `merge`, `duplicates`, `record`. A dry run leaves nothing
    but its counts.
    """

    def __init__(self, session: Session, plan: ImportPlan) -> None:
        self._session = session
        self._plan = plan
        self._target = None if plan.target is None else TARGETS[plan.target]
        self._columns: Sequence[ImportedColumn] = ()
        self._table = ""
        # Rows that were copied where they belong, and those that are to be merged.
        self._copied = self._staged = 0
        self._is_alone = False
        self._connection: Driver | None = None

    async def open(self, columns: Sequence[ImportedColumn]) -> None:
        """Make the table that is copied into; `columns` as in the encoded rows.

        Behind the row's number, or the stamp. Until the merge nothing bounds how long
        the transaction may wait for its client.
        """
        driver = await self._driver()
        await staging_crud.end_former(driver, self._plan.import_id)
        self._columns = columns
        if self._target is None:
            # Each attempt its own: a former one's may be there uncommitted.
            self._table = new_id("dataset")
            await staging_crud.make_table(driver, self._table, columns)

    async def copy(self, parts: AsyncIterator[EncodedRows]) -> int:
        """Copy rows, each part whole ones, encoded for COPY; return how many.

        Into a target they go at once where no other import is at work there and as long
        as no key is there twice; the rest is staged.
        """
        driver = await self._driver()
        if self._target is None:
            self._copied = await staging_crud.copy(
                driver, DATASETS_SCHEMA, self._table, self._names(ROW), parts
            )
            return self._copied
        rest: AsyncIterator[EncodedRows] | None = parts
        names = self._names("id", "import_id")
        self._is_alone = await staging_crud.try_lock_target(driver, self._target)
        if self._is_alone:
            await self._delete_replaced(driver, self._target)
            self._copied, rest = await copy_straight(
                driver, self._target.table, names, parts
            )
        if rest is not None:
            await staging_crud.make_staging(driver, self._columns)
            self._staged = await staging_crud.copy(
                driver, "pg_temp", staging_crud.STAGING, names, rest
            )
        return self._copied + self._staged

    async def merge(self) -> Merged:
        """Put the staged rows where they belong; behind other imports of the target.

        From here on the transaction may be silent for 15 s at most.
        """
        driver = await self._driver()
        await staging_crud.be_patient(driver, patient=False)
        if self._target is None:
            return Merged(self._copied, 0, 0)
        await staging_crud.lock_target(driver, self._target)
        if not self._is_alone:
            await self._delete_replaced(driver, self._target)
        if self._plan.mode is ImportMode.REPLACE:
            await staging_crud.forget_previous(driver, self._target)
        if not self._staged:
            return Merged(self._copied, 0, 0)
        merged = await self._merge(driver, self._merge_of(self._target))
        if sum(merged) != self._staged:
            raise RuntimeError(f"of {self._staged} rows became {merged}")
        return merged._replace(inserted=self._copied + merged.inserted)

    async def duplicates(self) -> AsyncIterator[Sequence[DuplicateRow]]:
        """Yield the rows that `merge` left out, by row, some thousands at a time."""
        if self._target is None or not self._staged:
            return
        key = self._merge_of(self._target).copied_key
        before = self._plan.first_id
        async for found in staging_crud.duplicates(await self._driver()):
            yield [
                DuplicateRow(
                    one["id"] - before,
                    tuple(zip(key, one["key"], strict=True)),
                    None if one["first_id"] is None else one["first_id"] - before,
                )
                for one in found
            ]

    async def record(self, merged: Merged, rows_read: int, rows_rejected: int) -> None:
        """Write the counts into the import's record, and make an import's dataset known.

        `rows_rejected` includes the duplicates. A dry run is rolled back before.
        """
        driver, plan = await self._driver(), self._plan
        if plan.dry_run:
            await staging_crud.run(driver, f"rollback to savepoint {_COPYING}")
            await staging_crud.be_patient(driver, patient=False)
            dataset_id = None
        elif self._target is None:
            dataset_id = await self._make_dataset(driver)
        else:
            dataset_id = await dataset_crud.grow_target(
                self._session,
                self._target.name,
                merged.inserted,
                anew=plan.mode is ImportMode.REPLACE,
            )
        if not await dataset_crud.write_counts(
            self._session, plan, dataset_id, merged, rows_read, rows_rejected
        ):
            raise import_gone()

    async def _merge(self, driver: Driver, merge: Merge) -> Merged:
        await staging_crud.have_memory(driver)
        await staging_crud.run(driver, f"analyze {staging_crud.STAGING}")
        is_upsert = self._plan.mode is ImportMode.UPSERT
        known = await merge_crud.find_known(driver, merge) if is_upsert else 0
        rejected = await merge_crud.reject_known(driver, merge, only_own=is_upsert)
        rejected += await merge_crud.reject_repeated(driver, merge)
        updated = await merge_crud.update_known(driver, merge) if known else 0
        inserted = await merge_crud.insert_rest(driver, merge)
        return Merged(inserted, updated, rejected)

    async def _delete_replaced(self, driver: Driver, target: Target) -> None:
        if self._plan.mode is ImportMode.REPLACE:
            await staging_crud.delete_rows(driver, target)

    def _names(self, *first: str) -> list[str]:
        return [*first, *(one.name for one in self._columns)]

    async def _make_dataset(self, driver: Driver) -> str:
        await staging_crud.index_table(driver, self._table)
        dataset_id = derived_id("dataset", self._plan.import_id, "dataset")
        await dataset_crud.add_dataset(
            self._session,
            self._plan,
            dataset_id,
            self._table,
            self._columns,
            self._copied,
        )
        return dataset_id

    def _merge_of(self, target: Target) -> Merge:
        return Merge(target, self._names(), uuid_of(self._plan.import_id))

    async def _driver(self) -> Driver:
        if self._connection is None:
            self._connection = await staging_crud.driver_of(self._session)
            await staging_crud.be_patient(self._connection, patient=True)
            await staging_crud.run(self._connection, f"savepoint {_COPYING}")
        return self._connection
