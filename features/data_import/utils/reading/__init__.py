"""Files of rows into batches of text: workbooks, texts, and texts in a zip."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from features.data_import.utils.conventions import Conventions
from features.data_import.utils.reading.kinds import refuse_other_kinds
from features.data_import.utils.reading.sampling import sampled
from features.data_import.utils.reading.texts.sources import FileSource
from features.data_import.utils.reading.texts.text import TextTable
from features.data_import.utils.reading.texts.zipped import open_member
from features.data_import.utils.reading.workbooks.cell_numbers import SheetNumbers
from features.data_import.utils.types import Batch, Layout, ReadLimits, ReadOptions

__all__ = ["Table", "open_table", "sampled"]

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIPS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


class Table(Protocol):
    """A file of rows. `batches` begins with the first row each time it is called."""

    layout: Layout
    # What a report tells of the file that its rows come from.
    conventions: Conventions

    @property
    def numbers(self) -> SheetNumbers | None:
        """Tell which cells are numbers; None where all are texts."""
        ...

    def batches(self) -> Iterator[Batch]:
        """Read all rows, in order; the last batch ends with the file."""
        ...


def open_table(
    path: Path, filename: str, options: ReadOptions, limits: ReadLimits
) -> Table:
    """Open the table in a file; what it is, its first bytes tell, not its name.

    Raises ImportFileError.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head.startswith(_OLE):
        return _workbook(path, options, limits)
    if head.startswith(_ZIPS):
        member = open_member(path, limits)
        if member is None:
            return _workbook(path, options, limits)
        return TextTable(member, options, limits)
    refuse_other_kinds(head, filename)
    return TextTable(FileSource(path), options, limits)


def _workbook(path: Path, options: ReadOptions, limits: ReadLimits) -> Table:
    # Its library is not loaded where only texts are read.
    from features.data_import.utils.reading.workbooks.workbook import WorkbookTable

    return WorkbookTable(path, options, limits)
