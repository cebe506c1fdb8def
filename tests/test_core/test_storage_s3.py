"""Presigned URLs against an S3 server that checks signatures."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.errors import AppError, ErrorCode
from core.storage import UploadTarget
from core.storage.s3 import S3Storage
from tests.test_core.s3_server import S3Server
from tests.test_core.storages import BUCKET, boto_client, s3_storage

BODY = b"five!"
SHA256 = hashlib.sha256(BODY).hexdigest()
SOON = timedelta(minutes=5)


def target_of(
    storage: S3Storage, key: str, *, sha256: str | None = SHA256
) -> UploadTarget:
    """Sign an upload of BODY."""
    return storage.upload_target(
        key,
        size=len(BODY),
        content_type="image/png",
        sha256=sha256,
        expires_at=datetime.now(UTC) + SOON,
    )


async def send(
    target: UploadTarget, body: bytes = BODY, **changes: str | None
) -> httpx.Response:
    """Send an upload as a browser would, with headers left out or changed."""
    headers = {name.lower(): value for name, value in target.headers.items()}
    for name, value in changes.items():
        headers.pop(name.replace("_", "-"))
        if value is not None:
            headers[name.replace("_", "-")] = value
    async with httpx.AsyncClient() as client:
        return await client.request(
            target.method, target.url, content=body, headers=headers
        )


async def get(url: str) -> httpx.Response:
    """Get a URL."""
    async with httpx.AsyncClient() as client:
        return await client.get(url)


async def test_upload_and_download(s3: S3Storage) -> None:
    """A signed upload arrives, its hash is known, a signed download names its type."""
    target = target_of(s3, "up/whole")
    assert (target.method, sorted(target.headers)) == (
        "PUT",
        ["Content-Type", "x-amz-checksum-sha256"],
    )
    assert (await send(target)).status_code == 200
    stat = await s3.stat("up/whole")
    assert stat is not None
    assert (stat.size, stat.sha256) == (len(BODY), SHA256)
    url = s3.download_url(
        "up/whole", "image/webp", datetime.now(UTC) + SOON, filename="图 层.webp"
    )
    answer = await get(url)
    assert (answer.status_code, answer.content) == (200, BODY)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.headers["content-disposition"] == (
        "inline; filename*=UTF-8''%E5%9B%BE%20%E5%B1%82.webp"
    )
    await s3.delete(["up/whole"])
    assert (await get(url)).status_code == 404


async def test_unsafe_type_is_an_attachment(s3: S3Storage) -> None:
    """What a browser might run is never shown in place."""
    url = s3.download_url("a/b", "text/html", datetime.now(UTC) + SOON)
    query = parse_qs(urlsplit(url).query)
    assert query["response-content-disposition"] == ["attachment"]


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (BODY + b"!", {}),
        (BODY[:-1], {}),
        (BODY, {"content_type": "text/html"}),
        (BODY, {"content_type": None}),
        (BODY, {"x_amz_checksum_sha256": None}),
    ],
    ids=["longer", "shorter", "other type", "no type", "no hash"],
)
async def test_altered_upload(
    s3: S3Storage, body: bytes, changes: dict[str, str | None]
) -> None:
    """Length, type and hash are signed: another one is refused, nothing is stored."""
    answer = await send(target_of(s3, "up/altered"), body, **changes)
    assert answer.status_code == 403
    assert "SignatureDoesNotMatch" in answer.text
    assert await s3.stat("up/altered") is None


async def test_wrong_bytes(s3: S3Storage) -> None:
    """Bytes with another hash than the signed one are refused by the store."""
    answer = await send(target_of(s3, "up/wrong"), b"wrong")
    assert (answer.status_code, "BadDigest" in answer.text) == (400, True)
    assert await s3.stat("up/wrong") is None


async def test_unknown_hash(s3: S3Storage) -> None:
    """Without an announced hash the store says none."""
    assert (await send(target_of(s3, "up/free", sha256=None))).status_code == 200
    stat = await s3.stat("up/free")
    assert stat is not None
    assert (stat.size, stat.sha256) == (len(BODY), None)


async def test_forged_requests(
    s3: S3Storage, s3_server: S3Server, tmp_path: Path
) -> None:
    """Unsigned, expired, wrongly signed or moved requests get 403."""
    path = tmp_path / "file"
    path.write_bytes(BODY)
    for key in ("safe/a", "safe/b"):
        await s3.put_file(key, path, "image/png")
    now = datetime.now(UTC)
    good = s3.download_url("safe/a", "image/png", now + SOON)
    stranger = s3_storage(s3_server, tmp_path, s3_secret_access_key="other")
    last = "0" if good[-1] != "0" else "1"
    assert (await get(good)).status_code == 200
    for bad in (
        good.partition("?")[0],
        good[:-1] + last,
        good.replace("safe/a", "safe/b"),
        good.replace("image%2Fpng", "text%2Fhtml"),
        s3.download_url("safe/a", "image/png", now - timedelta(seconds=1)),
        stranger.download_url("safe/a", "image/png", now + SOON),
    ):
        assert bad != good
        assert (await get(bad)).status_code == 403, bad
    await stranger.close()


async def test_expires(s3: S3Storage, tmp_path: Path) -> None:
    """A URL works until its instant and not after."""
    path = tmp_path / "file"
    path.write_bytes(BODY)
    await s3.put_file("soon/a", path, "image/png")
    url = s3.download_url(
        "soon/a", "image/png", datetime.now(UTC) + timedelta(seconds=3)
    )
    assert (await get(url)).status_code == 200
    await asyncio.sleep(4)
    assert (await get(url)).status_code == 403


async def test_upload_in_parts(s3: S3Storage, tmp_path: Path) -> None:
    """A large result goes up in parts and comes down whole."""
    path, copy = tmp_path / "large", tmp_path / "copy"
    with path.open("wb") as file:
        file.truncate(70 * 1024**2)
        file.write(b"head")
    await s3.put_file("large/a", path, "application/octet-stream")
    stat = await s3.stat("large/a")
    assert stat is not None
    assert (stat.size, stat.sha256) == (70 * 1024**2, None)
    await s3.fetch_to("large/a", copy)
    with path.open("rb") as one, copy.open("rb") as other:
        digests = [hashlib.file_digest(file, "md5").digest() for file in (one, other)]
    assert digests[0] == digests[1]


async def test_discards_abandoned_parts(s3: S3Storage, s3_server: S3Server) -> None:
    """An upload in parts that nobody ended is aborted."""
    client = boto_client(s3_server.url, "path")
    client.create_multipart_upload(Bucket=BUCKET, Key="parts/a")
    now = datetime.now(UTC)
    assert await s3.discard_abandoned(now - timedelta(hours=1)) == 0
    assert await s3.discard_abandoned(now + timedelta(hours=1)) == 1
    assert await s3.discard_abandoned(now + timedelta(hours=1)) == 0


async def test_no_server(s3_server: S3Server, tmp_path: Path) -> None:
    """A store out of reach is said to be unavailable, by every call."""
    storage = s3_storage(
        s3_server, tmp_path, s3_endpoint_url="http://127.0.0.1:1", s3_bucket="objects"
    )
    path = tmp_path / "file"
    path.write_bytes(BODY)
    for call in (
        storage.check(),
        storage.stat("a/b"),
        storage.put_file("a/b", path, "image/png"),
        storage.fetch_to("a/b", path),
        storage.delete(["a/b"]),
    ):
        with pytest.raises(AppError) as caught:
            await call
        assert caught.value.code is ErrorCode.STORAGE_UNAVAILABLE
    await storage.close()


async def test_wrong_credentials(s3_server: S3Server, tmp_path: Path) -> None:
    """A store that knows neither key fails its check."""
    storage = s3_storage(s3_server, tmp_path, s3_secret_access_key="other")
    with pytest.raises(AppError, match="cannot be used"):
        await storage.check()
    await storage.close()


async def test_public_endpoint(s3_server: S3Server, tmp_path: Path) -> None:
    """URLs name the address that browsers reach, here another name of the server."""
    public = s3_server.url.replace("127.0.0.1", "localhost")
    storage = s3_storage(s3_server, tmp_path, s3_public_endpoint_url=public)
    target = target_of(storage, "public/a")
    assert target.url.startswith(f"{public}/{BUCKET}/public/a?")
    assert (await send(target)).status_code == 200
    url = storage.download_url("public/a", "image/png", datetime.now(UTC) + SOON)
    assert (await get(url)).content == BODY
    await storage.close()


@pytest.mark.parametrize(
    ("endpoint", "style", "expected"),
    [
        ("https://x.r2.cloudflarestorage.com", "auto", "https://x.r2.cloudflarestorage.com/objects/a/b"),
        ("https://x.r2.cloudflarestorage.com", "virtual", "https://objects.x.r2.cloudflarestorage.com/a/b"),
        ("https://oss-cn-hangzhou.aliyuncs.com", "auto", "https://objects.oss-cn-hangzhou.aliyuncs.com/a/b"),
        ("https://s3.eu-west-1.amazonaws.com", "auto", "https://objects.s3.eu-west-1.amazonaws.com/a/b"),
        ("http://127.0.0.1:9000/", "path", "http://127.0.0.1:9000/objects/a/b"),
    ],
)  # fmt: skip
async def test_addressing(
    s3_server: S3Server, tmp_path: Path, endpoint: str, style: str, expected: str
) -> None:
    """R2 takes the bucket in the path, OSS and AWS in the host's name."""
    storage = s3_storage(
        s3_server, tmp_path, s3_endpoint_url=endpoint, s3_addressing_style=style
    )
    url = storage.download_url("a/b", "image/png", datetime.now(UTC) + SOON)
    assert url.partition("?")[0] == expected
    await storage.close()
