"""What is asked of the importing process and what it tells, in structs that cross over."""

import msgspec

from features.data_import.utils.types import (
    ColumnType,
    Layout,
    ReadLimits,
    ReadOptions,
    RowError,
)


class Stamp(msgspec.Struct, frozen=True):
    """What the rows of an import into a target are given: an id each, and the import's.

    A row's id is `first_id` and its number in the file; `import_id` is a UUID's bytes.
    """

    first_id: int
    import_id: bytes


class Order(msgspec.Struct, frozen=True):
    """A file to be read: its name, how, and into what.

    `mapping` has pairs of a heading and the target's column that it is for; headings
    that are not in it are mapped by their names. No `target`: a dataset. `stamp` is
    there where rows go into a target.
    """

    filename: str
    read: ReadOptions = ReadOptions()
    limits: ReadLimits = ReadLimits()
    target: str | None = None
    mapping: tuple[tuple[str, str], ...] = ()
    stamp: Stamp | None = None


class ImportedColumn(msgspec.Struct, frozen=True):
    """A column that is stored. `position` is the file's, from 1.

    `name` is the SQL name, the target's or `c1` … `cN` of the dataset; `aware`: a
    TIMESTAMP is an instant (timestamptz), not a clock's reading (timestamp).
    """

    position: int
    heading: str
    name: str
    type: ColumnType
    aware: bool = False


class Opened(msgspec.Struct, frozen=True, tag=True):
    """What is about to be stored: it comes first, and again after each Restart."""

    layout: Layout
    columns: tuple[ImportedColumn, ...]


class Checked(msgspec.Struct, frozen=True, tag=True):
    """Rows have been read: `rows_good` of `rows_read` are in `copy`, the rest rejected.

    `copy` has them in PostgreSQL's binary COPY format, without its header and trailer.
    Its columns are `_row`, which counts a dataset's rows from 1, or the two of the stamp;
    then Opened's. `errors` are all of these rows', in order; `fraction`, 0 to 1, is how
    much of the work is done, and does not fall between two Opened.
    """

    rows_read: int
    rows_good: int
    copy: memoryview
    errors: tuple[RowError, ...]
    fraction: float


class Profiled(msgspec.Struct, frozen=True, tag=True):
    """Rows have been looked at, to learn what the columns hold; nothing is to be stored."""

    rows_read: int
    fraction: float


class Restart(msgspec.Struct, frozen=True, tag=True):
    """What was told since Opened does not hold: discard it, another Opened follows."""


class Finished(msgspec.Struct, frozen=True, tag=True):
    """The end. rows_read = good rows + rows_rejected."""

    rows_read: int
    rows_rejected: int


Message = Opened | Checked | Profiled | Restart | Finished


class PreviewColumn(msgspec.Struct, frozen=True):
    """A column of the file, and the target's column it would go to; `samples` are texts."""

    heading: str
    type: ColumnType
    maps_to: str | None
    samples: tuple[str, ...]


class Preview(msgspec.Struct, frozen=True, tag=True):
    """What is in a file: its layout, its columns and its first rows as they stand."""

    layout: Layout
    columns: tuple[PreviewColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]


class ReportMade(msgspec.Struct, frozen=True, tag=True):
    """The report has been written to `path`; `suffix` is its file name's, with a dot."""

    path: str
    suffix: str
    content_type: str
