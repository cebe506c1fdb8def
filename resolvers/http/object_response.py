"""A stored object as an HTTP response: ranges, validators, caching, no script."""

import os
import time
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from core.errors import ErrorCode, error_body
from core.storage import DownloadGrant
from core.storage.media import content_disposition

_RANGE_ERRORS: Final = {
    400: "The Range header is malformed.",
    416: "The range lies outside the object.",
}


class ObjectResponse(FileResponse):
    """Serves one file for as long as its grant holds; `stat` is the file's own."""

    def __init__(self, path: Path, stat: os.stat_result, grant: DownloadGrant) -> None:
        remaining = max(0, grant.expires - int(time.time()))
        super().__init__(
            path,
            stat_result=stat,
            media_type=grant.content_type,
            headers={
                "Cache-Control": f"private, max-age={remaining}, immutable",
                "Content-Disposition": content_disposition(
                    grant.disposition, grant.filename
                ),
                "Content-Security-Policy": "sandbox; default-src 'none'",
                "X-Content-Type-Options": "nosniff",
            },
        )

    def unless_known(self, request_headers: Headers) -> Response:
        """Return 304 without a body where the client holds this very object."""
        known = request_headers.get("if-none-match", "")
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        if tags.isdisjoint({self.headers["etag"], "*"}):
            return self
        kept = ("cache-control", "etag", "last-modified")
        return Response(
            status_code=304, headers={name: self.headers[name] for name in kept}
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the file; what cannot be served has the usual error body."""
        refused = False

        async def send_or_refuse(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = True
                await _refusal(message)(scope, receive, send)
            elif not refused:
                await send(message)

        await super().__call__(scope, receive, send_or_refuse)


def _refusal(start: Message) -> JSONResponse:
    status: int = start["status"]
    body = error_body(ErrorCode.INVALID, _RANGE_ERRORS[status])
    content_range = Headers(raw=start["headers"]).get("content-range")
    headers = {} if content_range is None else {"Content-Range": content_range}
    return JSONResponse(body, status, headers)
