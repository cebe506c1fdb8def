"""The rules of files, over both kinds of store."""

import hashlib
from pathlib import Path

import httpx
import pytest

from core.base import new_id, utc_now
from core.database_async import Database
from core.errors import AppError, ErrorCode
from core.storage import UploadTarget
from features.files.models import FileStatus, SourceFile
from tests.test_core.s3_server import running_s3_server
from tests.test_core.storages import s3_settings
from tests.test_files.conftest import World, make_world, served

BODY = b"eight by"
SHA256 = hashlib.sha256(BODY).hexdigest()
FIELD = ("input", "fileId")


@pytest.fixture
async def s3_world(database: Database, tmp_path: Path) -> World:
    """Give files in a bucket."""
    return await make_world(database, s3_settings(running_s3_server(), tmp_path))


async def announce(
    world: World, sha256: str | None = None
) -> tuple[SourceFile, UploadTarget]:
    """Announce BODY."""
    return await world.files.create_upload(
        world.owner_id, "a.psd", len(BODY), "image/x-psd", sha256
    )


async def upload(
    world: World, http: httpx.AsyncClient, sha256: str | None = None
) -> SourceFile:
    """Announce BODY and send it."""
    file, target = await announce(world, sha256)
    answer = await http.put(target.url, content=BODY, headers=target.headers)
    assert answer.status_code == 200
    return file


async def refusal(world: World, file_id: str, owner_id: str | None = None) -> AppError:
    """Return why a file may not be used."""
    with pytest.raises(AppError) as caught:
        await world.files.require_ready(owner_id or world.owner_id, file_id, FIELD)
    assert caught.value.field == FIELD
    return caught.value


@pytest.mark.parametrize("sha256", [None, SHA256], ids=["no hash", "hash"])
async def test_whole_way(
    any_world: World, http: httpx.AsyncClient, sha256: str | None
) -> None:
    """Announced, sent, ready, lent to a worker with its hash known, in any store."""
    sent = await upload(any_world, http, sha256)
    file = await any_world.files.require_ready(any_world.owner_id, sent.id, FIELD)
    assert (file.id, file.status, file.size) == (sent.id, FileStatus.READY, 8)
    async with any_world.files.materialize(file) as path:
        assert path.read_bytes() == BODY
    again = (await any_world.files.get([file.id]))[file.id]
    assert (again.status, again.sha256) == (FileStatus.READY, SHA256)


async def test_not_uploaded_yet(any_world: World) -> None:
    """A file without its bytes cannot be used yet."""
    file, _ = await announce(any_world)
    error = await refusal(any_world, file.id)
    assert (error.code, error.message) == (
        ErrorCode.NOT_UPLOADED,
        "'a.psd' has not been uploaded yet.",
    )


async def test_not_there(any_world: World, http: httpx.AsyncClient) -> None:
    """An unknown file and another person's are the same to the caller."""
    file = await upload(any_world, http)
    for error in (
        await refusal(any_world, new_id("file")),
        await refusal(any_world, file.id, new_id("user")),
    ):
        assert (error.code, error.message) == (
            ErrorCode.NOT_FOUND,
            "There is no such file.",
        )
    found = await any_world.files.require_ready(None, file.id, FIELD)
    assert found.id == file.id


async def test_expired(database: Database, tmp_path: Path) -> None:
    """A file whose target ran out says so."""
    async with served(database, tmp_path, upload_expires_seconds=1) as world:
        file, _ = await announce(world)
        async with database.transaction() as session:
            row = await session.get_one(SourceFile, file.id)
            row.upload_expires_at = utc_now()
        error = await refusal(world, file.id)
        assert (error.code, error.message) == (
            ErrorCode.NOT_UPLOADED,
            "'a.psd' was not uploaded before its target expired.",
        )


async def test_rejected(world: World, http: httpx.AsyncClient) -> None:
    """A rejected file says why it was."""
    file, target = await announce(world, SHA256)
    await http.put(target.url, content=b"EIGHT BY", headers=target.headers)
    error = await refusal(world, file.id)
    assert error.code is ErrorCode.NOT_UPLOADED
    assert error.message.startswith(
        f"The upload of 'a.psd' was rejected: The announced sha256 is {SHA256}; "
    )


async def test_late_word_of_arrival(s3_world: World, http: httpx.AsyncClient) -> None:
    """Bytes that came in time count, although nobody asked before the target ran out."""
    file = await upload(s3_world, http)
    async with s3_world.database.transaction() as session:
        row = await session.get_one(SourceFile, file.id)
        row.upload_expires_at = utc_now()
    ready = await s3_world.files.require_ready(s3_world.owner_id, file.id, FIELD)
    assert ready.status is FileStatus.READY


async def test_s3_hash_is_taken_over(s3_world: World, http: httpx.AsyncClient) -> None:
    """A hash that the store has checked is the file's at once."""
    file = await upload(s3_world, http, SHA256)
    ready = await s3_world.files.require_ready(s3_world.owner_id, file.id, FIELD)
    assert ready.sha256 == SHA256


async def test_s3_wrong_size(s3_world: World, tmp_path: Path) -> None:
    """What has another size in the bucket is rejected and removed."""
    file, _ = await announce(s3_world)
    path = tmp_path / "longer"
    path.write_bytes(BODY * 2)
    await s3_world.storage.put_file(file.storage_key, path, "image/x-psd")
    error = await refusal(s3_world, file.id)
    assert error.code is ErrorCode.NOT_UPLOADED
    assert error.message == (
        "The upload of 'a.psd' was rejected: 8 bytes were announced, 16 arrived."
    )
    assert await s3_world.storage.stat(file.storage_key) is None


