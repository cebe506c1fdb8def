"""Pictures of exports as they are drawn from documents, and the archive of them."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode

from features.psd.exceptions import PsdError
from features.psd.utils.exporting import (
    SUFFIXES,
    ArchiveExported,
    ExportMessage,
    Options,
    Order,
    PictureExported,
    Subject,
    export,
    file_names,
)
from tests.test_psd.documents import LIMITS, noise, pixels, small_document

BACKGROUND, GROUP, ONE, TWO = range(4)
PILLOW = {"PNG": "PNG", "WEBP": "WEBP", "JPEG": "JPEG"}


def _order(options: Options, indexes: list[int | None]) -> Order:
    paths = [["whole" if index is None else f"layer {index}"] for index in indexes]
    names = file_names(paths, options.scales, SUFFIXES[options.format])
    subjects = [Subject(index, own) for index, own in zip(indexes, names, strict=True)]
    return Order(options, tuple(subjects))


def _run(
    document: PSDImage, out: Path, indexes: list[int | None], options: Options
) -> list[ExportMessage]:
    document.save(out / "small.psd")
    return list(export(out / "small.psd", out, _order(options, indexes), LIMITS))


def _one(
    document: PSDImage, out: Path, index: int | None, options: Options = Options()
) -> NDArray[np.uint8]:
    [message] = _run(document, out, [index], options)
    assert isinstance(message, PictureExported) and message.picture is not None
    assert (message.fidelity, message.unsupported) == ("EXACT", [])
    return pixels(message.picture.path)


@pytest.mark.parametrize("form", PILLOW)
def test_pictures_come_by_layer_and_scale(form: str, tmp_path: Path) -> None:
    options = Options(format=form, scales=(1.0, 2.0, 3.0))
    told = _run(small_document(), tmp_path, [None, ONE], options)
    sizes = [(40, 30), (80, 60), (120, 90), (8, 6), (16, 12), (24, 18)]
    assert len(told) == len(sizes)
    for number, (message, size) in enumerate(zip(told, sizes, strict=True)):
        assert isinstance(message, PictureExported) and message.picture is not None
        assert message.number == number
        picture = message.picture
        assert (picture.width, picture.height) == size
        data = Path(picture.path).read_bytes()
        assert picture.size == len(data)
        assert picture.sha256 == hashlib.sha256(data).hexdigest()
        with Image.open(picture.path) as image:
            assert (image.format, image.size) == (PILLOW[form], size)


def test_the_archive_holds_just_the_pictures(tmp_path: Path) -> None:
    options = Options(scales=(1.0, 0.5), archive=True)
    told = _run(small_document(), tmp_path, [ONE, GROUP], options)
    *pictures, archive = told
    assert isinstance(archive, ArchiveExported)
    shas = [
        message.picture.sha256
        for message in pictures
        if isinstance(message, PictureExported) and message.picture
    ]
    with zipfile.ZipFile(archive.path) as opened:
        assert opened.testzip() is None
        assert opened.namelist() == [
            "layer 2.png",
            "layer 2@0.5x.png",
            "layer 1.png",
            "layer 1@0.5x.png",
        ]
        found = [hashlib.sha256(opened.read(name)) for name in opened.namelist()]
    assert [one.hexdigest() for one in found] == shas


def test_the_same_order_makes_the_same_archive(tmp_path: Path) -> None:
    archives = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        options = Options(format="WEBP", archive=True)
        told = _run(small_document(), tmp_path / place, [ONE, TWO], options)
        assert isinstance(told[-1], ArchiveExported)
        archives.append(Path(told[-1].path).read_bytes())
    assert archives[0] == archives[1]


def test_a_layer_is_its_own_pixels_also_beyond_the_canvas(tmp_path: Path) -> None:
    assert np.array_equal(
        _one(small_document(), tmp_path, ONE), np.asarray(noise(8, 6, 1))
    )


def test_a_hidden_layer_is_drawn_with_its_opacity_and_without_a_backdrop(
    tmp_path: Path,
) -> None:
    drawn = _one(small_document(), tmp_path, TWO)
    stored = np.asarray(noise(5, 7, 2))
    assert np.array_equal(drawn[..., 3], np.rint(stored[..., 3] * 0.2).astype(np.uint8))


def test_a_group_holds_its_visible_layers_alone(tmp_path: Path) -> None:
    assert np.array_equal(
        _one(small_document(), tmp_path, GROUP), np.asarray(noise(8, 6, 1))
    )


def test_on_the_whole_canvas_a_layer_keeps_its_place(tmp_path: Path) -> None:
    drawn = _one(small_document(), tmp_path, ONE, Options(whole_canvas=True))
    expected = np.zeros((30, 40, 4), np.uint8)
    expected[5:11, :5] = np.asarray(noise(8, 6, 1))[:, 3:]
    seen = expected[..., 3] > 0
    assert np.array_equal(drawn[..., 3], expected[..., 3])
    assert np.array_equal(drawn[seen], expected[seen])


def test_the_whole_document_is_its_merged_image(tmp_path: Path) -> None:
    document = small_document()
    drawn = _one(document, tmp_path, None)
    with Image.open(tmp_path / "small.psd") as merged:
        assert np.array_equal(drawn, np.asarray(merged.convert(_mode(drawn))))


def _mode(drawn: NDArray[np.uint8]) -> str:
    """Return Pillow's name of a picture's channels."""
    return {3: "RGB", 4: "RGBA"}[drawn.shape[2]]


def _clipping_document() -> PSDImage:
    document = PSDImage.new("RGBA", (20, 20))
    base = Image.new("RGBA", (8, 8), (255, 0, 0, 255))
    document.create_pixel_layer(base, name="base", left=2, top=2)
    over = Image.new("RGBA", (20, 20), (0, 0, 255, 255))
    for name in ("shown", "hidden"):
        member = document.create_pixel_layer(over, name=name)
        member.clipping = True
        member.visible = name == "shown"
    document[2].blend_mode = BlendMode.NORMAL
    return document


def test_a_base_comes_with_what_is_clipped_to_it(tmp_path: Path) -> None:
    drawn = _one(_clipping_document(), tmp_path, 0)
    assert drawn.shape == (8, 8, 3)
    assert (drawn == (0, 0, 255)).all()


def test_a_clipped_layer_by_itself_is_whole(tmp_path: Path) -> None:
    drawn = _one(_clipping_document(), tmp_path, 1)
    assert drawn.shape == (20, 20, 3)
    assert (drawn == (0, 0, 255)).all()


def test_trimming_cuts_a_layers_empty_borders(tmp_path: Path) -> None:
    document = PSDImage.new("RGBA", (20, 20))
    wide = Image.new("RGBA", (12, 10))
    wide.paste((1, 2, 3, 255), (4, 3, 6, 8))
    document.create_pixel_layer(wide, name="wide")
    assert _one(document, tmp_path, 0).shape == (10, 12, 4)
    assert _one(document, tmp_path, 0, Options(trim=True)).shape == (5, 2, 3)


def test_what_shows_nothing_has_no_picture(tmp_path: Path) -> None:
    document = PSDImage.new("RGBA", (20, 20))
    document.create_group(name="empty")
    document.create_pixel_layer(Image.new("RGBA", (4, 4)), name="clear")
    told = _run(document, tmp_path, [0, 1], Options(archive=True))
    assert told[:2] == [
        PictureExported(0, None, "NONE", ["nothing to draw"]),
        PictureExported(1, None, "NONE", ["nothing to draw"]),
    ]
    assert isinstance(told[2], ArchiveExported)
    assert zipfile.ZipFile(told[2].path).namelist() == []


def test_a_picture_that_becomes_too_large_is_refused_when_it_is_drawn(
    tmp_path: Path,
) -> None:
    options = Options(scales=(4.0,), padding=1000, width=8000)
    with pytest.raises(PsdError) as refused:
        _run(small_document(), tmp_path, [ONE], options)
    assert refused.value.code == "LIMIT_EXCEEDED"
    assert refused.value.message == (
        "“layer 2@4x.png” would be 40000 × 32000 pixels, and no side of a PNG may have "
        "more than 30000. Ask for a smaller scale or size."
    )


def test_effects_make_a_picture_larger_than_its_layer(
    corpus: Path, tmp_path: Path
) -> None:
    source = corpus / "psd" / "Magick.NET__layer-styles-sample.psd"
    boxes = [one.size for one in PSDImage.open(source).descendants()]
    order = _order(Options(), list(range(len(boxes))))
    told = list(export(source, tmp_path, order, LIMITS))
    sizes = [
        (message.picture.width, message.picture.height)
        for message in told
        if isinstance(message, PictureExported) and message.picture
    ]
    assert len(sizes) == len(boxes) == 3
    grown = [own != box for own, box in zip(sizes, boxes, strict=True)]
    assert grown == [False, True, True]
    assert all(w >= b[0] and h >= b[1] for (w, h), b in zip(sizes, boxes, strict=True))


@pytest.mark.parametrize("quality", [100, 30])
def test_a_webp_of_quality_100_is_lossless(quality: int, tmp_path: Path) -> None:
    options = Options(format="WEBP", quality=quality)
    drawn = _one(small_document(), tmp_path, ONE, options)
    stored = np.asarray(noise(8, 6, 1))
    seen = stored[..., 3] > 0
    assert np.array_equal(drawn[seen], stored[seen]) is (quality == 100)
