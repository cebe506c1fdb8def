"""Where the bytes of a text come from: a file, or a member of a zip."""

from pathlib import Path
from typing import BinaryIO, Protocol


class Source(Protocol):
    """Bytes that can be read from the beginning again and again."""

    @property
    def size(self) -> int:
        """Return how many bytes there are, as far as is known before reading them."""
        ...

    def open(self) -> BinaryIO:
        """Open the bytes at their beginning."""
        ...


class FileSource:
    """The bytes of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.size = path.stat().st_size

    def open(self) -> BinaryIO:
        """Open the file."""
        return self._path.open("rb")
