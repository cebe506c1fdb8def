"""Datasets to look at and to delete."""

from collections.abc import Sequence
from datetime import datetime

from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.security import Caller
from core.validators import is_id
from features.data_import import dataset_crud, staging_crud
from features.data_import.exceptions import dataset_not_found
from features.data_import.models import (
    Dataset,
    DatasetRows,
    StoredColumn,
    target_dataset_id,
)
from features.data_import.targets import TARGETS
from features.data_import.utils.types import ColumnType


class DatasetsService:
    """Tables made from files, each its owner's, and those of targets, everybody's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ensured = False

    async def by_ids(self, ids: Sequence[str]) -> dict[str, Dataset]:
        """Return the datasets that exist, by id; `may_see` tells whose they are."""
        await self._ensure_targets()
        async with self._database.statement() as session:
            return {one.id: one for one in await dataset_crud.by_ids(session, ids)}

    @staticmethod
    def may_see(caller: Caller, dataset: Dataset) -> bool:
        """Tell whether the caller may see a dataset: theirs, or a target's."""
        return dataset.target is not None or caller.may_see(dataset.owner_id)

    async def for_target(self, target: str) -> Dataset:
        """Return the dataset that is a target's table."""
        dataset_id = target_dataset_id(target)
        return (await self.by_ids([dataset_id]))[dataset_id]

    async def page(
        self, owner_id: str | None, limit: int, after: tuple[datetime, str] | None
    ) -> Sequence[Dataset]:
        """Return the newest of an owner's and all targets' (None: of all), before `after`."""
        await self._ensure_targets()
        async with self._database.statement() as session:
            return await dataset_crud.page(session, owner_id, limit, after)

    async def count(self, owner_id: str | None) -> int:
        """Count an owner's datasets and all targets' (None: all)."""
        await self._ensure_targets()
        async with self._database.statement() as session:
            return await dataset_crud.count(session, owner_id)

    @staticmethod
    def columns(dataset: Dataset) -> Sequence[StoredColumn]:
        """Return a dataset's columns, in order."""
        if dataset.target is None:
            return [StoredColumn(**one) for one in dataset.columns]
        return [
            StoredColumn(
                one.title, one.name, one.type, one.type is ColumnType.TIMESTAMP
            )
            for one in TARGETS[dataset.target].columns
        ]

    async def rows(self, dataset: Dataset, limit: int, after: int) -> DatasetRows:
        """Return the first `limit` rows behind the key `after` (0: from the first).

        Values are ready for JSON; none where the dataset was deleted meanwhile.
        """
        columns = self.columns(dataset)
        async with self._database.statement() as session:
            return await dataset_crud.rows(session, dataset, columns, limit, after)

    async def delete(self, caller: Caller, dataset_id: str) -> None:
        """Delete a dataset and its rows; a target's lose their rows alone.

        AppError NOT_FOUND; FORBIDDEN for a target's where the caller is no administrator.
        """
        known = await self.by_ids([dataset_id]) if is_id("dataset", dataset_id) else {}
        found = known.get(dataset_id)
        if found is None or not self.may_see(caller, found):
            raise dataset_not_found()
        if found.target is not None and not caller.is_admin:
            raise AppError(
                ErrorCode.FORBIDDEN,
                "Only an administrator may delete the rows of an import target.",
                field=("id",),
            )
        async with self._database.transaction() as session:
            # Locks in an import's own order: the target, then the dataset.
            driver = await staging_crud.driver_of(session)
            if found.target is not None:
                await staging_crud.lock_target_soon(driver, TARGETS[found.target])
            dataset = await dataset_crud.lock(session, dataset_id)
            if dataset is None:
                raise dataset_not_found()
            if dataset.target is None:
                await dataset_crud.drop(session, dataset)
            else:
                await staging_crud.forget_previous(driver, TARGETS[dataset.target])
                await staging_crud.delete_rows(driver, TARGETS[dataset.target])
                await dataset_crud.grow_target(session, dataset.target, 0, anew=True)

    async def _ensure_targets(self) -> None:
        """Have the targets' datasets made, once in a process."""
        if not self._ensured:
            async with self._database.statement() as session:
                await dataset_crud.ensure_targets(session)
            self._ensured = True
