"""One error body for every route that is not GraphQL."""

from collections.abc import Mapping
from typing import Any, Final

from loguru import logger
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.base import new_id
from core.errors import ErrorCode, error_body

_CODES: Final = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "BAD_REQUEST")
    return JSONResponse(
        error_body(code, error.detail), error.status_code, headers=error.headers
    )


async def _failed(_request: Request, error: Exception) -> Response:
    """Show an id that is in the log, and nothing of ours."""
    error_id = new_id("event")
    logger.opt(exception=error).error("{}", error_id)
    message = f"Something went wrong on our side ({error_id})."
    return JSONResponse(error_body(ErrorCode.INTERNAL, message), 500)


ERROR_HANDLERS: Final[Mapping[Any, Any]] = {
    HTTPException: _refused,
    Exception: _failed,
}
