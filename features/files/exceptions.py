"""What is wrong with a file, in words for the person who sent it."""

from core.errors import AppError, ErrorCode


class ObjectsGone(Exception):
    """Stored objects that were to be named again have been deleted meanwhile."""


def file_not_found(field: tuple[str, ...] = ()) -> AppError:
    """Say that the caller has no such file."""
    return AppError(ErrorCode.NOT_FOUND, "There is no such file.", field=field)


def size_mismatch(announced: int, arrived: int) -> str:
    """Say that another number of bytes arrived than was announced."""
    return f"{announced} bytes were announced, {arrived} arrived."


def hash_mismatch(announced: str, arrived: str) -> str:
    """Say that other bytes arrived than were announced."""
    return f"The announced sha256 is {announced}; that of the bytes is {arrived}."
