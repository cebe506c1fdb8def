"""A parse shared by several processes: each picture once, by one of them."""

import tempfile
from itertools import zip_longest
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from psd_tools import PSDImage

from features.psd.utils import FlattenedExported, LayerExported, Structure, parse
from features.psd.utils.file.container import read_container
from features.psd.utils.file.records import read_layers
from features.psd.utils.file.tree import build_tree
from features.psd.utils.pictures.turns import in_order, taken
from tests.performance.psd.design import PARTS, shop_page
from tests.test_psd.documents import LIMITS, pixels, saved, small_document
from tests.test_psd.hostile_files import document, layer


@given(st.integers(0, 40), st.lists(st.integers(0, 3), max_size=60))
@settings(deadline=None)
def test_each_piece_falls_to_one(count: int, order: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        turns = Path(folder, "turns")
        askers = [taken(range(count), turns) for _ in range(4)]
        found = [next(askers[one], None) for one in order]
        rest = [piece for asker in askers for piece in asker]
    pieces = [piece for piece in found if piece is not None] + rest
    assert pieces == list(range(count))


def test_without_turns_all_fall_to_one() -> None:
    assert list(taken("abc", None)) == ["a", "b", "c"]


def test_helpers_tell_the_rest_and_no_structure(tmp_path: Path) -> None:
    source, turns = tmp_path / "document.psd", tmp_path / "turns"
    source.write_bytes(saved(small_document()))
    out = tmp_path / "out"
    out.mkdir()

    leads, helps = (
        parse(
            source,
            out,
            export_layers=True,
            limits=LIMITS,
            turns=turns,
            helping=helping,
        )
        for helping in (False, True)
    )
    told = [one for pair in zip_longest(leads, helps) for one in pair if one]
    assert isinstance(told[0], Structure)
    assert sum(isinstance(one, Structure) for one in told) == 1
    assert sum(isinstance(one, FlattenedExported) for one in told) == 1
    exported = [one.index for one in told if isinstance(one, LayerExported)]
    assert sorted(exported) == [0, 2, 3]
    assert len(list(out.iterdir())) == 8


def test_large_pictures_precede_all_but_the_smallest() -> None:
    pixel = [(number, b"\0\0x") for number in (0, 1, 2)]
    sizes = [(9, 9), (2000, 2000), (8, 8), (3000, 1000), (7, 7)]
    data = document([layer(size, pixel) for size in sizes], canvas=(2000, 2000))
    container = read_container(memoryview(data))
    nodes = build_tree(read_layers(container).records, LIMITS)
    order = in_order(container.header, nodes)
    assert [one and one.index for one in order] == [4, None, 1, 3, 0, 2]


def test_a_shop_page_is_exported_as_psd_tools_shows_it(tmp_path: Path) -> None:
    """What the benchmark measures is right: all layers, each pixel."""
    page = shop_page(tmp_path / "page.psd", scale=0.08)
    layers = list(PSDImage.open(page).descendants())
    exported = {
        one.index: one.image.path
        for one in parse(page, tmp_path, export_layers=True, limits=LIMITS)
        if isinstance(one, LayerExported)
    }
    assert len(layers) == sum(part.layers for part in PARTS) == 200
    assert sorted(exported) == list(range(200))
    for index, path in exported.items():
        assert np.array_equal(pixels(path), np.asarray(layers[index].topil()))
