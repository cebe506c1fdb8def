"""A stream that does not begin."""

from starlette.responses import JSONResponse, Response

from core.errors import ErrorCode


def refusal(status: int, code: ErrorCode, message: str) -> Response:
    """Answer with GraphQL errors in JSON, which say what to mend."""
    error = {"message": message, "extensions": {"code": code.value}}
    return JSONResponse({"errors": [error]}, status)
