"""PUT /files/…: what arrives, what is refused, and what a failure leaves behind."""

import asyncio
import hashlib
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from core.base import utc_now
from core.database_async import Database
from core.storage import UploadTarget
from features.files.models import FileStatus, SourceFile
from resolvers.http import files as http_files
from tests.test_files.conftest import World, served

BODY = b"eight by"
SHA256 = hashlib.sha256(BODY).hexdigest()


async def announce(
    world: World, *, content_type: str | None = None, sha256: str | None = SHA256
) -> tuple[SourceFile, UploadTarget]:
    """Announce BODY."""
    return await world.files.create_upload(
        world.owner_id, "设计.psd", len(BODY), content_type, sha256
    )


async def put(
    http: httpx.AsyncClient, target: UploadTarget, body: bytes = BODY
) -> httpx.Response:
    """Send bytes to a target."""
    return await http.put(target.url, content=body, headers=target.headers)


async def row_of(world: World, file: SourceFile) -> SourceFile:
    """Read a file's row again."""
    return (await world.files.get([file.id]))[file.id]


def error(code: str, message: str) -> dict[str, dict[str, str]]:
    """Return the error body."""
    return {"error": {"code": code, "message": message}}


async def test_upload(world: World, http: httpx.AsyncClient) -> None:
    """Good bytes make the file READY, with their hash."""
    file, target = await announce(world)
    assert (file.status, file.content_type) == (
        FileStatus.PENDING,
        "image/vnd.adobe.photoshop",
    )
    assert target.url.startswith(f"{world.settings.base_url}/files/")
    answer = await put(http, target)
    assert answer.status_code == 200
    assert answer.json() == {
        "file": {"id": file.id, "size": len(BODY), "sha256": SHA256}
    }
    row = await row_of(world, file)
    assert (row.status, row.sha256, row.rejection) == (FileStatus.READY, SHA256, None)
    assert world.disk.local_path(row.storage_key).read_bytes() == BODY
    assert len(world.stored_files()) == 1


async def test_hash_of_unannounced(world: World, http: httpx.AsyncClient) -> None:
    """The hash is computed also where none was announced."""
    file, target = await announce(world, sha256=None)
    assert (await put(http, target)).status_code == 200
    assert (await row_of(world, file)).sha256 == SHA256


async def test_wrong_hash_then_retry(world: World, http: httpx.AsyncClient) -> None:
    """Other bytes are refused and forgotten; the same target takes the right ones."""
    file, target = await announce(world)
    other = hashlib.sha256(b"EIGHT BY").hexdigest()
    reason = f"The announced sha256 is {SHA256}; that of the bytes is {other}."
    answer = await put(http, target, b"EIGHT BY")
    assert (answer.status_code, answer.json()) == (422, error("INVALID", reason))
    row = await row_of(world, file)
    assert (row.status, row.rejection) == (FileStatus.REJECTED, reason)
    assert world.stored_files() == []
    assert (await put(http, target)).status_code == 200
    row = await row_of(world, file)
    assert (row.status, row.rejection) == (FileStatus.READY, None)


@pytest.mark.parametrize(
    ("body", "status", "code"), [(BODY + b"!", 413, "TOO_LARGE"), (b"", 400, "INVALID")]
)
async def test_wrong_length(
    world: World, http: httpx.AsyncClient, body: bytes, status: int, code: str
) -> None:
    """Another length than the announced one is refused before a byte is read."""
    file, target = await announce(world)
    reason = f"8 bytes were announced, {len(body)} arrived."
    answer = await put(http, target, body)
    assert (answer.status_code, answer.json()) == (status, error(code, reason))
    assert (await row_of(world, file)).rejection == reason
    assert world.stored_files() == []


async def test_no_length(world: World, http: httpx.AsyncClient) -> None:
    """A chunked body, whose length nobody knows, is refused; the file stays PENDING."""

    async def chunks() -> AsyncIterator[bytes]:
        yield BODY

    file, target = await announce(world)
    answer = await http.put(target.url, content=chunks())
    assert answer.status_code == 411
    assert answer.json() == error("INVALID", "Content-Length is missing.")
    assert (await row_of(world, file)).status is FileStatus.PENDING


async def test_wrong_type(world: World, http: httpx.AsyncClient) -> None:
    """An announced type has to come with the bytes."""
    _, target = await announce(world, content_type="image/png")
    assert target.headers == {"Content-Type": "image/png"}
    for headers, given in (({}, "no type"), ({"Content-Type": "a/b"}, "a/b")):
        answer = await http.put(target.url, content=BODY, headers=headers)
        assert answer.status_code == 415
        assert answer.json() == error(
            "INVALID", f"image/png was announced, not {given}."
        )
    assert (await put(http, target)).status_code == 200


