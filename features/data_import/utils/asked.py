"""What a person asks of an import: a job's input, checked before the job is stored."""

from enum import StrEnum
from typing import Any, Final

import msgspec

from core.errors import AppError, ErrorCode
from core.validators import check_between, has_controls
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.declaring import Target
from features.data_import.utils.messages import Order, Stamp
from features.data_import.utils.read_options import (
    checked_delimiter,
    checked_encoding,
    is_zone,
)
from features.data_import.utils.types import ReadLimits, ReadOptions

MAX_NAME: Final = 200
MAX_MAPPINGS: Final = 1000
MAX_HEADING: Final = 1000
MAX_NULL_VALUES: Final = 100
MAX_NULL_VALUE: Final = 100
MAX_SHEET: Final = 255
MAX_DELIMITER: Final = 10
MAX_ENCODING: Final = 40
MAX_HEADER_ROW: Final = 2**20
_READ: Final = ("input", "read")


class RowErrorPolicy(StrEnum):
    """What a bad row means for the good ones."""

    SKIP = "SKIP"
    ABORT = "ABORT"


class Asked(msgspec.Struct, frozen=True):
    """One import as it was asked for. No `target`: a dataset is made."""

    file_id: str
    target: str | None = None
    dataset_name: str | None = None
    read: ReadOptions = ReadOptions()
    mapping: tuple[tuple[str, str], ...] = ()
    mode: str = "APPEND"
    on_row_error: RowErrorPolicy = RowErrorPolicy.SKIP
    dry_run: bool = False

    def as_input(self) -> dict[str, Any]:
        """Return it as a job's input."""
        decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return decoded

    def order(
        self, filename: str, limits: ReadLimits, stamp: Stamp | None = None
    ) -> Order:
        """Return what the importing process is to do."""
        return Order(filename, self.read, limits, self.target, self.mapping, stamp)


def check_read(read: ReadOptions, field: tuple[str, ...] = _READ) -> None:
    """Raise AppError INVALID for an option that no file can be read by."""
    _check_text(read.sheet, 1, MAX_SHEET, "A sheet's name", (*field, "sheet"))
    _check_text(
        read.delimiter,
        1,
        MAX_DELIMITER,
        "A delimiter",
        (*field, "delimiter"),
        tabs=True,
    )
    _check_text(read.encoding, 1, MAX_ENCODING, "An encoding", (*field, "encoding"))
    _check_for_texts(read, field)
    if read.header_row is not None:
        where = (*field, "headerRow")
        check_between(read.header_row, 1, MAX_HEADER_ROW, "headerRow", where)
    _check_zone(read.time_zone, (*field, "timeZone"))
    where = (*field, "nullValues")
    _check_count(len(read.null_values), MAX_NULL_VALUES, "null values", where)
    for value in read.null_values:
        _check_text(value, 0, MAX_NULL_VALUE, "A null value", where)


def _check_for_texts(read: ReadOptions, field: tuple[str, ...]) -> None:
    try:
        if read.delimiter is not None:
            checked_delimiter(read.delimiter)
        if read.encoding is not None:
            checked_encoding(read.encoding)
    except ImportFileError as error:
        # It names the option; which input that belongs to is known here.
        where = (*field, error.field[-1])
        raise AppError(error.code, error.message, field=where) from None


def check_asked(asked: Asked, target: Target | None) -> None:
    """Raise AppError INVALID where what was asked for contradicts itself."""
    check_read(asked.read)
    _check_text(asked.dataset_name, 1, MAX_NAME, "A name", ("input", "datasetName"))
    if target is None:
        _check_dataset(asked)
    else:
        _check_target(asked, target)


def _check_dataset(asked: Asked) -> None:
    if asked.mode != "APPEND":
        raise AppError(
            ErrorCode.INVALID,
            f"{asked.mode} needs a target. Without one a new dataset is made, and the "
            "mode is APPEND.",
            field=("input", "mode"),
        )
    if asked.mapping:
        raise AppError(
            ErrorCode.INVALID,
            "A mapping needs a target. Without one the dataset's columns are named as "
            "the file's headings.",
            field=("input", "mapping"),
        )


def _check_target(asked: Asked, target: Target) -> None:
    if asked.dataset_name is not None:
        raise AppError(
            ErrorCode.INVALID,
            "A dataset's name is for an import without a target: leave one of them out.",
            field=("input", "datasetName"),
        )
    field = ("input", "mapping")
    _check_count(len(asked.mapping), MAX_MAPPINGS, "headings", field)
    for heading, _ in asked.mapping:
        _check_text(heading, 0, MAX_HEADING, "A heading", field, tabs=True)
    _check_once([heading for heading, _ in asked.mapping], "heading", field)
    # An empty one leaves its heading out.
    columns = [column for _, column in asked.mapping if column]
    _check_once(columns, "column", field)
    for column in columns:
        if target.column(column) is None:
            known = ", ".join(one.name for one in target.columns)
            raise AppError(
                ErrorCode.INVALID,
                f"{target.name} has no column {column[:100]!r}. It has {known}.",
                field=field,
            )


def _check_once(values: list[str], what: str, field: tuple[str, ...]) -> None:
    seen = set()
    for value in values:
        if value in seen:
            raise AppError(
                ErrorCode.INVALID,
                f"The {what} {value[:100]!r} is mapped twice.",
                field=field,
            )
        seen.add(value)


def _check_count(count: int, most: int, what: str, field: tuple[str, ...]) -> None:
    if count > most:
        raise AppError(
            ErrorCode.INVALID,
            f"At most {most} {what} may be given; there are {count}.",
            field=field,
        )


def _check_text(
    text: str | None,
    least: int,
    most: int,
    what: str,
    field: tuple[str, ...],
    *,
    tabs: bool = False,
) -> None:
    if text is None:
        return
    plain = text.replace("\t", "").replace("\n", "").replace("\r", "")
    if not least <= len(text) <= most or has_controls(plain if tabs else text):
        raise AppError(
            ErrorCode.INVALID,
            f"{what} has {least} to {most} characters, none of them a control character.",
            field=field,
        )


def _check_zone(name: str, field: tuple[str, ...]) -> None:
    if not is_zone(name):
        raise AppError(
            ErrorCode.INVALID,
            f"{name[:100]!r} is no time zone. Name one as IANA does, such as "
            "Asia/Shanghai.",
            field=field,
        )
