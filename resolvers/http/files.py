"""The routes below /files: the built-in store's signed uploads and downloads."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import AppError, ErrorCode, error_body
from core.outages import OUT_OF_REACH, is_outage, outages
from core.storage import DiskStorage, DownloadGrant, Storage, UploadGrant
from core.storage.incoming import Incoming
from features.files.exceptions import size_mismatch
from features.files.services import FilesService
from resolvers.http.object_response import ObjectResponse

IDLE_SECONDS: Final = 60.0

_STATUS_OF_CODE: Final = {
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.INVALID: 422,
    ErrorCode.STORAGE_UNAVAILABLE: 503,
}


class FileServices(NamedTuple):
    """What the routes need."""

    files: FilesService
    storage: Storage


class _Refusal(Exception):
    """A request that is answered with an error: its status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def file_routes() -> list[Route]:
    """Make the routes; where the store is S3 they answer 404.

    They use `request.app.state.services`, which is a `FileServices`.
    """
    return [
        Route("/files/{token}", _answer_upload, methods=["PUT"]),
        Route("/files/{token}", _answer_download, methods=["GET", "HEAD"]),
    ]


async def _answer_upload(request: Request) -> Response:
    return await _or_error(_upload, request)


async def _answer_download(request: Request) -> Response:
    return await _or_error(_download, request)


async def _or_error(
    answer: Callable[[Request], Awaitable[Response]], request: Request
) -> Response:
    try:
        return await answer(request)
    except _Refusal as refusal:
        return _error(refusal.status, refusal.code, refusal.message)
    except AppError as error:
        return _error(_STATUS_OF_CODE[error.code], error.code, error.message)
    except ClientDisconnect:
        # Nobody reads this; what had arrived is gone already.
        return _error(400, ErrorCode.INVALID, "The upload broke off.")
    except Exception as error:
        if not is_outage(error):
            raise
        outages.met("files", error)
        return _error(503, ErrorCode.STORAGE_UNAVAILABLE, OUT_OF_REACH)


async def _upload(request: Request) -> Response:
    services = request.app.state.services
    files: FilesService = services.files
    storage, grant = _disk(services.storage), _grant(request, UploadGrant)
    await _check_headers(request.headers, grant, files)
    async with storage.incoming(grant.key) as incoming:
        await _receive(request, incoming)
        file = await files.complete_upload(grant.key, incoming)
    body = {"id": file.id, "size": file.size, "sha256": file.sha256}
    return JSONResponse({"file": body})


async def _download(request: Request) -> Response:
    storage = _disk(request.app.state.services.storage)
    grant = _grant(request, DownloadGrant)
    path = storage.local_path(grant.key)
    try:
        stat = await asyncio.to_thread(path.stat)
    except FileNotFoundError:
        raise _Refusal(404, ErrorCode.NOT_FOUND, "The stored object is gone.") from None
    return ObjectResponse(path, stat, grant).unless_known(request.headers)


def _disk(storage: Storage) -> DiskStorage:
    if not isinstance(storage, DiskStorage):
        raise _Refusal(404, ErrorCode.NOT_FOUND, "Files are kept elsewhere.")
    return storage


def _grant[T: (UploadGrant, DownloadGrant)](request: Request, kind: type[T]) -> T:
    grant = _disk(request.app.state.services.storage).signer.read(
        request.path_params["token"]
    )
    if not isinstance(grant, kind):
        raise _Refusal(
            403, ErrorCode.FORBIDDEN, f"This URL does not allow {request.method}."
        )
    if grant.expires <= time.time():
        raise _Refusal(403, ErrorCode.FORBIDDEN, "This URL has expired.")
    return grant


async def _check_headers(
    headers: Headers, grant: UploadGrant, files: FilesService
) -> None:
    """Refuse, before any byte is read, what cannot become the announced file."""
    length = headers.get("content-length")
    if length is None:
        raise _Refusal(411, ErrorCode.INVALID, "Content-Length is missing.")
    if int(length) != grant.size:
        fault = size_mismatch(grant.size, int(length))
        await files.reject_upload(grant.key, fault)
        if int(length) > grant.size:
            raise _Refusal(413, ErrorCode.TOO_LARGE, fault)
        raise _Refusal(400, ErrorCode.INVALID, fault)
    content_type = headers.get("content-type", "")
    if grant.content_type not in (None, content_type):
        message = (
            f"{grant.content_type} was announced, not {content_type or 'no type'}."
        )
        raise _Refusal(415, ErrorCode.INVALID, message)


async def _receive(request: Request, incoming: Incoming) -> None:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(IDLE_SECONDS) as idle:
            async for chunk in request.stream():
                await incoming.write(chunk)
                idle.reschedule(loop.time() + IDLE_SECONDS)
    except TimeoutError:
        raise _Refusal(408, ErrorCode.INVALID, "No bytes came for a while.") from None
    await incoming.finish()


def _error(status: int, code: str, message: str) -> JSONResponse:
    # What a client has still to send after 408 would be read as its next request.
    headers = {"Connection": "close"} if status == 408 else None
    return JSONResponse(error_body(code, message), status, headers)