async def test_forged(world: World, http: httpx.AsyncClient) -> None:
    """Tokens that were touched, or are for something else, grant nothing."""
    file, target = await announce(world)
    get_url = world.storage.download_url(
        file.storage_key, "image/png", file.upload_expires_at
    )
    last = "A" if target.url[-1] != "A" else "B"
    for url in (target.url[:-1] + last, target.url[:-5], get_url):
        answer = await http.put(url, content=BODY)
        assert answer.status_code == 403
        assert answer.json() == error("FORBIDDEN", "This URL does not allow PUT.")
    assert (await http.get(target.url)).status_code == 403
    assert (await http.post(target.url)).status_code == 405
    assert world.stored_files() == []


async def test_expired(
    database: Database, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A target that is late is refused, and the file reads as EXPIRED."""
    async with served(database, tmp_path, upload_expires_seconds=1) as world:
        file, target = await announce(world)
        await asyncio.sleep(1.1)
        answer = await put(http, target)
        assert answer.status_code == 403
        assert answer.json() == error("FORBIDDEN", "This URL has expired.")
        assert (await row_of(world, file)).status is FileStatus.EXPIRED


async def test_unknown_file(world: World, http: httpx.AsyncClient) -> None:
    """A target whose file is gone stores nothing."""
    target = world.storage.upload_target(
        "files/gone",
        size=len(BODY),
        content_type=None,
        sha256=None,
        expires_at=utc_now().replace(year=2100),
    )
    answer = await put(http, target)
    assert answer.status_code == 404
    assert world.stored_files() == []


async def test_ready_is_never_replaced(world: World, http: httpx.AsyncClient) -> None:
    """The same bytes again are fine, others are not, a bad try changes nothing."""
    file, target = await announce(world, sha256=None)
    for body, status in (
        (BODY, 200),
        (BODY, 200),
        (b"EIGHT BY", 409),
        (b"short", 400),
    ):
        assert (await put(http, target, body)).status_code == status
        row = await row_of(world, file)
        assert (row.status, row.sha256) == (FileStatus.READY, SHA256)
        assert world.disk.local_path(row.storage_key).read_bytes() == BODY
        assert len(world.stored_files()) == 1


async def test_at_once(world: World, http: httpx.AsyncClient) -> None:
    """Of uploads at once one wins, whole; the others learn that they did not."""
    file, target = await announce(world, sha256=None)
    bodies = [bytes([65 + number]) * len(BODY) for number in range(6)]
    answers = await asyncio.gather(*(put(http, target, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 5
    winner = [answer.status_code for answer in answers].index(200)
    row = await row_of(world, file)
    assert world.disk.local_path(row.storage_key).read_bytes() == bodies[winner]
    assert row.sha256 == hashlib.sha256(bodies[winner]).hexdigest()
    assert len(world.stored_files()) == 1


async def send_half(target: UploadTarget, size: int) -> asyncio.StreamWriter:
    """Open an upload by hand and send the first half of it."""
    parts = urlsplit(target.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"PUT {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
    writer.write(head.encode() + b"x" * (size // 2))
    await writer.drain()
    return writer


async def until(world: World, count: int) -> None:
    """Wait until the store holds this many files, whole or under way."""
    async with asyncio.timeout(10):
        while len(world.stored_files()) != count:
            await asyncio.sleep(0.01)


async def test_disconnect(world: World, http: httpx.AsyncClient) -> None:
    """A client that goes away mid-way leaves nothing, and may come again."""
    body = os.urandom(4 * 1024**2)
    file, target = await world.files.create_upload(world.owner_id, "a.psd", len(body))
    writer = await send_half(target, len(body))
    await until(world, 1)
    writer.transport.abort()
    await until(world, 0)
    assert (await row_of(world, file)).status is FileStatus.PENDING
    assert (await put(http, target, body)).status_code == 200


async def test_stalled(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends nothing for too long is let go."""
    monkeypatch.setattr(http_files, "IDLE_SECONDS", 0.3)
    _, target = await world.files.create_upload(world.owner_id, "a.psd", 1000)
    parts = urlsplit(target.url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(
        f"PUT {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nhalf".encode()
    )
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"No bytes came for a while." in answer
    assert world.stored_files() == []


async def test_memory_is_bounded(world: World, http: httpx.AsyncClient) -> None:
    """300 MB go through client and server with a few MiB of memory."""
    block, count = os.urandom(1_000_000), 300

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(count):
            yield block

    size = count * len(block)
    file, target = await world.files.create_upload(world.owner_id, "a.psd", size)
    tracemalloc.start()
    try:
        answer = await http.put(
            target.url, content=blocks(), headers={"Content-Length": str(size)}
        )
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200
    assert world.disk.local_path(file.storage_key).stat().st_size == size
    assert peak < 24 * 1024**2, f"{peak / 1024**2:.1f} MiB"
