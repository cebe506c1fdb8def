"""The engine: one file in, a stream of messages and image files out."""

from collections.abc import Iterator
from pathlib import Path

from features.psd.exceptions import corrupt
from features.psd.utils.details.effects import read_effects
from features.psd.utils.details.text import read_text
from features.psd.utils.file.container import Container, read_container
from features.psd.utils.file.fidelity import fidelity_of
from features.psd.utils.file.kinds import (
    blend_mode_of,
    has_pixels,
    has_vector_mask,
    kind_of,
)
from features.psd.utils.file.reading import blaming_the_file, mapped, too_large
from features.psd.utils.file.records import LayerSection, read_layers
from features.psd.utils.file.tree import Node, build_tree
from features.psd.utils.limits import check_canvas, check_pixels
from features.psd.utils.pictures.export import Pictures, export_raster, is_blank
from features.psd.utils.pixels.codecs import DamagedPixels
from features.psd.utils.pixels.color import ColorSpace, color_space
from features.psd.utils.pixels.raster import (
    Raster,
    check_merged,
    layer_raster,
    merged_raster,
)
from features.psd.utils.render.compositor import Composition
from features.psd.utils.render.masks import hides_by_mask
from features.psd.utils.types import (
    Document,
    FlattenedExported,
    Layer,
    LayerDamaged,
    LayerExported,
    Limits,
    Message,
    Structure,
)

DAMAGED_PIXELS = "damaged pixels"


def parse(
    source: Path, out: Path, *, export_layers: bool, limits: Limits
) -> Iterator[Message]:
    """Read a PSD or PSB and export its pictures into the folder `out`.

    Yields Structure first. With `export_layers` follow FlattenedExported (left out
    where the file embeds no merged image and none can be composed) and, from the
    bottom, LayerExported or LayerDamaged for each layer that has pixels. Pictures
    are 8 bit sRGB: PNG in full size, with a preview beside it.

    Raises PsdError, before or between messages: CORRUPT_FILE, UNSUPPORTED_FORMAT or
    LIMIT_EXCEEDED. OSError where `source` or `out` cannot be used.
    """
    with mapped(source) as data:
        with blaming_the_file():
            container = read_container(data)
            check_canvas(container.header, limits)
            section = read_layers(container)
            nodes = build_tree(section.records, limits)
            space = color_space(container)
            if merged_of(container, section, space) is not None:
                check_merged(container)
            check_pixels(container, section.records, len(data), limits)
            structure = Structure(_document(container, nodes, space))
        yield structure
        if export_layers:
            yield from _flattened(container, section, nodes, space, out)
            yield from _layers(container, nodes, space, out)


def merged_of(
    container: Container, section: LayerSection, space: ColorSpace
) -> Raster | None:
    """Open the merged image; None where the writer says that it left it blank."""
    if not container.has_merged_image and section.records:
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
    composition = Composition(container, nodes, space)
    try:
        composed = needs_composing(container, section, space, composition)
        merged = None if composed else merged_of(container, section, space)
        pictures = _export(merged or composition, out, "flattened")
    except DamagedPixels as error:
        raise corrupt(f"in its merged image, {error}") from error
    yield FlattenedExported(*pictures, composed=composed)


def needs_composing(
    container: Container,
    section: LayerSection,
    space: ColorSpace,
    composition: Composition,
) -> bool:
    """Tell whether there is no merged image, or a blank one though layers show more."""
    merged = merged_of(container, section, space)
    if merged is None:
        return True
    return composition.shows_layers and is_blank(merged) and not is_blank(composition)


def _export(raster: Raster | Composition, out: Path, name: str) -> Pictures:
    try:
        return export_raster(raster, out, name)
    except MemoryError as error:
        raise too_large() from error


def _layers(
    container: Container, nodes: list[Node], space: ColorSpace, out: Path
) -> Iterator[Message]:
    for node in nodes:
        if not has_pixels(node.record):
            continue
        try:
            raster = layer_raster(node.record, container.header, space)
            pictures = _export(raster, out, f"layer-{node.index:05d}")
        except DamagedPixels:
            yield LayerDamaged(node.index, DAMAGED_PIXELS)
        else:
            yield LayerExported(node.index, *pictures)


def _document(container: Container, nodes: list[Node], space: ColorSpace) -> Document:
    header = container.header
    layers = [_layer(node, container, space) for node in nodes]
    runs = [run for layer in layers if layer.text for run in layer.text.runs]
    return Document(
        width=header.width,
        height=header.height,
        color_mode=header.mode.name,
        bit_depth=header.depth,
        is_large=header.large,
        dpi=container.dpi,
        icc_profile=space.profile_name,
        fonts=sorted({run.font for run in runs if run.font}),
        layers=layers,
    )


def _layer(node: Node, container: Container, space: ColorSpace) -> Layer:
    record = node.record
    effects = read_effects(record.blocks, container.global_angle)
    fidelity, unsupported = fidelity_of(
        record,
        container.header,
        effects,
        hides_by_mask(record, container.header),
        space.problems,
    )
    left, top, right, bottom = node.box or (0, 0, 0, 0)
    return Layer(
        index=node.index,
        parent_index=node.parent.index if node.parent else None,
        name=record.name,
        path=node.path,
        depth=node.depth,
        kind=kind_of(record),
        visible=record.visible,
        opacity=record.opacity / 255,
        blend_mode=blend_mode_of(record),
        left=left,
        top=top,
        width=right - left,
        height=bottom - top,
        clipped=record.clipped,
        has_mask=record.has_mask,
        has_vector_mask=has_vector_mask(record),
        text=read_text(record.blocks.get(b"TySh")),
        effects=effects,
        fidelity=fidelity,
        unsupported=unsupported,
    )
