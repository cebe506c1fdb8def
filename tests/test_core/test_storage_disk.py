"""Laws of the built-in store's files."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import AppError, ErrorCode
from core.storage import DiskStorage
from tests.test_core.storages import disk_storage

NAMES = st.from_regex(r"[a-z0-9_-][a-z0-9._-]{0,6}", fullmatch=True)
KEYS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
SMALL_KEYS = st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map("/".join)


@contextmanager
def fresh_store() -> Iterator[tuple[DiskStorage, Path]]:
    """Give an empty store and its root for one example."""
    with tempfile.TemporaryDirectory() as directory:
        yield disk_storage(Path(directory)), Path(directory) / "objects"


def files_below(root: Path) -> list[Path]:
    """Return all files, those under way included."""
    return [path for path in root.rglob("*") if path.is_file()]


@given(st.text())
def test_no_key_leaves_the_root(key: str) -> None:
    """Any text is refused or lies two directories below the root."""
    with fresh_store() as (storage, root):
        try:
            path = storage.local_path(key)
        except ValueError:
            return
    assert path.parent.parent.parent == root
    assert Path(os.path.normpath(path)) == path


@given(KEYS, KEYS)
def test_keys_do_not_collide(one: str, other: str) -> None:
    """Two keys never share a file, also on a disk that ignores case."""
    with fresh_store() as (storage, _):
        paths = [str(storage.local_path(key)).lower() for key in (one, other)]
    assert (paths[0] == paths[1]) == (one == other)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(SMALL_KEYS, st.binary(max_size=100), max_size=8),
    st.sets(SMALL_KEYS),
    st.text("ab/", max_size=5),
)
async def test_behaves_like_a_dictionary(
    contents: dict[str, bytes], deleted: set[str], prefix: str
) -> None:
    """After puts and deletes exactly the rest is there, listed by any prefix."""
    with fresh_store() as (storage, root):
        source = root.parent / "source"
        for key, content in contents.items():
            source.unlink(missing_ok=True)
            source.write_bytes(content)
            await storage.put_file(key, source, "text/plain")
        await storage.delete(deleted)
        rest = {key: contents[key] for key in contents if key not in deleted}
        listed = {stat.key: stat.size async for stat in storage.list(prefix)}
        assert listed == {
            key: len(content) for key, content in rest.items() if key.startswith(prefix)
        }
        for key in contents:
            stat = await storage.stat(key)
            assert (stat.size if stat else None) == (
                len(rest[key]) if key in rest else None
            )
        for key, content in rest.items():
            assert storage.local_path(key).read_bytes() == content
        assert len(files_below(root)) == len(rest)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=700_000), max_size=6))
async def test_incoming(chunks: list[bytes]) -> None:
    """Bytes that come in chunks appear at once, on commit, and are hashed."""
    with fresh_store() as (storage, root):
        async with storage.incoming("a/b") as incoming:
            for chunk in chunks:
                await incoming.write(chunk)
            await incoming.finish()
            assert await storage.stat("a/b") is None
            await incoming.commit()
        whole = b"".join(chunks)
        assert storage.local_path("a/b").read_bytes() == whole
        assert incoming.size == len(whole)
        assert incoming.sha256 == hashlib.sha256(whole).hexdigest()
        assert len(files_below(root)) == 1


async def test_uncommitted_vanishes(tmp_path: Path) -> None:
    """An upload that fails leaves nothing and keeps what was there."""
    storage = disk_storage(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"old")
    await storage.put_file("a/b", source, "text/plain")
    with pytest.raises(RuntimeError, match="broke"):
        async with storage.incoming("a/b") as incoming:
            await incoming.write(b"new" * 1_000_000)
            raise RuntimeError("broke")
    assert files_below(tmp_path / "objects") == [storage.local_path("a/b")]
    assert storage.local_path("a/b").read_bytes() == b"old"


async def test_put_links(tmp_path: Path) -> None:
    """A result on the same disk is not copied, and outlives its source."""
    storage = disk_storage(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"result")
    inode = source.stat().st_ino
    await storage.put_file("a/b", source, "text/plain")
    source.unlink()
    assert storage.local_path("a/b").stat().st_ino == inode
    assert storage.local_path("a/b").read_bytes() == b"result"


async def test_put_same_file_twice(tmp_path: Path) -> None:
    """Linking a file onto itself, as a repeated task does, leaves no second name."""
    storage = disk_storage(tmp_path)
    source = tmp_path / "source"
    source.write_bytes(b"result")
    for _ in range(2):
        await storage.put_file("a/b", source, "text/plain")
    assert files_below(tmp_path / "objects") == [storage.local_path("a/b")]


async def test_discards_abandoned(tmp_path: Path) -> None:
    """What a killed process left behind goes, an upload under way stays."""
    storage = disk_storage(tmp_path)
    now = datetime.now(UTC)
    async with storage.incoming("a/b") as incoming:
        await incoming.write(b"half")
        assert await storage.discard_abandoned(now - timedelta(hours=1)) == 0
        assert len(files_below(tmp_path / "objects")) == 1
        assert await storage.discard_abandoned(now + timedelta(hours=1)) == 1
        assert files_below(tmp_path / "objects") == []


async def test_unwritable_store(tmp_path: Path) -> None:
    """A store whose directory cannot be made fails its check, as unavailable."""
    (tmp_path / "objects").write_text("a file where the directory should be")
    storage = disk_storage(tmp_path)
    with pytest.raises(AppError) as caught:
        await storage.check()
    assert caught.value.code is ErrorCode.STORAGE_UNAVAILABLE
    assert caught.value.message == "The object store cannot be used just now."


async def test_many_urls_are_cheap(tmp_path: Path) -> None:
    """A page of a thousand layers costs a few milliseconds of signing."""
    storage = disk_storage(tmp_path)
    now = datetime.now(UTC)
    start = datetime.now()
    for number in range(1000):
        storage.download_url(f"psd/x/{number}.png", "image/png", now, filename="层.png")
    assert datetime.now() - start < timedelta(seconds=0.5)
