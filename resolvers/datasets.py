"""Root fields of datasets."""

import strawberry

from core.errors import AppError
from features.data_import.datasets import DatasetsService
from schema.context import Info
from schema.datasets import Dataset, load_dataset
from schema.deleting import DeletePayload
from schema.paging import Connection, check_first, connect, read_time_key

NODES = {"dataset": load_dataset}


@strawberry.type
class DatasetsQuery:
    """Queries of datasets."""

    @strawberry.field
    async def dataset(self, info: Info, id: strawberry.ID) -> Dataset | None:
        """One dataset."""
        return await load_dataset(info, id)

    @strawberry.field
    async def datasets(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[Dataset]:
        """The caller's datasets and those of import targets, newest first."""
        check_first(first)
        datasets, owner_id = info.context.get(DatasetsService), info.context.owner_id
        return connect(
            await datasets.page(owner_id, first + 1, read_time_key(after)),
            first,
            after=after,
            key=lambda row: (row.created_at, row.id),
            node=Dataset.of,
            count=lambda: datasets.count(owner_id),
        )


@strawberry.type
class DatasetsMutation:
    """Mutations of datasets."""

    @strawberry.mutation(
        description="With its rows. Of an import target's the rows alone are deleted, "
        "by an administrator: FORBIDDEN for anybody else."
    )
    async def delete_dataset(self, info: Info, id: strawberry.ID) -> DeletePayload:
        """Delete a dataset."""
        try:
            await info.context.get(DatasetsService).delete(info.context.caller, id)
        except AppError as error:
            return DeletePayload.refused(error)
        return DeletePayload(deleted_id=id)
