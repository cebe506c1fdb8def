"""What can be wrong with a Photoshop file, in words that its owner can act on."""

from core.errors import AppError, ErrorCode


class PsdError(AppError):
    """A file that cannot be parsed: CORRUPT_FILE, UNSUPPORTED_FORMAT, LIMIT_EXCEEDED."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(code, message)

    def __reduce__(self) -> tuple[type["PsdError"], tuple[ErrorCode, str]]:
        """Pickle with both arguments, so that it survives a process pool."""
        return type(self), (self.code, self.message)


def corrupt(detail: str) -> PsdError:
    """Make the error of a file whose bytes are damaged; `detail` is a clause."""
    return PsdError(
        ErrorCode.CORRUPT_FILE,
        f"This file is damaged: {detail}. "
        "Upload it again, or save it again in Photoshop.",
    )


def cut_short(where: str) -> PsdError:
    """Make the error of a file that ends in the middle; `where` is a place in it."""
    return PsdError(
        ErrorCode.CORRUPT_FILE,
        f"This file is incomplete: it ends in the middle of {where}. "
        "Upload it again, or save it again in Photoshop.",
    )


def unsupported(detail: str) -> PsdError:
    """Make the error of a format that is not read; `detail` is a whole sentence."""
    return PsdError(ErrorCode.UNSUPPORTED_FORMAT, f"{detail} Upload a PSD or PSB file.")


def over_limit(detail: str) -> PsdError:
    """Make the error of a file larger than allowed; `detail` is a whole sentence."""
    return PsdError(ErrorCode.LIMIT_EXCEEDED, detail)


def document_not_found(field: tuple[str, ...] = ("id",)) -> AppError:
    """Say that the caller has no such document."""
    return AppError(ErrorCode.NOT_FOUND, "There is no such document.", field=field)
