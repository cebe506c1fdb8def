"""The one exception that may reach a caller, and the one error body outside GraphQL."""

from enum import StrEnum
from typing import TypedDict


class ErrorCode(StrEnum):
    """Codes that clients may act on: `UserErrorCode` and `extensions.code` together."""

    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    CORRUPT_FILE = "CORRUPT_FILE"
    NOT_UPLOADED = "NOT_UPLOADED"
    CONFLICT = "CONFLICT"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class AppError(Exception):
    """An error with a code, a message fit for the caller and, by ``raise … from``, a cause.

    `field` is the path of the input field at fault, outermost first.
    """

    def __init__(
        self, code: ErrorCode, message: str, *, field: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class ErrorDetail(TypedDict):
    """What `ErrorBody` holds."""

    code: str
    message: str


class ErrorBody(TypedDict):
    """The JSON body of every error outside GraphQL: ``{"error": {"code", "message"}}``."""

    error: ErrorDetail


def error_body(code: str, message: str) -> ErrorBody:
    """Make the JSON error body of a route that is not GraphQL."""
    return {"error": {"code": code, "message": message}}
