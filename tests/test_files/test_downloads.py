"""GET /files/…: bytes, ranges, validators and what a browser may do with them."""

import re
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from core.base import utc_now
from tests.test_files.conftest import World

BODY = bytes(range(256)) * 1000


@pytest.fixture
async def stored(world: World, tmp_path: Path) -> World:
    """Give a world with an object at ``psd/x/1.png``."""
    source = tmp_path / "source"
    source.write_bytes(BODY)
    await world.storage.put_file("psd/x/1.png", source, "image/png")
    return world


def url_of(
    world: World,
    *,
    content_type: str = "image/png",
    seconds: int = 600,
    filename: str | None = None,
) -> str:
    """Sign a download."""
    expires_at = utc_now() + timedelta(seconds=seconds)
    return world.storage.download_url(
        "psd/x/1.png", content_type, expires_at, filename=filename
    )


async def test_whole(stored: World, http: httpx.AsyncClient) -> None:
    """The object comes with its type and cannot run anything."""
    answer = await http.get(url_of(stored, filename="图层 1.png"))
    assert (answer.status_code, answer.content) == (200, BODY)
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-length"] == "256000"
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["content-disposition"] == (
        "inline; filename*=UTF-8''%E5%9B%BE%E5%B1%82%201.png"
    )
    cached = re.fullmatch(
        r"private, max-age=(\d+), immutable", headers["cache-control"]
    )
    assert cached and 590 <= int(cached[1]) <= 600


@pytest.mark.parametrize(
    "content_type", ["text/html", "image/svg+xml", "application/x-unknown"]
)
async def test_attachment(
    stored: World, http: httpx.AsyncClient, content_type: str
) -> None:
    """Types that may hold script, and unknown ones, are saved and not shown."""
    answer = await http.get(url_of(stored, content_type=content_type))
    assert answer.headers["content-disposition"] == "attachment"


async def test_head(stored: World, http: httpx.AsyncClient) -> None:
    """HEAD tells what GET would, without the bytes."""
    url = url_of(stored)
    head, get = await http.head(url), await http.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "last-modified"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize(
    ("wanted", "content", "content_range"),
    [
        ("bytes=0-9", BODY[:10], "bytes 0-9/256000"),
        ("bytes=255990-", BODY[-10:], "bytes 255990-255999/256000"),
        ("bytes=-5", BODY[-5:], "bytes 255995-255999/256000"),
        ("bytes=255999-999999", BODY[-1:], "bytes 255999-255999/256000"),
    ],
)
async def test_ranges(
    stored: World,
    http: httpx.AsyncClient,
    wanted: str,
    content: bytes,
    content_range: str,
) -> None:
    """A range is answered with just its bytes."""
    answer = await http.get(url_of(stored), headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, content)
    assert answer.headers["content-range"] == content_range


async def test_several_ranges(stored: World, http: httpx.AsyncClient) -> None:
    """Several ranges come as parts."""
    answer = await http.get(url_of(stored), headers={"Range": "bytes=0-1,10-11"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert re.findall(rb"bytes (\S+)", answer.content) == [
        b"0-1/256000",
        b"10-11/256000",
    ]


async def test_range_outside(stored: World, http: httpx.AsyncClient) -> None:
    """A range beyond the end is 416, with the size and the usual error body."""
    answer = await http.get(url_of(stored), headers={"Range": "bytes=256000-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */256000"
    assert answer.json() == {
        "error": {"code": "INVALID", "message": "The range lies outside the object."}
    }


async def test_malformed_range(stored: World, http: httpx.AsyncClient) -> None:
    """A range that is none is 400, with the usual error body."""
    answer = await http.get(url_of(stored), headers={"Range": "lines=1-2"})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {"code": "INVALID", "message": "The Range header is malformed."}
    }


async def test_etag(stored: World, http: httpx.AsyncClient) -> None:
    """Who holds the object gets 304; who holds another gets it whole."""
    url = url_of(stored)
    etag = (await http.get(url)).headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        answer = await http.get(url, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == etag
        assert "immutable" in answer.headers["cache-control"]
    answer = await http.get(url, headers={"If-None-Match": '"other"'})
    assert (answer.status_code, len(answer.content)) == (200, 256_000)


async def test_if_range(stored: World, http: httpx.AsyncClient) -> None:
    """A range of an object that has changed meanwhile comes whole."""
    url = url_of(stored)
    etag = (await http.get(url)).headers["etag"]
    wanted = {"Range": "bytes=0-9"}
    same = await http.get(url, headers={**wanted, "If-Range": etag})
    other = await http.get(url, headers={**wanted, "If-Range": '"other"'})
    assert (same.status_code, other.status_code) == (206, 200)


async def test_forged_and_expired(stored: World, http: httpx.AsyncClient) -> None:
    """Tokens that were touched or are late get 403."""
    url = url_of(stored)
    last = "A" if url[-1] != "A" else "B"
    forged = await http.get(url[:-1] + last)
    late = await http.get(url_of(stored, seconds=-1))
    assert (forged.status_code, late.status_code) == (403, 403)
    assert forged.json()["error"] == {
        "code": "FORBIDDEN",
        "message": "This URL does not allow GET.",
    }
    assert late.json()["error"] == {
        "code": "FORBIDDEN",
        "message": "This URL has expired.",
    }


async def test_swept(stored: World, http: httpx.AsyncClient) -> None:
    """An object that was deleted is 404."""
    url = url_of(stored)
    await stored.storage.delete(["psd/x/1.png"])
    answer = await http.get(url)
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {"code": "NOT_FOUND", "message": "The stored object is gone."}
    }
