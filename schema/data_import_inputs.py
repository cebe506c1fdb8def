"""What an import is asked by."""

from enum import Enum

import strawberry

from features.data_import.utils import asked
from features.data_import.utils.types import DateOrder as OwnDateOrder
from features.data_import.utils.types import ReadOptions
from schema.data_import import ImportMode
from schema.priority import JobPriority


@strawberry.enum
class DateOrder(Enum):
    """How the parts of a numeric date follow each other."""

    YMD = "YMD"
    DMY = "DMY"
    MDY = "MDY"


@strawberry.enum
class RowErrorPolicy(Enum):
    """What a bad row means for the good ones."""

    SKIP = strawberry.enum_value(
        "SKIP", description="Store the good rows, report the bad ones."
    )
    ABORT = strawberry.enum_value(
        "ABORT", description="One bad row, and nothing is stored."
    )


@strawberry.input
class ReadOptionsInput:
    """How to read a file; what is left out is found in the file."""

    sheet: str | None = strawberry.field(
        default=None,
        description="Excel: the sheet's name; the first sheet that has rows where it is "
        "left out.",
    )
    header_row: int | None = strawberry.field(
        default=None, description="1-based. Found by itself where it is left out."
    )
    delimiter: str | None = strawberry.field(
        default=None,
        description="CSV. Found by itself where they are left out.",
    )
    encoding: str | None = None
    date_order: DateOrder | None = strawberry.field(
        default=None,
        description="How 03/04/2026 is read. Told by the whole column where it is left "
        "out.",
    )
    time_zone: str | None = strawberry.field(
        default=None,
        description="Where the clocks are that a target's times without an offset were "
        "read from, as IANA names it; UTC where it is left out.",
    )
    null_values: list[str] | None = strawberry.field(
        default=None,
        description="Texts that mean nothing, beside the empty one, such as NA; at most "
        "100.",
    )

    @property
    def options(self) -> ReadOptions:
        """Return it as the importer takes it."""
        order = self.date_order
        return ReadOptions(
            sheet=self.sheet,
            header_row=self.header_row,
            delimiter=self.delimiter,
            encoding=self.encoding,
            date_order=OwnDateOrder(order.value) if order is not None else None,
            time_zone=self.time_zone or "UTC",
            null_values=tuple(self.null_values or ()),
        )


@strawberry.input
class ColumnMappingInput:
    """Which column of the target a heading is for."""

    heading: str
    column: str = strawberry.field(
        description="The column's name; empty leaves the heading out."
    )


@strawberry.input
class ImportDataInput:
    """What to import, where to, and how."""

    file_id: strawberry.ID
    target: str | None = strawberry.field(
        default=None,
        description="An import target's name. Left out: a new dataset is made, typed "
        "from the file.",
    )
    dataset_name: str | None = strawberry.field(
        default=None,
        description="Name of the new dataset; the file's name where it is left out.",
    )
    read: ReadOptionsInput | None = None
    mapping: list[ColumnMappingInput] | None = strawberry.field(
        default=None,
        description="Headings not named here are mapped by name and alias.",
    )
    mode: ImportMode = ImportMode.APPEND
    on_row_error: RowErrorPolicy = RowErrorPolicy.SKIP
    dry_run: bool = strawberry.field(
        default=False, description="Check every row and report, store nothing."
    )
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="The same key from the same caller gives the same job, once.",
    )
    priority: JobPriority = strawberry.field(
        default=JobPriority.INTERACTIVE,
        description="Send piles of imports as BULK, so that nobody waits behind them.",
    )
    wait_ms: int = strawberry.field(
        default=2000,
        description="Wait this long for the job to end before answering; 0 answers at "
        "once. 0 to 10000.",
    )

    @property
    def asked(self) -> asked.Asked:
        """Return the part of it that says what is imported."""
        return asked.Asked(
            file_id=self.file_id,
            target=self.target,
            dataset_name=self.dataset_name,
            read=self.read.options if self.read is not None else ReadOptions(),
            mapping=tuple((one.heading, one.column) for one in self.mapping or ()),
            mode=self.mode.name,
            on_row_error=asked.RowErrorPolicy[self.on_row_error.name],
            dry_run=self.dry_run,
        )
