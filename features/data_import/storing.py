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
from features.data_import.targets import TARGETS
from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import ImportedColumn

# Where the transaction goes back to: what was copied goes, or what a dry run has merged.
_COPYING: Final = "import_copying"
_MERGING: Final = "import_merging"


class Storing:
    """Copies an import's good rows and merges them; the caller commits, or rolls back.

    In order: `open`, `copy`, perhaps `discard` and from the start again; `merge`,
    `duplicates`, `record`. A dry run leaves nothing but its counts.
    """

    def __init__(self, session: Session, plan: ImportPlan) -> None:
        self._session = session
        self._plan = plan
        self._target = None if plan.target is None else TARGETS[plan.target]
        self._columns: Sequence[ImportedColumn] = ()
        self._table = ""
        self._copied = 0
        self._connection: Driver | None = None

    async def open(self, columns: Sequence[ImportedColumn]) -> None:
        """Make the table that is copied into; `columns` in the order of the stream.

        `_row` comes before them. Until the merge nothing bounds how long the transaction
        may wait for its client.
        """
        driver = await self._driver()
        self._columns = columns
        if self._target is not None:
            self._table = staging_crud.STAGING
            await staging_crud.make_staging(driver, columns)
        else:
            # Each attempt its own: that of a frozen worker may be there uncommitted.
            self._table = new_id("dataset")
            await staging_crud.make_table(driver, self._table, columns)

    async def copy(self, chunks: AsyncIterator[bytes]) -> int:
        """Copy one binary COPY stream; return how many rows it had."""
        schema = DATASETS_SCHEMA if self._target is None else "pg_temp"
        self._copied = await staging_crud.copy(
            await self._driver(),
            schema,
            self._table,
            [one.name for one in self._columns],
            chunks,
        )
        return self._copied

    async def discard(self) -> None:
        """Forget what was opened and copied, also behind a `copy` that has raised."""
        await staging_crud.run(
            await self._driver(), f"rollback to savepoint {_COPYING}"
        )

    async def merge(self) -> Merged:
        """Put the copied rows where they belong; behind other imports of the target.

        From here on the transaction may be silent for 15 s at most.
        """
        driver = await self._driver()
        await staging_crud.be_patient(driver, patient=False)
        if self._target is None:
            return Merged(self._copied, 0, 0)
        await staging_crud.lock_target(driver, self._target)
        await staging_crud.run(driver, f"savepoint {_MERGING}")
        merged = await self._merge(driver, self._merge_of(self._target))
        if sum(merged) != self._copied:
            raise RuntimeError(f"of {self._copied} rows became {merged}")
        return merged

    async def duplicates(self) -> AsyncIterator[Sequence[DuplicateRow]]:
        """Yield the rows that `merge` left out, by row, some thousands at a time."""
        if self._target is None:
            return
        key = self._merge_of(self._target).copied_key
        async for found in staging_crud.duplicates(await self._driver()):
            yield [
                DuplicateRow(
                    one["_row"],
                    tuple(zip(key, one["key"], strict=True)),
                    one["first_row"],
                )
                for one in found
            ]

    async def record(self, merged: Merged, rows_read: int, rows_rejected: int) -> None:
        """Write the counts into the import's record, and make an import's dataset known.

        `rows_rejected` includes the duplicates. A dry run is rolled back before.
        """
        driver, plan = await self._driver(), self._plan
        if plan.dry_run:
            savepoint = _COPYING if self._target is None else _MERGING
            await staging_crud.run(driver, f"rollback to savepoint {savepoint}")
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
        mode = self._plan.mode
        if mode is ImportMode.REPLACE:
            await staging_crud.clear(driver, merge.target)
        inserted = await merge_crud.insert_all(driver, merge)
        if inserted is not None:
            return Merged(inserted, 0, 0)
        await staging_crud.run(driver, f"analyze {staging_crud.STAGING}")
        known = rejected = 0
        if mode is ImportMode.UPSERT:
            known = await merge_crud.find_known(driver, merge)
        elif mode is ImportMode.APPEND:
            rejected = await merge_crud.reject_known(driver, merge)
        rejected += await merge_crud.reject_repeated(driver, merge)
        updated = await merge_crud.update_known(driver, merge) if known else 0
        inserted = await merge_crud.insert_rest(driver, merge)
        return Merged(inserted, updated, rejected)

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
        names = [one.name for one in self._columns]
        return Merge(target, names, uuid_of(self._plan.import_id))

    async def _driver(self) -> Driver:
        if self._connection is None:
            self._connection = await staging_crud.driver_of(self._session)
            await staging_crud.be_patient(self._connection, patient=True)
            await staging_crud.run(self._connection, f"savepoint {_COPYING}")
        return self._connection
