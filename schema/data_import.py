"""Imports in the graph: targets, previews, records and the rows that were rejected."""

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Self

import strawberry

from features.data_import.models import ImportRecord as RecordRow
from features.data_import.models import ImportRowError
from features.data_import.utils.declaring import Target, TargetColumn
from features.data_import.utils.messages import Preview, PreviewColumn
from schema.context import Info
from schema.datasets import ColumnType, Dataset, load_dataset
from schema.errors import UserError
from schema.files import Artifact, SourceFile, load_artifact
from schema.node import Node
from schema.paging import Connection, check_first, connect, read_cell
from schema.scalars import BigInt

if TYPE_CHECKING:
    from schema.jobs import Job


@strawberry.type
class ImportTargetColumn:
    """A column of a target."""

    name: str
    title: str
    type: ColumnType
    required: bool
    key: bool = strawberry.field(
        description="Part of the key that UPSERT matches rows by."
    )
    aliases: list[str] = strawberry.field(
        description="Headings that are mapped to this column on their own, in any "
        "language."
    )

    @classmethod
    def of(cls, column: TargetColumn) -> Self:
        """Show a declared column."""
        return cls(
            name=column.name,
            title=column.title,
            type=ColumnType(column.type.value),
            required=column.required,
            key=column.key,
            aliases=[*column.aliases],
        )


@strawberry.type
class ImportTarget:
    """A table that files can be imported into."""

    name: str
    title: str
    columns: list[ImportTargetColumn]

    @classmethod
    def of(cls, target: Target) -> Self:
        """Show a declared target."""
        columns = [ImportTargetColumn.of(column) for column in target.columns]
        return cls(name=target.name, title=target.title, columns=columns)


@strawberry.type
class ImportPreviewColumn:
    """A column of a file."""

    heading: str
    type: ColumnType
    maps_to: str | None = strawberry.field(
        description="The target column that this heading would be mapped to, where a "
        "target was named."
    )
    samples: list[str]

    @classmethod
    def of(cls, column: PreviewColumn) -> Self:
        """Show what was seen."""
        return cls(
            heading=column.heading,
            type=ColumnType(column.type.value),
            maps_to=column.maps_to,
            samples=[*column.samples],
        )


@strawberry.type(
    description="What the importer sees in a file, before anything is stored."
)
class ImportPreview:
    """What is in a file."""

    sheets: list[str]
    encoding: str | None
    delimiter: str | None
    header_row: int
    columns: list[ImportPreviewColumn]
    rows: list[list[str | None]]

    @classmethod
    def of(cls, found: Preview) -> Self:
        """Show what was seen."""
        return cls(
            sheets=[*found.layout.sheets],
            encoding=found.layout.encoding,
            delimiter=found.layout.delimiter,
            header_row=found.layout.header_row,
            columns=[ImportPreviewColumn.of(column) for column in found.columns],
            rows=[[*row] for row in found.rows],
        )


@strawberry.type
class ImportPreviewPayload:
    """What is in a file, or why it cannot be told."""

    preview: ImportPreview | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.enum
class ImportMode(Enum):
    """What becomes of rows that are there already."""

    APPEND = "APPEND"
    UPSERT = strawberry.enum_value(
        "UPSERT", description="Insert new keys, update known ones."
    )
    REPLACE = strawberry.enum_value(
        "REPLACE",
        description="Swap the target's whole content for the file's, in one step.",
    )


@strawberry.enum
class ImportErrorCode(Enum):
    """Why a row was rejected."""

    REQUIRED = "REQUIRED"
    NOT_A_NUMBER = "NOT_A_NUMBER"
    NOT_A_DATE = "NOT_A_DATE"
    NOT_A_BOOLEAN = "NOT_A_BOOLEAN"
    AMBIGUOUS = "AMBIGUOUS"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    TOO_LONG = "TOO_LONG"
    NOT_ALLOWED = "NOT_ALLOWED"
    DUPLICATE_KEY = "DUPLICATE_KEY"
    TOO_MANY_FIELDS = "TOO_MANY_FIELDS"
    TOO_FEW_FIELDS = "TOO_FEW_FIELDS"
    CELL_ERROR = "CELL_ERROR"
    ENCODING = "ENCODING"


