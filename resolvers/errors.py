"""What callers see of an error: an AppError's message, or an id that is in the log."""

from collections.abc import Iterable
from typing import Any, Final

from graphql import GraphQLError, GraphQLFormattedError
from loguru import logger
from strawberry import Schema
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import (
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
)
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.graphql import OperationType

from core.base import new_id
from core.errors import AppError, ErrorCode
from core.outages import OUT_OF_REACH, is_outage, outages

_ERROR_ID = "onemanage_error_id"
# Raised before any resolver, for what the caller sent.
_OF_CALLERS = (
    MissingQueryError,
    CannotGetOperationTypeError,
    InvalidOperationTypeError,
)


_CODES: Final = frozenset(
    {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.FORBIDDEN,
        ErrorCode.NOT_FOUND,
        ErrorCode.BAD_USER_INPUT,
        ErrorCode.LIMIT_EXCEEDED,
        ErrorCode.INTERNAL,
    }
)


class MaskedSchema(Schema):
    """A schema whose internal errors go to the log whole, and to callers as an id."""

    async def execute(
        self, query: str | None, *args: Any, **options: Any
    ) -> ExecutionResult:
        """Answer a query or a mutation; a subscription needs a stream."""
        allowed = options.get("allowed_operation_types") or set(OperationType)
        options["allowed_operation_types"] = set(allowed) - {OperationType.SUBSCRIPTION}
        return await super().execute(query, *args, **options)

    def process_errors(
        self,
        errors: list[GraphQLError],
        execution_context: ExecutionContext | None = None,
    ) -> None:
        """Log what is not the caller's doing."""
        log_internal(errors)


def log_internal(errors: Iterable[GraphQLError]) -> None:
    """Log what is not the caller's doing, under the id that the caller is shown."""
    for error in errors:
        if is_outage(innermost(error)):
            error_id(error)  # which logs it, where it has not been
        elif is_internal(error):
            logger.opt(exception=error.original_error).error(
                "{} at {}", error_id(error), error.path
            )


def is_internal(error: GraphQLError) -> bool:
    """Tell whether an error came from us and not from what the caller sent."""
    original = innermost(error)
    if isinstance(original, AppError):
        return original.code is ErrorCode.STORAGE_UNAVAILABLE
    return original is not None


def innermost(error: GraphQLError) -> Exception | None:
    """Return the exception that a resolver raised, if one did."""
    original = error.original_error
    while isinstance(original, GraphQLError):
        original = original.original_error
    return None if isinstance(original, _OF_CALLERS) else original


def error_id(error: GraphQLError) -> str:
    """Return the id under which an internal error is logged: an outage's is one."""
    original = innermost(error)
    if original is not None and is_outage(original):
        return outages.met("operations", original)
    found = getattr(original, _ERROR_ID, None) or new_id("event")
    if original is not None:
        setattr(original, _ERROR_ID, found)
    return str(found)


def formatted(error: GraphQLError) -> GraphQLFormattedError:
    """Return an error as callers see it, with `extensions.code`."""
    shown = error.formatted
    original = innermost(error)
    extensions: dict[str, Any] = {"code": code_of(error).value}
    if is_internal(error):
        shown["message"] = "Something went wrong on our side."
        extensions["id"] = error_id(error)
    if is_outage(original):
        shown["message"] = OUT_OF_REACH
    if isinstance(original, AppError):
        shown["message"] = original.message
    shown["extensions"] = extensions
    return shown


def code_of(error: GraphQLError) -> ErrorCode:
    """Return an error's code, one of those that clients know."""
    if is_internal(error):
        return ErrorCode.INTERNAL
    original = innermost(error)
    if isinstance(original, AppError) and original.code in _CODES:
        return original.code
    return ErrorCode.BAD_USER_INPUT
