"""A zip that is written picture by picture; the same pictures make the same bytes."""

import shutil
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

# A zip must tell a time, and none before this one.
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE: Final = 0o100644 << 16


class Archive:
    """Pictures are stored, not deflated: they are packed already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def add(self, name: str, path: Path) -> None:
        """Add a file's bytes under a name with slashes."""
        entry = zipfile.ZipInfo(name, _TIME)
        entry.external_attr = _PLAIN_FILE
        entry.file_size = path.stat().st_size
        with path.open("rb") as source, self._zip.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
