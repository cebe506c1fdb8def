"""All that is told of a document but its pixels."""

from collections.abc import Mapping, Sequence

from features.psd.utils.details.artboards import read_artboard
from features.psd.utils.details.canvas import read_guides, read_slices
from features.psd.utils.details.comps import read_comps
from features.psd.utils.details.effects import Light, read_effects
from features.psd.utils.details.fills import read_fill, read_line
from features.psd.utils.details.smart import LinkedFile, read_smart_object
from features.psd.utils.details.swatches import swatches_of
from features.psd.utils.details.text import read_text
from features.psd.utils.file.container import Container, ResourceId
from features.psd.utils.file.fidelity import fidelity_of
from features.psd.utils.file.kinds import blend_mode_of, has_vector_mask, kind_of
from features.psd.utils.file.tree import Node
from features.psd.utils.pixels.color import ColorSpace
from features.psd.utils.render.masks import hides_by_mask
from features.psd.utils.types import Document, Layer


def read_document(
    container: Container,
    nodes: Sequence[Node],
    space: ColorSpace,
    files: Mapping[str, LinkedFile],
) -> Document:
    """Read what a document and its layers are made of; `files` are what they embed."""
    header, resources = container.header, container.resources
    layers = [_layer(node, container, space, files) for node in nodes]
    runs = [run for layer in layers if layer.text for run in layer.text.runs]
    blocks = [node.record.blocks for node in nodes]
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
        guides=read_guides(resources.get(ResourceId.GUIDES)),
        slices=read_slices(resources.get(ResourceId.SLICES)),
        layer_comps=read_comps(resources.get(ResourceId.LAYER_COMPS), blocks),
        swatches=swatches_of(layers),
    )


def _light(container: Container) -> Light:
    angle = container.number(ResourceId.GLOBAL_ANGLE)
    altitude = container.number(ResourceId.GLOBAL_ALTITUDE)
    usual = Light()
    return Light(
        usual.angle if angle is None else angle,
        usual.altitude if altitude is None else altitude,
    )


def _layer(
    node: Node,
    container: Container,
    space: ColorSpace,
    files: Mapping[str, LinkedFile],
) -> Layer:
    record = node.record
    effects = read_effects(record.blocks, _light(container))
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
        fill=read_fill(record.blocks),
        line=read_line(record.blocks),
        artboard=read_artboard(record.blocks) if node.is_group else None,
        smart_object=read_smart_object(record.blocks, files),
    )
