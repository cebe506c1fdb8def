"""The engine: one file in, a stream of messages and image files out."""

from collections.abc import Iterator
from pathlib import Path

from features.psd.exceptions import corrupt
from features.psd.utils.details.document import read_document
from features.psd.utils.details.embedded import export_embedded
from features.psd.utils.details.smart import read_linked_files
from features.psd.utils.file.container import Container, read_container
from features.psd.utils.file.reading import blaming_the_file, mapped, too_large
from features.psd.utils.file.records import LayerSection, read_layers
from features.psd.utils.file.tree import Node, build_tree
from features.psd.utils.limits import check_canvas, check_descriptions, check_pixels
from features.psd.utils.pictures.export import Pictures, export_raster, is_blank
from features.psd.utils.pictures.turns import in_order, taken
from features.psd.utils.pixels.codecs import DamagedPixels
from features.psd.utils.pixels.color import ColorSpace, color_space
from features.psd.utils.pixels.raster import (
    Raster,
    check_merged,
    layer_raster,
    merged_raster,
)
from features.psd.utils.render.compositor import Composition
from features.psd.utils.types import (
    FlattenedExported,
    LayerDamaged,
    LayerExported,
    Limits,
    Message,
    Structure,
)

# To be raised when the same file comes out otherwise: it is parsed again then.
ENGINE_VERSION = 2
DAMAGED_PIXELS = "damaged pixels"


def parse(
    source: Path,
    out: Path,
    *,
    export_layers: bool,
    limits: Limits,
    wide: bool = False,
    turns: Path | None = None,
    helping: bool = False,
) -> Iterator[Message]:
    """Read a PSD or PSB and export its pictures into the folder `out`.

    Yields Structure first. With `export_layers` follow FlattenedExported (left out
    where the file embeds no merged image and none can be composed) and, large ones
    first, LayerExported or LayerDamaged for each layer that has pixels, and at last
    EmbeddedExported for each file that smart objects embed. Pictures are sRGB: PNG in
    full size, of 16 bits where `wide` and the document has more than 8, else of 8;
    with a preview beside it.

    Calls that share a file `turns`, which is not there at first, share the pictures:
    each is made and told by one of them. Those that are `helping` tell no Structure.

    Raises PsdError, before or between messages: CORRUPT_FILE, UNSUPPORTED_FORMAT or
    LIMIT_EXCEEDED. OSError where `source` or `out` cannot be used.
    """
    with mapped(source) as data:
        with blaming_the_file():
            container = read_container(data)
            check_canvas(container.header, limits)
            section = read_layers(container)
            nodes = build_tree(section.records, limits)
            space = color_space(container, wide=wide)
            if not helping and merged_of(container, section, space) is not None:
                check_merged(container)
            check_pixels(container, section.records, len(data), limits)
            check_descriptions(section.records)
            if not helping:
                files = read_linked_files(section.blocks)
                document = read_document(container, nodes, space, files)
        if not helping:
            yield Structure(document)
        if export_layers:
            for node in taken(in_order(container.header, nodes), turns):
                if node is None:
                    yield from _flattened(container, section, nodes, space, out)
                else:
                    yield from _layer(container, node, space, out)
        if export_layers and not helping:
            yield from export_embedded(document.layers, files, out)


def merged_of(
    container: Container, section: LayerSection, space: ColorSpace
) -> Raster | None:
    """Open the merged image; None where the writer left it blank, or colours out."""
    blank = not container.has_merged_image and bool(section.records)
    if blank or container.header.channels < space.planes:
        return None
    return merged_raster(container, space, section.merged_alpha)


def _flattened(
    container: Container,
    section: LayerSection,
    nodes: list[Node],
    space: ColorSpace,
    out: Path,
) -> Iterator[Message]:
    """Export the merged image; composed of the layers where it is missing or blank."""
    try:
        picture = whole_picture(container, section, nodes, space)
        pictures = _export(picture, out, "flattened")
    except DamagedPixels as error:
        raise corrupt(f"in its merged image, {error}") from error
    composed = isinstance(picture, Composition)
    yield FlattenedExported(*pictures, composed=composed)


def whole_picture(
    container: Container,
    section: LayerSection,
    nodes: list[Node],
    space: ColorSpace,
) -> Raster | Composition:
    """Open the merged image; compose it where none is, or a blank one of more."""
    merged = merged_of(container, section, space)
    if merged is not None and not is_blank(merged):
        return _opened_again(container, section, space)
    composition = Composition(container, nodes, space)
    if merged is None or (composition.shows_layers and not is_blank(composition)):
        return composition
    return _opened_again(container, section, space)


def _opened_again(
    container: Container, section: LayerSection, space: ColorSpace
) -> Raster:
    """Open the merged image from its top: a raster is read once."""
    merged = merged_of(container, section, space)
    assert merged is not None
    return merged


def _export(raster: Raster | Composition, out: Path, name: str) -> Pictures:
    try:
        return export_raster(raster, out, name)
    except MemoryError as error:
        raise too_large() from error


def _layer(
    container: Container, node: Node, space: ColorSpace, out: Path
) -> Iterator[Message]:
    try:
        raster = layer_raster(node.record, container.header, space)
        pictures = _export(raster, out, f"layer-{node.index:05d}")
    except DamagedPixels:
        yield LayerDamaged(node.index, DAMAGED_PIXELS)
    else:
        yield LayerExported(node.index, *pictures)
