"""What is checked of a workbook before any parser sees it: a parser lays out the whole
rectangle around the outermost cells, and the process ends where there is no room."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from features.data_import.exceptions import (
    ImportFileError,
    cannot_read_so,
    corrupt,
    over_limit,
    unsupported,
)
from features.data_import.utils.reading.workbooks.cells import Cells, Place
from features.data_import.utils.reading.workbooks.other_cells import (
    OdsSheet,
    ods_sheets,
    xlsb_size,
)
from features.data_import.utils.reading.workbooks.package import Package, protected
from features.data_import.utils.reading.workbooks.shared_texts import SharedTexts
from features.data_import.utils.reading.workbooks.sheets import (
    Sheet,
    is_1904,
    sheets_of,
)
from features.data_import.utils.reading.workbooks.styles import time_styles
from features.data_import.utils.types import ReadLimits

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Names in the directory of such a file are UTF-16, in entries of 128 bytes.
_ENCRYPTED_STREAM: Final = re.compile(re.escape("EncryptedPackage".encode("utf-16-le")))
_ENTRY: Final = 128
_STYLES: Final = "xl/styles.xml"
_MAX_STYLES: Final = 64 * 1024 * 1024
_MAX_BINARY: Final = 512 * 1024 * 1024
# A sheet this small is looked at again, to see whether there is any value in it.
_SMALL: Final = 10_000


class Guarded(NamedTuple):
    """A workbook that may be read.

    `suffix` names its format, `sheets` all sheets that have cells, and `sheet` the one
    to read; both are empty where only the parser knows them. `cells` is what an
    xlsx sheet's XML says, `is_1904` whether its days count from 1904. `ods` is what
    the XML of each sheet of an ods says.
    """

    suffix: str
    sheets: tuple[str, ...] = ()
    sheet: str | None = None
    cells: Cells | None = None
    is_1904: bool = False
    ods: tuple[OdsSheet, ...] = ()


def guard_workbook(path: Path, limits: ReadLimits, sheet: str | None = None) -> Guarded:
    """Check a workbook, and choose the sheet to read: `sheet`, or the first with rows.

    Raises ImportFileError: CORRUPT_FILE, LIMIT_EXCEEDED, UNSUPPORTED_FORMAT, and
    INVALID where there is no such sheet.
    """
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            return _guard_ole(path)
    package = Package(path, limits.max_unpacked_bytes)
    if "xl/workbook.xml" in package:
        return _guard_xlsx(package, limits, sheet)
    if "xl/workbook.bin" in package:
        return _guard_xlsb(package, limits)
    if "content.xml" in package:
        return _guard_ods(package, limits)
    raise unsupported("This zip archive is no workbook.")


def no_rows() -> ImportFileError:
    """Make the error of a workbook without any cell that has a value."""
    return unsupported(
        "This workbook has no rows: there are only pictures or charts in it, or nothing."
    )


def no_such_sheet(name: str, sheets: tuple[str, ...]) -> ImportFileError:
    """Make the error of a sheet asked for that is not there."""
    known = ", ".join(f"“{sheet}”" for sheet in sheets)
    return cannot_read_so(f"There is no sheet “{name}” in it, but {known}.", "sheet")


def _guard_ole(path: Path) -> Guarded:
    found = _ENCRYPTED_STREAM.finditer(path.read_bytes())
    if any(match.start() % _ENTRY == 0 for match in found):
        raise protected()
    return Guarded(".xls")


def _guard_xlsx(package: Package, limits: ReadLimits, wanted: str | None) -> Guarded:
    sheets = sheets_of(package)
    names = tuple(sheet.name for sheet in sheets)
    if wanted is not None and wanted not in names:
        raise no_such_sheet(wanted, names)
    styles: dict[int, bool] = {}
    if _STYLES in package:
        styles = time_styles(package.read(_STYLES, _MAX_STYLES))
    texts = SharedTexts(package, limits.max_cells)
    shorter: Guarded | None = None
    for sheet in _candidates(sheets, wanted):
        cells = _cells(package, sheet, styles, limits)
        if cells.lowest is None:
            continue
        texts.check_uses(sheet, cells.texts)
        found = Guarded(".xlsx", names, sheet.name, cells, is_1904(package))
        if cells.lowest.row > cells.first_row or wanted is not None:
            return found
        shorter = shorter or found
    if shorter is None:
        raise no_rows()
    return shorter


def _candidates(sheets: tuple[Sheet, ...], wanted: str | None) -> list[Sheet]:
    if wanted is not None:
        return [sheet for sheet in sheets if sheet.name == wanted]
    visible = [sheet for sheet in sheets if sheet.is_visible]
    return visible + [sheet for sheet in sheets if not sheet.is_visible]


def _cells(
    package: Package, sheet: Sheet, styles: Mapping[int, bool], limits: ReadLimits
) -> Cells:
    if sheet.part not in package:
        raise corrupt(f"the sheet “{sheet.name}” is missing")
    cells = Cells(styles)
    cells.gather(package.stream(sheet.part))
    if cells.size > limits.max_cells or cells.size < _SMALL:
        # Formats may reach far beyond the values, and are not laid out.
        cells = Cells(styles, exact=True)
        cells.gather(package.stream(sheet.part))
    if cells.lowest and cells.rightmost:
        outermost = dict.fromkeys((cells.lowest, cells.rightmost))
        _check_size(sheet.name, cells.size, list(outermost), limits)
    return cells


def _check_size(
    sheet: str | None, size: int, outermost: list[Place], limits: ReadLimits
) -> None:
    if size <= limits.max_cells:
        return
    subject = f"The sheet “{sheet}”" if sheet else "A sheet of this workbook"
    raise over_limit(
        f"{subject} reaches to {' and '.join(map(str, outermost))}, which makes "
        f"{size:,} cells, and {limits.max_cells:,} are allowed. Delete what stands far "
        "outside of the table, or save the sheet as csv."
    )


def _guard_xlsb(package: Package, limits: ReadLimits) -> Guarded:
    for name in package.names:
        if name.startswith("xl/worksheets/") and name.endswith(".bin"):
            size = xlsb_size(package.read(name, _MAX_BINARY))
            _check_size(None, size.row * size.column, [size], limits)
    for name in ("xl/sharedStrings.bin", "xl/styles.bin"):
        if name in package:
            package.read(name, _MAX_BINARY)
    return Guarded(".xlsb")


def _guard_ods(package: Package, limits: ReadLimits) -> Guarded:
    manifest = "META-INF/manifest.xml"
    if manifest in package and b"encryption-data" in package.read(
        manifest, _MAX_STYLES
    ):
        raise protected()
    sheets = []
    for sheet in ods_sheets(package.stream("content.xml"), limits.max_cells):
        size = sheet.size
        _check_size(None, size.row * size.column, [size], limits)
        sheets.append(sheet)
    return Guarded(".ods", ods=tuple(sheets))
