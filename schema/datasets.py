"""Datasets in the graph: tables made from files, and import targets' tables."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self

import strawberry

from features.data_import.datasets import DatasetsService
from features.data_import.models import Dataset as DatasetRecord
from schema.context import Info
from schema.node import Node
from schema.paging import Edge, PageInfo, check_first, read_row_number, slice_edges
from schema.scalars import BigInt

MAX_ROWS_PAGE = 1000


@strawberry.enum
class ColumnType(Enum):
    """What a column holds."""

    TEXT = "TEXT"
    INTEGER = "INTEGER"
    DECIMAL = "DECIMAL"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


@strawberry.type
class DatasetColumn:
    """A column of a dataset."""

    name: str
    type: ColumnType


@strawberry.type
class DatasetRow:
    """A row of a dataset."""

    values: list[strawberry.scalars.JSON | None] = strawberry.field(
        description="In the order of the dataset's columns. DECIMAL, and INTEGER beyond "
        "2^53, as strings; dates as ISO 8601."
    )


@strawberry.type
class DatasetRowConnection:
    """One page of a dataset's rows."""

    edges: list[Edge[DatasetRow]]
    page_info: PageInfo

    @strawberry.field
    def nodes(self) -> list[DatasetRow]:
        """The page's rows alone."""
        return [edge.node for edge in self.edges]


@strawberry.type(description="A table made from a file, or an import target's table.")
class Dataset(Node):
    """A dataset."""

    row: strawberry.Private[DatasetRecord]
    name: str
    row_count: BigInt
    target: str | None = strawberry.field(
        description="The import target whose table it is, if it is one's."
    )
    created_at: datetime

    @classmethod
    def of(cls, row: DatasetRecord) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            row=row,
            name=row.name,
            row_count=BigInt(row.row_count),
            target=row.target,
            created_at=row.created_at,
        )

    @strawberry.field
    def columns(self) -> list[DatasetColumn]:
        """What each row holds."""
        return [
            DatasetColumn(name=one.name, type=ColumnType(one.type))
            for one in DatasetsService.columns(self.row)
        ]

    @strawberry.field(description="In the order of the file; at most 1000 at once.")
    async def rows(
        self, info: Info, first: int = 50, after: str | None = None
    ) -> DatasetRowConnection:
        """The rows."""
        check_first(first, MAX_ROWS_PAGE)
        behind = read_row_number(after)
        found = await info.context.get(DatasetsService).rows(
            self.row, first + 1, behind
        )
        keyed: Sequence[tuple[int, Sequence[Any]]] = [
            *zip(found.keys, found.values, strict=True)
        ]
        edges, page_info = slice_edges(
            keyed,
            first,
            after=after,
            key=lambda one: one[0],
            node=lambda one: DatasetRow(values=[*one[1]]),
        )
        return DatasetRowConnection(edges=edges, page_info=page_info)


async def load_dataset(info: Info, dataset_id: str | None) -> Dataset | None:
    """Show a dataset that the caller may see, by its id."""
    if dataset_id is None:
        return None
    row = await info.context.loaders.datasets.load(dataset_id)
    if row is None or not DatasetsService.may_see(info.context.caller, row):
        return None
    return Dataset.of(row)
