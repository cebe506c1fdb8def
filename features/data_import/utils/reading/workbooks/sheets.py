"""The sheets of an xlsx workbook, and the parts of its zip that they are in."""

import posixpath
from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.etree import ElementTree

from features.data_import.exceptions import corrupt
from features.data_import.utils.reading.workbooks.package import Package

_MAX_PART: Final = 16 * 1024 * 1024
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"


class Sheet(NamedTuple):
    """A sheet by name; `part` is where its cells are."""

    name: str
    is_visible: bool
    part: str


def sheets_of(package: Package) -> tuple[Sheet, ...]:
    """Return the sheets with cells, in order; those that are a chart are left out."""
    targets = _targets(package)
    sheets = []
    for element in _elements(package, _WORKBOOK, "sheet"):
        relation = next(
            (v for k, v in element.attrib.items() if k.endswith("}id")), None
        )
        kind, target = targets.get(relation or "", ("", ""))
        if not kind.endswith("/worksheet"):
            continue
        is_visible = element.get("state", "visible") == "visible"
        sheets.append(Sheet(element.get("name", ""), is_visible, target))
    return tuple(sheets)


def is_1904(package: Package) -> bool:
    """Tell whether the workbook counts its days from 1904, and not from 1900."""
    found = _elements(package, _WORKBOOK, "workbookPr")
    return any(e.get("date1904", "0") in ("1", "true", "on") for e in found)


def _targets(package: Package) -> dict[str, tuple[str, str]]:
    return {
        element.get("Id", ""): (
            element.get("Type", ""),
            _part(element.get("Target", "")),
        )
        for element in _elements(package, _RELATIONS, "Relationship")
    }


def _part(target: str) -> str:
    return target[1:] if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _elements(package: Package, part: str, name: str) -> Iterator[ElementTree.Element]:
    if part not in package:
        raise corrupt(f"its part {part} is missing")
    data = package.read(part, _MAX_PART)
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise corrupt(f"its part {part} declares entities, which no workbook does")
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise corrupt(f"its part {part} is no XML") from error
    return (e for e in root.iter() if e.tag.rpartition("}")[2] == name)
