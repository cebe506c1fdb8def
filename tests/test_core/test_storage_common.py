"""What every store promises, checked on each of them."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.storage import Storage, longest_life, make_storage, stable_expiry
from tests.test_core.s3_server import ACCESS_KEY


@pytest.fixture
def prefix() -> str:
    """Give a place of the test's own: buckets outlive a test."""
    return f"test/{uuid.uuid4().hex}"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a file that is larger than one chunk."""
    path = tmp_path / "source"
    path.write_bytes(bytes(range(256)) * 5000)
    return path


async def test_put_stat_fetch_delete(
    storage: Storage, prefix: str, source: Path, tmp_path: Path
) -> None:
    """A file comes back as it went in, until it is deleted."""
    key, copy = f"{prefix}/a.bin", tmp_path / "copy"
    await storage.put_file(key, source, "application/octet-stream")
    stat = await storage.stat(key)
    assert stat is not None
    assert (stat.key, stat.size) == (key, 1_280_000)
    assert abs(stat.modified_at - datetime.now(UTC)) < timedelta(seconds=60)
    await storage.fetch_to(key, copy)
    assert copy.read_bytes() == source.read_bytes()
    await storage.delete([key])
    assert await storage.stat(key) is None


async def test_put_replaces(storage: Storage, prefix: str, tmp_path: Path) -> None:
    """The last file put at a key is the one that is there."""
    for name in ("first", "second, longer"):
        path = tmp_path / name
        path.write_text(name)
        await storage.put_file(f"{prefix}/k", path, "text/plain")
    await storage.fetch_to(f"{prefix}/k", tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "second, longer"


async def test_missing(storage: Storage, prefix: str, tmp_path: Path) -> None:
    """What is not there has no stat, cannot be fetched, and may be deleted."""
    assert await storage.stat(f"{prefix}/none") is None
    await storage.delete([f"{prefix}/none"])
    with pytest.raises(AppError) as caught:
        await storage.fetch_to(f"{prefix}/none", tmp_path / "copy")
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert not (tmp_path / "copy").exists()


async def test_list(storage: Storage, prefix: str, source: Path) -> None:
    """All keys with the prefix are listed once, and no other."""
    inside = {f"{prefix}/{name}" for name in ("a.png", "b/c.png", "b/d.png")}
    for key in (*inside, f"{prefix}0/a.png"):
        await storage.put_file(key, source, "image/png")
    for part, expected in {
        f"{prefix}/": inside,
        f"{prefix}/b/": {f"{prefix}/b/c.png", f"{prefix}/b/d.png"},
        f"{prefix}/b/c": {f"{prefix}/b/c.png"},
        prefix: {*inside, f"{prefix}0/a.png"},
        f"{prefix}/none": set(),
    }.items():
        found = [stat async for stat in storage.list(part)]
        assert {stat.size for stat in found} <= {1_280_000}
        assert sorted(stat.key for stat in found) == sorted(expected)


async def test_deletes_many(storage: Storage, prefix: str, source: Path) -> None:
    """More keys than a batch holds are all deleted."""
    keys = [f"{prefix}/{number}" for number in range(40)]
    for key in keys:
        await storage.put_file(key, source, "image/png")
    await storage.delete(keys)
    assert [stat async for stat in storage.list(f"{prefix}/")] == []


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/..", "A", "a b"])
async def test_bad_keys(storage: Storage, key: str, source: Path) -> None:
    """No operation takes what is not a key."""
    now = datetime.now(UTC)
    with pytest.raises(ValueError, match="not a storage key"):
        storage.download_url(key, "image/png", now)
    with pytest.raises(ValueError, match="not a storage key"):
        storage.upload_target(
            key, size=1, content_type=None, sha256=None, expires_at=now
        )
    with pytest.raises(ValueError, match="not a storage key"):
        await storage.put_file(key, source, "image/png")
    with pytest.raises(ValueError, match="not a storage key"):
        await storage.stat(key)


async def test_check(storage: Storage) -> None:
    """A store that works passes its check."""
    await storage.check()


async def test_discards_nothing_live(
    storage: Storage, prefix: str, source: Path
) -> None:
    """Whole objects are no leftovers."""
    await storage.put_file(f"{prefix}/a", source, "image/png")
    future = datetime.now(UTC) + timedelta(hours=1)
    assert await storage.discard_abandoned(future) == 0
    assert await storage.stat(f"{prefix}/a") is not None


def test_same_url_for_a_while(storage: Storage) -> None:
    """Two URLs signed for the same instant are the same, for the browser's cache."""
    expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    urls = {storage.download_url("a/b", "image/png", expires_at) for _ in range(3)}
    assert len(urls) == 1


def test_stable_expiry() -> None:
    """The instant is one to two lifetimes ahead and moves once per lifetime."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    moments = [start + timedelta(seconds=second) for second in range(0, 300, 7)]
    expiries = [stable_expiry(100, moment) for moment in moments]
    for moment, expiry in zip(moments, expiries, strict=True):
        assert timedelta(seconds=100) <= expiry - moment <= longest_life(100)
    assert len(set(expiries)) == 3 + (start.timestamp() % 100 > 0)


def test_secret_is_required(tmp_path: Path) -> None:
    """Without a secret the built-in store does not start, and says which setting."""
    with pytest.raises(AppError, match="ONEMANAGE_SECRET_KEY is empty"):
        make_storage(Settings(_env_file=None, data_dir=tmp_path))


def test_s3_settings_are_required(tmp_path: Path) -> None:
    """A bucket alone is not enough."""
    with pytest.raises(AppError, match="ONEMANAGE_S3_ENDPOINT_URL"):
        make_storage(
            Settings(
                _env_file=None,
                data_dir=tmp_path,
                s3_bucket="b",
                s3_access_key_id=ACCESS_KEY,
            )
        )
