"""Write the sample design: a PSD such as a shop's designer hands over."""

import sys
from itertools import count
from pathlib import Path
from typing import Any, Final

from PIL import ImageCms
from psd_tools import PSDImage
from psd_tools.api.layers import Group, GroupMixin
from psd_tools.api.layers import Layer as PsdLayer
from psd_tools.api.layers import PixelLayer
from psd_tools.constants import Compression, Resource, Tag
from psd_tools.psd.adjustments import BrightnessContrast
from psd_tools.psd.image_data import ImageData
from psd_tools.psd.image_resources import (
    ImageResource,
    ResoulutionInfo,
    VersionInfo,
)
from psd_tools.psd.layer_and_mask import (
    ChannelData,
    ChannelDataList,
    ChannelInfo,
    LayerRecord,
)
from psd_tools.psd.tagged_blocks import TaggedBlock, TaggedBlocks

from workers.demo.descriptors import brightness_contrast, effects, solid_color
from workers.demo.design import Adjustment, Design, Fill, Folder, Layer, Picture
from workers.demo.flatten import flatten
from workers.demo.page import product_page
from workers.demo.type_tool import type_tool

DPI: Final = 72
_ICC_DATE: Final = slice(24, 36)
_NEW_YEAR: Final = bytes.fromhex("07e800010001000000000000")


def write_sample_psd(path: Path) -> None:
    """Draw the sample page and write it as a PSD: RGB, 8 bits, RLE, some 1 MB.

    The same bytes on every run with the same libraries. Takes about two seconds of
    CPU time.
    """
    design = product_page()
    psd = _layered(design)
    record = psd._record
    # Layers need an alpha channel while they are made; the merged picture has none.
    record.header.channels = 3
    merged = ImageData(Compression.RLE)
    planes = [plane.tobytes() for plane in flatten(design).split()]
    merged.set_data(planes, record.header)
    record.image_data = merged
    _describe(psd)
    # PSDImage.save would replace the merged picture by its own idea of it.
    with path.open("wb") as file:
        record.write(file)


def _layered(design: Design) -> PSDImage:
    psd = PSDImage.new("RGBA", (design.width, design.height))
    _add_all(psd, design.layers)
    numbers = count(1)
    for layer in psd.descendants():
        layer.tagged_blocks.set_data(Tag.LAYER_ID, next(numbers))
    return psd


def _add_all(parent: GroupMixin, layers: list[Layer]) -> None:
    for layer in layers:
        added = _add(parent, layer)
        added.name = layer.name
        added.visible = layer.visible
        added.opacity = layer.opacity
        added.blend_mode = layer.blend
        if layer.clipped:
            added.clipping = True


def _add(parent: GroupMixin, layer: Layer) -> PsdLayer:
    if isinstance(layer, Folder):
        group = Group.new(parent)
        _add_all(group, layer.children)
        return group
    if isinstance(layer, Picture):
        return _add_picture(parent, layer)
    added = _add_empty(parent)
    if isinstance(layer, Fill):
        _tag(added, Tag.SOLID_COLOR_SHEET_SETTING, solid_color(layer.color))
    elif isinstance(layer, Adjustment):
        settings = layer.settings
        legacy = BrightnessContrast(settings.brightness, settings.contrast, 127)
        _tag(added, Tag.BRIGHTNESS_AND_CONTRAST, legacy)
        modern = brightness_contrast(settings)
        _tag(added, Tag.CONTENT_GENERATOR_EXTRA_DATA, modern)
    return added


def _add_picture(parent: GroupMixin, layer: Picture) -> PsdLayer:
    added = PixelLayer.frompil(layer.image, parent, left=layer.left, top=layer.top)
    if layer.mask is not None:
        added.create_mask(layer.mask)
    if layer.runs:
        _tag(added, Tag.TYPE_TOOL_OBJECT_SETTING, type_tool(layer))
    if layer.shadow or layer.outline:
        block = effects(layer.shadow, layer.outline)
        _tag(added, Tag.OBJECT_BASED_EFFECTS_LAYER_INFO, block)
    return added


def _add_empty(parent: GroupMixin) -> PsdLayer:
    """Add a layer without pixels, as fills and adjustments are."""
    numbers = range(-1, 3)
    record = LayerRecord(channel_info=[ChannelInfo(id, 2) for id in numbers])
    record.tagged_blocks = TaggedBlocks()
    channels = ChannelDataList()
    channels.extend(ChannelData(Compression.RAW, b"") for _ in numbers)
    added = PixelLayer(parent, record, channels)
    parent.append(added)
    return added


def _tag(layer: PsdLayer, key: Tag, data: Any) -> None:
    layer.tagged_blocks[key] = TaggedBlock(key=key, data=data)


def _describe(psd: PSDImage) -> None:
    """Add what concerns the whole document: resolution, colour profile, writer."""
    dots = DPI << 16
    _set_resource(
        psd, Resource.RESOLUTION_INFO, ResoulutionInfo(dots, 1, 1, dots, 1, 1)
    )
    _set_resource(psd, Resource.ICC_PROFILE, _srgb())
    writer = VersionInfo(1, True, "OneManage", "OneManage", 1)
    _set_resource(psd, Resource.VERSION_INFO, writer)


def _set_resource(psd: PSDImage, key: Resource, data: Any) -> None:
    psd.image_resources[key] = ImageResource(key=key, data=data)


def _srgb() -> bytes:
    """Return an sRGB profile; its date is taken out, so that it is always the same."""
    profile = bytearray(
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    )
    profile[_ICC_DATE] = _NEW_YEAR
    return bytes(profile)


if __name__ == "__main__":
    write_sample_psd(Path(sys.argv[1]))
