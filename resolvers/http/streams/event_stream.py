"""graphql-sse in distinct connections mode: one operation for each event stream.

See docs/contract/gateway.md, and PROTOCOL.md of the npm package graphql-sse.
"""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from core.errors import AppError, ErrorCode
from core.security import Caller
from events.cursor import decode_cursor
from resolvers.counting import Transport
from resolvers.http.streams.refusal import refusal
from resolvers.http.streams.streaming import StreamResponse
from resolvers.operations import OperationRequest, Operations

TOKEN_HEADER: Final = "x-graphql-event-stream-token"

# EventSource connects again behind whatever end. The end has an id of its own, so that
# it can be answered with 204, on which EventSource stops: a cursor is never so short.
_END_ID: Final = "complete"
_END: Final = f"event: complete\nid: {_END_ID}\ndata:\n\n".encode()
_END_FOR_NOW: Final = b"event: complete\ndata:\n\n"
_DAMAGED: Final = (
    "Last-Event-ID is damaged. Send the `id` of the last event exactly as it was "
    "received, or none for a fresh start."
)
_SINGLE_CONNECTION: Final = (
    "graphql-sse's single connection mode is not served. Use distinct connections: "
    "send each operation by POST or GET with `Accept: text/event-stream`."
)


class EventStreamFormat:
    """Results as server-sent events."""

    content_type = "text/event-stream; charset=utf-8"
    # How many milliseconds EventSource waits before it connects again.
    opening = b"retry: 1000\n\n"
    heartbeat = b":\n\n"

    def __init__(self, *, silent_end: bool) -> None:
        self.silent_end = silent_end

    def next(self, result: bytes, cursor: str | None) -> bytes:
        """Write a `next` event."""
        if cursor is None:
            return b"event: next\ndata: %b\n\n" % result
        return b"event: next\nid: %b\ndata: %b\n\n" % (cursor.encode(), result)

    def failed(self, errors: bytes, *, is_open: bool) -> bytes:
        """Write the errors as the protocol wants it: a last `next`, then `complete`.

        EventSource comes back where the fault was ours, and else stops.
        """
        end = _END_FOR_NOW if _is_internal(errors) else _END
        return b'event: next\ndata: {"errors":%b}\n\n' % errors + end

    def completed(self) -> bytes:
        """Write `complete`."""
        return _END


def event_stream(
    operations: Operations, request: OperationRequest, caller: Caller, http: Request
) -> Response:
    """Answer with an operation's results as they come.

    `Last-Event-ID` resumes. Where nothing is left to come, that is answered with 204,
    and so is a GET; a POST, which no EventSource sends, gets `complete`.
    """
    if TOKEN_HEADER in http.headers:
        return _refusal(operations, _SINGLE_CONNECTION)
    last_event_id = http.headers.get("last-event-id") or None
    if last_event_id == _END_ID:
        return Response(status_code=204)
    if last_event_id is not None and not _is_cursor(last_event_id):
        return _refusal(operations, _DAMAGED)
    style = EventStreamFormat(
        silent_end=http.method == "GET" or last_event_id is not None
    )
    resumed = request._replace(resume_after=last_event_id)
    return StreamResponse(operations, resumed, caller, style)


def _refusal(operations: Operations, message: str) -> Response:
    operations.counts.refused(Transport.SSE)
    return refusal(400, ErrorCode.BAD_USER_INPUT, message)


def _is_cursor(text: str) -> bool:
    try:
        decode_cursor(text)
    except AppError:
        return False
    return True


def _is_internal(errors: bytes) -> bool:
    found: list[dict[str, Any]] = msgspec.json.decode(errors)
    codes = [error.get("extensions", {}).get("code") for error in found]
    return ErrorCode.INTERNAL.value in codes