async def test_s3_wrong_bytes(
    s3_world: World, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """Where the store did not check the hash the worker does; a better upload mends."""
    file, target = await announce(s3_world, SHA256)
    path = tmp_path / "other"
    path.write_bytes(b"EIGHT BY")
    await s3_world.storage.put_file(file.storage_key, path, "image/x-psd")
    ready = await s3_world.files.require_ready(s3_world.owner_id, file.id, FIELD)
    with pytest.raises(AppError) as caught:
        async with s3_world.files.materialize(ready):
            pytest.fail("wrong bytes were lent")
    assert caught.value.code is ErrorCode.CORRUPT_FILE
    assert caught.value.message.startswith(f"The announced sha256 is {SHA256}; ")
    assert (await refusal(s3_world, file.id)).code is ErrorCode.NOT_UPLOADED
    answer = await http.put(target.url, content=BODY, headers=target.headers)
    assert answer.status_code == 200
    mended = await s3_world.files.require_ready(s3_world.owner_id, file.id, FIELD)
    assert (mended.status, mended.sha256) == (FileStatus.READY, SHA256)


async def test_arrival_before_a_crash(world: World, tmp_path: Path) -> None:
    """Bytes in place whose row never heard of it are found, and hashed when lent."""
    file, _ = await announce(world)
    path = tmp_path / "bytes"
    path.write_bytes(BODY)
    await world.storage.put_file(file.storage_key, path, "image/x-psd")
    ready = await world.files.require_ready(world.owner_id, file.id, FIELD)
    assert ready.sha256 is None
    async with world.files.materialize(ready) as lent:
        assert lent == world.disk.local_path(file.storage_key)
    assert (await world.files.get([file.id]))[file.id].sha256 == SHA256


async def test_bytes_gone(any_world: World, http: httpx.AsyncClient) -> None:
    """A READY file whose bytes were deleted cannot be lent."""
    sent = await upload(any_world, http)
    file = await any_world.files.require_ready(any_world.owner_id, sent.id, FIELD)
    await any_world.storage.delete([file.storage_key])
    with pytest.raises(AppError, match="The stored object is gone.") as caught:
        async with any_world.files.materialize(file):
            pytest.fail("nothing was lent")
    assert caught.value.code is ErrorCode.NOT_FOUND


async def test_lent_copies_go(s3_world: World, http: httpx.AsyncClient) -> None:
    """What was fetched for a worker is removed, also when the worker fails."""
    sent = await upload(s3_world, http)
    file = await s3_world.files.require_ready(s3_world.owner_id, sent.id, FIELD)
    with pytest.raises(RuntimeError, match="worker failed"):
        async with s3_world.files.materialize(file) as path:
            assert path.exists()
            raise RuntimeError("worker failed")
    assert not path.exists()
    assert list((s3_world.settings.data_dir / "scratch").iterdir()) == []


async def test_pages(world: World) -> None:
    """Pages hold an owner's files newest first, each once."""
    ids = [(await announce(world))[0].id for _ in range(5)]
    sizes, seen, after = list[int](), list[str](), None
    while page := await world.files.list_page(world.owner_id, 2, after):
        sizes.append(len(page))
        seen += [file.id for file in page]
        after = (page[-1].created_at, page[-1].id)
    assert (seen, sizes) == (ids[::-1], [2, 2, 1])
    assert await world.files.count(world.owner_id) == 5
    assert await world.files.count(new_id("user")) == 0
    assert await world.files.count(None) >= 5
    everyone = await world.files.list_page(None, 5)
    assert [file.id for file in everyone] == ids[::-1]


async def test_get(world: World) -> None:
    """Files are found by id; unknown ids are left out."""
    file, _ = await announce(world)
    assert list(await world.files.get([file.id, new_id("file")])) == [file.id]
    assert await world.files.get([]) == {}


async def test_results(
    any_world: World, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    """A result is stored, recorded in the caller's transaction, and shown by URL."""
    path = tmp_path / "layer.png"
    path.write_bytes(BODY)
    key = f"psd/{new_id('psd')}/1/0.png"
    stored = await any_world.files.put_object(key, path, "image/png", width=4, height=2)
    assert await any_world.files.get_objects([stored.id]) == {}
    async with any_world.database.transaction() as session:
        any_world.files.add_objects(session, [stored])
    row = (await any_world.files.get_objects([stored.id]))[stored.id]
    assert (row.key, row.size, row.sha256, row.width, row.height) == (
        key,
        8,
        SHA256,
        4,
        2,
    )
    download = any_world.files.download(row, filename="a.png")
    assert 3600 <= (download.expires_at - utc_now()).total_seconds() <= 7200
    answer = await http.get(download.url)
    assert (answer.content, answer.headers["content-type"]) == (BODY, "image/png")
    assert any_world.files.download(row, filename="a.png") == download
    await any_world.storage.delete([key])


async def test_url_ends_with_its_object(world: World, tmp_path: Path) -> None:
    """A result that lives shorter than a URL would shortens the URL's life."""
    path = tmp_path / "preview.png"
    path.write_bytes(BODY)
    end = utc_now().replace(year=2000)
    stored = await world.files.put_object("psd/x/1", path, "image/png", expires_at=end)
    assert world.files.download(stored).expires_at == end
