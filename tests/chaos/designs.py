"""The files that jobs are given, and what must come of each."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from psd_tools import PSDImage

from features.psd.utils import FlattenedExported, LayerExported, Structure
from tests.integration.designs import noisy_design
from tests.test_psd.documents import noise, run, saved
from workers.demo.sample import write_sample_psd

NOISY_LAYERS: Final = 24
NOISY_SIDE: Final = 300


class Effects(NamedTuple):
    """What a completed parse leaves: rows, and which of the layers have pictures."""

    layers: int
    pictured: frozenset[int] = frozenset()
    has_picture: bool = False


def _one_layer(path: Path) -> None:
    document = PSDImage.new("RGBA", (24, 20))
    document.create_pixel_layer(noise(24, 20)).name = "only"
    document.save(path)


def _noisy(path: Path) -> None:
    noisy_design(path, NOISY_LAYERS, NOISY_SIDE)


def _corrupt(path: Path) -> None:
    document = PSDImage.new("RGBA", (24, 20))
    document.create_pixel_layer(noise(24, 20))
    whole = saved(document)
    path.write_bytes(whole[: len(whole) // 2])


WRITERS: Final[dict[str, Callable[[Path], None]]] = {
    "one layer": _one_layer,
    "many layers": _noisy,
    "sample": write_sample_psd,
    "corrupt": _corrupt,
}


def write_designs(directory: Path) -> dict[str, Path]:
    """Write all files; return them by name."""
    directory.mkdir(exist_ok=True)
    paths = {name: directory / f"{name.replace(' ', '-')}.psd" for name in WRITERS}
    for name, path in paths.items():
        WRITERS[name](path)
    return paths


def effects_of(path: Path) -> Effects:
    """Parse a file here, and tell what its job has to leave behind."""
    with tempfile.TemporaryDirectory() as out:
        messages = run(path, Path(out))
    (layers,) = [
        len(one.document.layers) for one in messages if isinstance(one, Structure)
    ]
    pictured = [one.index for one in messages if isinstance(one, LayerExported)]
    flattened = any(isinstance(one, FlattenedExported) for one in messages)
    return Effects(layers, frozenset(pictured), flattened)
