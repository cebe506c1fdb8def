"""Problems that a caller can mend, as mutations answer them."""

from enum import Enum
from typing import Final

import strawberry

from core.errors import AppError, ErrorCode


@strawberry.enum
class UserErrorCode(Enum):
    """What kind of problem it is."""

    NOT_FOUND = "NOT_FOUND"
    INVALID = "INVALID"
    REQUIRED = "REQUIRED"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    CORRUPT_FILE = "CORRUPT_FILE"
    NOT_UPLOADED = "NOT_UPLOADED"
    CONFLICT = "CONFLICT"
    FORBIDDEN = "FORBIDDEN"
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"


@strawberry.type(
    description="A problem with what the caller sent. The operation itself succeeded: "
    "nothing was changed."
)
class UserError:
    """One problem, with the path of the input field at fault."""

    field: list[str] = strawberry.field(
        description="Path of the input field at fault, outermost first; empty where "
        "no single field is."
    )
    message: str
    code: UserErrorCode


# Not the caller's to mend: these stay GraphQL errors.
_NOT_OF_USERS: Final = frozenset(
    {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.BAD_USER_INPUT,
        ErrorCode.STORAGE_UNAVAILABLE,
        ErrorCode.INTERNAL,
    }
)


def user_errors(error: AppError) -> list[UserError]:
    """Return an error as a mutation's answer, or raise it where nobody can mend it."""
    if error.code in _NOT_OF_USERS:
        raise error
    code = UserErrorCode(error.code.value)
    return [UserError(field=list(error.field), message=error.message, code=code)]
