"""Results over HTTP as parts of a multipart/mixed body.

Both kinds of client find a part's end by the delimiter behind it, so each part is
written with that, and the next one goes on from there.
"""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from core.security import Caller
from resolvers.http.streams.streaming import StreamResponse
from resolvers.operations import OperationRequest, Operations

_DELIMITER: Final = b"\r\n---"
_LAST: Final = b"--\r\n"


class SubscriptionFormat:
    """Apollo's protocol (`subscriptionSpec=1.0`): each result is a `payload`."""

    content_type = 'multipart/mixed; boundary="-"; subscriptionSpec=1.0'
    opening = _DELIMITER
    silent_end = False

    def __init__(self) -> None:
        self.heartbeat = _part(b"{}")

    def next(self, result: bytes, cursor: str | None) -> bytes:
        """Write a result."""
        return _part(b'{"payload":%b}' % result)

    def failed(self, errors: bytes, *, is_open: bool) -> bytes:
        """Write a result that is errors, or, behind others, what broke the stream."""
        if is_open:
            return _part(b'{"payload":null,"errors":%b}' % errors) + _LAST
        return _part(b'{"payload":{"errors":%b}}' % errors) + _LAST

    def completed(self) -> bytes:
        """Write the end."""
        return _LAST


class IncrementalFormat:
    """Incremental delivery, as urql and meros speak it: each part is a result."""

    content_type = 'multipart/mixed; boundary="-"'
    opening = _DELIMITER
    # Padding behind the delimiter (RFC 2046, 5.1.1): an empty part would be a result.
    heartbeat = b" "
    silent_end = False

    def next(self, result: bytes, cursor: str | None) -> bytes:
        """Write a result."""
        return _part(result)

    def failed(self, errors: bytes, *, is_open: bool) -> bytes:
        """Write the errors as the last result."""
        return _part(b'{"errors":%b,"hasNext":false}' % errors) + _LAST

    def completed(self) -> bytes:
        """Write the end; a part, as there may be padding before it."""
        return _part(b'{"hasNext":false}') + _LAST


def _part(body: bytes) -> bytes:
    return b"\r\nContent-Type: application/json\r\n\r\n%b%b" % (body, _DELIMITER)


def multipart_subscription(
    operations: Operations, request: OperationRequest, caller: Caller, _http: Request
) -> Response:
    """Answer with an operation's results as Apollo's clients and router read them."""
    return StreamResponse(operations, request, caller, SubscriptionFormat())


def multipart_incremental(
    operations: Operations, request: OperationRequest, caller: Caller, _http: Request
) -> Response:
    """Answer with an operation's results as urql and meros read them."""
    return StreamResponse(operations, request, caller, IncrementalFormat())
