"""What can be wrong with a file of rows, in words that its owner can act on."""

from typing import Any

from core.errors import AppError, ErrorCode


class ImportFileError(AppError):
    """A file that cannot be read: CORRUPT_FILE, UNSUPPORTED_FORMAT, LIMIT_EXCEEDED.

    INVALID where it cannot be read as the caller asked for.
    """

    def __init__(
        self, code: ErrorCode, message: str, *, field: tuple[str, ...] = ()
    ) -> None:
        super().__init__(code, message, field=field)

    def __reduce__(
        self,
    ) -> tuple[type["ImportFileError"], tuple[ErrorCode, str], dict[str, Any]]:
        """Pickle with all arguments, so that it survives a process pool."""
        return type(self), (self.code, self.message), {"field": self.field}


def corrupt(detail: str) -> ImportFileError:
    """Make the error of a file whose bytes are damaged; `detail` is a clause."""
    return ImportFileError(
        ErrorCode.CORRUPT_FILE,
        f"This file is damaged: {detail}. Save it again, and upload that.",
    )


def unsupported(detail: str) -> ImportFileError:
    """Make the error of a format that is not read; `detail` is a whole sentence."""
    return ImportFileError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"{detail} Upload an xlsx, xls, ods, csv or tsv file, or a zip with one csv.",
    )


def of_several_files() -> ImportFileError:
    """Make the error of reports that were put together."""
    return ImportFileError(
        ErrorCode.INVALID,
        "These rejected rows are of several files, which were read in different ways: see "
        "the ends of their errors. Import the rows of each file alone.",
    )


def without_columns() -> ImportFileError:
    """Make the error of a report whose other columns are gone."""
    return without_rows("There is nothing in this file beside a report's own columns.")


def without_rows(detail: str) -> ImportFileError:
    """Make the error of a file that has nothing to import; `detail` is a sentence."""
    return ImportFileError(
        ErrorCode.UNSUPPORTED_FORMAT,
        f"{detail} Upload one with headings and at least one row below them.",
    )


def over_limit(detail: str) -> ImportFileError:
    """Make the error of a file larger than allowed; `detail` is a whole sentence."""
    return ImportFileError(ErrorCode.LIMIT_EXCEEDED, detail)


def cannot_read_so(detail: str, option: str) -> ImportFileError:
    """Make the error of a read option that the file cannot satisfy."""
    return ImportFileError(ErrorCode.INVALID, detail, field=("input", "read", option))


def import_not_found(field: tuple[str, ...] = ("importId",)) -> AppError:
    """Say that the caller has no such import."""
    return AppError(ErrorCode.NOT_FOUND, "There is no such import.", field=field)


def import_gone() -> AppError:
    """Say that an import's record was deleted, or completed, while its rows were stored."""
    return AppError(
        ErrorCode.CONFLICT,
        "The import's record was deleted or completed meanwhile; nothing was stored.",
    )


def target_busy(title: str) -> AppError:
    """Say that imports hold a target's rows."""
    return AppError(
        ErrorCode.CONFLICT,
        f"An import into {title} is running. Try again when it has ended.",
    )


def dataset_not_found(field: tuple[str, ...] = ("id",)) -> AppError:
    """Say that the caller has no such dataset."""
    return AppError(ErrorCode.NOT_FOUND, "There is no such dataset.", field=field)
