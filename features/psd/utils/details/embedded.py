"""Writing the files that smart objects embed."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from features.psd.utils.details.smart import LinkedFile
from features.psd.utils.types import EmbeddedExported, Layer

_CHUNK: Final = 1 << 20


def export_embedded(
    layers: Sequence[Layer], files: Mapping[str, LinkedFile], out: Path
) -> Iterator[EmbeddedExported]:
    """Write each embedded file that a layer shows into the folder `out`, once."""
    users: dict[str, list[int]] = {}
    for layer in layers:
        if layer.smart_object is not None:
            users.setdefault(layer.smart_object.unique_id, []).append(layer.index)
    for number, (unique_id, indexes) in enumerate(users.items()):
        file = files.get(unique_id)
        if file is not None and file.data:
            path = out / f"embedded-{number:05d}"
            digest = _copy(file.data, path)
            yield EmbeddedExported(
                indexes, str(path), file.media_type, len(file.data), digest
            )


def _copy(data: memoryview, path: Path) -> str:
    """Copy bytes into a file, chunk by chunk; return their sha256 in hex."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, len(data), _CHUNK):
            chunk = data[start : start + _CHUNK]
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()
