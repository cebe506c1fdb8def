"""Results as JSON: what is sent is made here, once for each result."""

import json
from typing import Any, Final

import msgspec
from graphql import ExecutionResult, GraphQLError

from resolvers.errors import formatted, log_internal

_encoder: Final = msgspec.json.Encoder()


def encoded(result: ExecutionResult) -> bytes:
    """Return a result as callers see it: `data`, and masked `errors` if there are any."""
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = [formatted(error) for error in result.errors]
    try:
        return _encode(body)
    except (TypeError, ValueError, RecursionError) as cause:
        error = GraphQLError("The result is no JSON.", original_error=cause)
        log_internal([error])
        return _encode({"data": None, "errors": [formatted(error)]})


def encoded_errors(errors: list[GraphQLError]) -> bytes:
    """Return errors as a JSON list, as callers see them."""
    return _encode([formatted(error) for error in errors])


def _encode(body: Any) -> bytes:
    try:
        return _encoder.encode(body)
    except (UnicodeEncodeError, OverflowError):
        # Halves of surrogate pairs and endless integers: JSON has a form for them.
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