@strawberry.type
class ImportError(Node):
    """What is wrong with a row."""

    row: BigInt = strawberry.field(
        description="1-based row of the file, as a person sees it there."
    )
    column: str | None
    value: str | None
    code: ImportErrorCode
    message: str

    @classmethod
    def of(cls, row: ImportRowError) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            row=BigInt(row.row),
            column=row.column,
            value=row.value,
            code=ImportErrorCode(row.code),
            message=row.message,
        )

    @classmethod
    def of_event(cls, told: Mapping[str, Any]) -> Self:
        """Show what an event holds, long values cut."""
        return cls(
            id=strawberry.ID(told["id"]),
            row=BigInt(told["row"]),
            column=told["column"],
            value=told["value"],
            code=ImportErrorCode(told["code"]),
            message=told["message"],
        )


@strawberry.type
class ImportRecord(Node):
    """One import."""

    record: strawberry.Private[RecordRow]
    target: str | None
    mode: ImportMode
    dry_run: bool
    rows_read: BigInt
    rows_inserted: BigInt
    rows_updated: BigInt
    rows_rejected: BigInt
    undone_at: datetime | None = strawberry.field(
        description="Taken back by undoImport."
    )
    created_at: datetime

    @classmethod
    def of(cls, row: RecordRow) -> Self:
        """Show a row."""
        return cls(
            id=strawberry.ID(row.id),
            record=row,
            target=row.target,
            mode=ImportMode(row.mode),
            dry_run=row.dry_run,
            rows_read=BigInt(row.rows_read),
            rows_inserted=BigInt(row.rows_inserted),
            rows_updated=BigInt(row.rows_updated),
            rows_rejected=BigInt(row.rows_rejected),
            undone_at=row.undone_at,
            created_at=row.created_at,
        )

    @strawberry.field
    async def file(self, info: Info) -> SourceFile:
        """What was imported."""
        row = await info.context.loaders.files.load(self.record.file_id)
        assert row is not None
        return SourceFile.of(row)

    @strawberry.field
    async def job(self, info: Info) -> Annotated["Job", strawberry.lazy("schema.jobs")]:
        """The job that imports it."""
        from schema.jobs import load_job  # the two types know each other

        found = await load_job(info, self.record.job_id)
        assert found is not None
        return found

    @strawberry.field(
        description="What the rows are in: the new dataset, or the target's. Null until "
        "they are stored, and when it is deleted."
    )
    async def dataset(self, info: Info) -> Dataset | None:
        """Where the rows are."""
        return await load_dataset(info, self.record.dataset_id)

    @strawberry.field(
        description="The newest earlier import of the same file to the same target, or "
        "to a dataset, that was not taken back: a hint, no hindrance."
    )
    async def duplicate_of(self, info: Info) -> "ImportRecord | None":
        """The same import, before."""
        row = await info.context.loaders.earlier_imports.load(self.record.id)
        return ImportRecord.of(row) if row is not None else None

    @strawberry.field(
        description="What is wrong with the rejected rows, by row and column; a row may "
        "have several. While the job runs, those that were found."
    )
    async def errors(
        self, info: Info, first: int = 50, after: str | None = None
    ) -> Connection[ImportError]:
        """What is wrong."""
        check_first(first)
        loaders = info.context.loaders
        page = loaders.import_error_page(first + 1, read_cell(after))
        return connect(
            await page.load(self.record.id),
            first,
            after=after,
            key=lambda row: (row.row, row.position),
            node=ImportError.of,
            count=lambda: loaders.import_error_count.load(self.record.id),
        )

    @strawberry.field(
        description="The rejected rows as they were, each with its reasons: mend and "
        "import again. Kept for 7 days."
    )
    async def error_report(self, info: Info) -> Artifact | None:
        """The rejected rows."""
        name = self.record.report_name or "rejected rows"
        return await load_artifact(info, self.record.report_id, filename=name)


@strawberry.type
class UndoImportPayload:
    """The import that was taken back, or why it was not."""

    import_record: ImportRecord | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


async def load_import(info: Info, import_id: str) -> ImportRecord | None:
    """Show an import by its id."""
    row = await info.context.loaders.imports.load(import_id)
    return ImportRecord.of(row) if row is not None else None
