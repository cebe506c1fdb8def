"""Imports, the rows that they rejected, datasets, and the tables of targets."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from core.base import TimestampMixin, derived_id
from features.data_import.targets import TARGETS
from features.data_import.utils.declaring import Target, TargetColumn
from features.data_import.utils.types import ColumnType

# The PostgreSQL schema of the tables that are made from files.
DATASETS_SCHEMA: Final = "datasets"
# What an import's job results in.
RESULT_TYPE: Final = "ImportRecord"
_TARGETS: Final = "dataset_" + 32 * "0"


class ImportMode(StrEnum):
    """What becomes of rows whose key is known, and of those that were there."""

    APPEND = "APPEND"
    UPSERT = "UPSERT"
    REPLACE = "REPLACE"


class Dataset(TimestampMixin, table=True):
    """A table made from a file, or a target's, which is everybody's (no owner).

    `columns` are objects of `name`, `type`, `column` and `aware`, as `StoredColumn`
    reads them; a target declares its own, and has none here.
    """

    __tablename__ = "datasets"
    __table_args__ = (
        Index("datasets_by_owner", "owner_id", "created_at", "id"),
        Index("datasets_by_time", "created_at", "id"),
    )

    id: str = Field(primary_key=True)
    owner_id: str | None = Field(default=None, foreign_key="users.id")
    name: str
    target: str | None = Field(default=None, unique=True)
    table_name: str = Field(unique=True)
    columns: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    row_count: int = Field(default=0, sa_type=BigInteger)


class ImportRecord(TimestampMixin, table=True):
    """One import. Its id is derived from its job's, so that a retry finds it again.

    It is there from the beginning, with its rejected rows; `stored_at` and the counts
    come with what the import stores, in the same transaction. It goes with its file.
    """

    __tablename__ = "imports"
    __table_args__ = (
        Index("imports_by_owner", "owner_id", "created_at", "id"),
        Index("imports_by_time", "created_at", "id"),
        Index("imports_by_report", "report_id"),
        Index("imports_by_dataset", "dataset_id"),
    )

    id: str = Field(primary_key=True)
    owner_id: str = Field(foreign_key="users.id")
    job_id: str = Field(foreign_key="jobs.id", unique=True)
    file_id: str = Field(foreign_key="source_files.id", index=True, ondelete="CASCADE")
    target: str | None = None
    dataset_id: str | None = Field(
        default=None, foreign_key="datasets.id", ondelete="SET NULL"
    )
    mode: str
    dry_run: bool = False
    rows_read: int = Field(default=0, sa_type=BigInteger)
    rows_inserted: int = Field(default=0, sa_type=BigInteger)
    rows_updated: int = Field(default=0, sa_type=BigInteger)
    rows_rejected: int = Field(default=0, sa_type=BigInteger)
    # The id before those of a target's rows; None: a dataset's, or not known.
    first_id: int | None = Field(default=None, sa_type=BigInteger)
    stored_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    undone_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    report_name: str | None = None
    report_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )


class ImportRowError(SQLModel, table=True):
    """Why a row was rejected. Its id is derived from the import's, row and position.

    `position` is the file's column, from 1; 0: the row itself.
    """

    __tablename__ = "import_errors"

    import_id: str = Field(
        foreign_key="imports.id", ondelete="CASCADE", primary_key=True
    )
    row: int = Field(sa_type=BigInteger, primary_key=True)
    position: int = Field(primary_key=True)
    id: str = Field(unique=True)
    column: str | None = None
    value: str | None = None
    code: str
    message: str


# What an UPSERT has overwritten, for undo. No foreign key, which would look at each of
# a million rows: a trigger has them go with their import.
PREVIOUS: Final = Table(
    "import_previous",
    SQLModel.metadata,
    Column("import_id", Uuid, primary_key=True),
    Column("row_id", BigInteger, primary_key=True, autoincrement=False),
    Column("previous", JSONB, nullable=False),
)


_TYPES: Final[dict[ColumnType, TypeEngine[Any]]] = {
    ColumnType.TEXT: Text(),
    ColumnType.INTEGER: BigInteger(),
    ColumnType.DECIMAL: Numeric(),
    ColumnType.BOOLEAN: Boolean(),
    ColumnType.DATE: Date(),
    ColumnType.TIMESTAMP: DateTime(timezone=True),
}


def _target_column(column: TargetColumn) -> Column[Any]:
    default = "" if column.key else None
    return Column(
        column.name,
        _TYPES[column.type],
        nullable=not column.key,
        server_default=default,
    )


def _target_table(target: Target) -> Table:
    """Make a target's table: `import_id` is the last import that touched the row."""
    return Table(
        target.table,
        SQLModel.metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("import_id", Uuid, nullable=False),
        *(_target_column(column) for column in target.columns),
        Index(f"{target.table}_by_key", *target.key, unique=True),
    )


TARGET_TABLES: Final = {name: _target_table(target) for name, target in TARGETS.items()}


class StoredColumn(NamedTuple):
    """A column of a dataset or a target. `name` is for people, `column` is PostgreSQL's.

    `aware` timestamps have a zone.
    """

    name: str
    column: str
    type: ColumnType
    aware: bool = False


# So many ids belong to each import of a target: one for each row that a file may have.
IDS_OF_ONE_IMPORT: Final = 2**32


class ImportPlan(NamedTuple):
    """What an import is to do. Without a `target` it makes a dataset of that name.

    `first_id` and a row's number in the file are the id that the target's row is given.
    """

    import_id: str
    owner_id: str
    target: str | None
    mode: ImportMode
    dry_run: bool
    dataset_name: str = ""
    first_id: int = 0


class Merged(NamedTuple):
    """What became of the rows that were copied; the three make up all of them."""

    inserted: int
    updated: int
    duplicates: int


class DuplicateRow(NamedTuple):
    """A row whose key is another's: an earlier one's in the file, or the table's.

    `key` is by column, in the target's order; `first_row` is None where the table had it.
    """

    row: int
    key: Sequence[tuple[str, str]]
    first_row: int | None


class DatasetRows(NamedTuple):
    """Some of a dataset's rows, in order: keys to go on behind, and values for JSON."""

    keys: Sequence[int]
    values: Sequence[Sequence[Any]]


def target_dataset_id(target: str) -> str:
    """Return the id of the dataset that is a target's table."""
    return derived_id("dataset", _TARGETS, target)
