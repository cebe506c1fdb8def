"""Workbooks made by hand, as no program would write them."""

import zipfile
from pathlib import Path
from typing import Final

_SPREADSHEET: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = (
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
)
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"


def parts_of(*sheets: str, texts: str | None = None, state: str = "") -> dict[str, str]:
    """Return the parts of an xlsx whose sheets S1, S2 … have this XML in sheetData.

    `texts` is what is in sharedStrings.xml; `state` goes to the first sheet.
    """
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}" {state if n == 1 else ""}/>'
        for n in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" '
        f'Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>"
        ),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_RELATIONS}">'
            f"<sheets>{listed}</sheets></workbook>"
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
            "</Relationships>"
        ),
    }
    for n, sheet in zip(numbers, sheets, strict=True):
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{sheet}</sheetData>'
            "</worksheet>"
        )
    if texts is not None:
        parts["xl/sharedStrings.xml"] = f'<sst xmlns="{_SPREADSHEET}">{texts}</sst>'
    return parts


def write_parts(path: Path, parts: dict[str, str]) -> Path:
    """Write a zip of these parts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def workbook(
    path: Path, *sheets: str, texts: str | None = None, state: str = ""
) -> Path:
    """Write an xlsx whose sheets have this XML."""
    return write_parts(path, parts_of(*sheets, texts=texts, state=state))
