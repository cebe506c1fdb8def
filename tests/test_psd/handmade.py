"""Photoshop files written byte by byte, in every shape that the format allows."""

import struct
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st
from psd_tools.compression import compress
from psd_tools.constants import ColorMode, Compression

PLANES = {ColorMode.RGB: 3, ColorMode.CMYK: 4, ColorMode.LAB: 3}
NAMES = ["", "Layer 1", "背景", "خلفية", "ชั้น", "🎨 und mehr", "a" * 300]


@dataclass(frozen=True)
class Sheet:
    """A layer's record: its box, channels and tagged blocks."""

    left: int
    top: int
    width: int
    height: int
    name: str
    channels: tuple[int, ...]
    compression: Compression
    seed: int
    block: bytes = b""


@dataclass(frozen=True)
class Plan:
    """What a file holds; pixels are noise by seeds.

    `transparent` tells by the negative count that the merged image's first extra
    channel is transparency; `home` is where the layers are: in the section itself, or
    in one of its blocks.
    """

    mode: ColorMode
    depth: int
    large: bool
    width: int
    height: int
    extra: int
    compression: Compression
    transparent: bool = False
    colors: int = 256
    home: bytes = b""
    sheets: list[Sheet] = field(default_factory=list)

    @property
    def planes(self) -> int:
        """Colour channels; every one that multichannel has is an ink."""
        if self.mode is ColorMode.MULTICHANNEL:
            return 1 + self.extra
        return PLANES.get(self.mode, 1)

    @property
    def channels(self) -> int:
        """Channels of the merged image."""
        return PLANES.get(self.mode, 1) + self.extra

    def write(self) -> bytes:
        """Return the file."""
        size = self.channels, self.height, self.width, self.depth, self.mode
        header = struct.pack(">4sH6xHIIHH", b"8BPS", 1 + self.large, *size)
        palette = b""
        if self.mode is ColorMode.INDEXED:
            palette = _noise(768, 1)
        elif self.mode is ColorMode.DUOTONE:
            palette = bytes(532)
        resources = b""
        if self.mode is ColorMode.INDEXED and self.colors < 256:
            resources = _resource(1046, struct.pack(">H", self.colors))
        merged = self._plane(self.width, self.height, self.channels, 7)
        packed = self._pack(
            merged, self.compression, self.width, self.height * self.channels
        )
        layers = self._section()
        return b"".join(
            [
                *(header, _counted(palette), _counted(resources)),
                *(self._long(layers), packed),
            ]
        )

    def _section(self) -> bytes:
        if not self.sheets:
            return b""
        count = -len(self.sheets) if self.transparent else len(self.sheets)
        records = b"".join(self._record(sheet) for sheet in self.sheets)
        pixels = b"".join(
            data for sheet in self.sheets for data in self._channels(sheet)
        )
        info = struct.pack(">h", count) + records + pixels
        info += bytes(-len(info) % 4)
        if not self.home:
            return self._long(info) + _counted(b"")
        return self._long(b"") + _counted(b"") + b"8BIM" + self._block(self.home, info)

    def _block(self, key: bytes, content: bytes) -> bytes:
        return key + self._long(content)

    def _record(self, sheet: Sheet) -> bytes:
        box = sheet.top, sheet.left, sheet.top + sheet.height, sheet.left + sheet.width
        record = struct.pack(">4iH", *box, len(sheet.channels))
        for channel, data in zip(sheet.channels, self._channels(sheet), strict=True):
            record += struct.pack(">hQ" if self.large else ">hI", channel, len(data))
        words = sheet.name.encode("utf-16-be")
        text = struct.pack(">I", len(words) // 2) + words
        short = sheet.name.encode("mac_roman", "replace")[:255]
        name = bytes([len(short)]) + short
        extra = _counted(b"") * 2 + name + bytes(-len(name) % 4)
        extra += b"8BIMluni" + _counted(text) + sheet.block
        return record + b"8BIMnorm\xff\0\0\0" + _counted(extra)

    def _channels(self, sheet: Sheet) -> list[bytes]:
        if not sheet.width or not sheet.height:
            return [b"\0\0"] * len(sheet.channels)
        return [
            self._pack(
                self._plane(sheet.width, sheet.height, 1, sheet.seed + channel),
                sheet.compression,
                sheet.width,
                sheet.height,
            )
            for channel in sheet.channels
        ]

    def _plane(self, width: int, height: int, planes: int, seed: int) -> bytes:
        if self.depth == 32:
            light = np.random.default_rng(seed + 9).random((planes, height, width))
            return light.astype(">f4").tobytes()
        return _noise((width * self.depth + 7) // 8 * height * planes, seed)

    def _pack(
        self, data: bytes, compression: Compression, width: int, height: int
    ) -> bytes:
        version = 1 + self.large
        packed = compress(data, compression, width, height, self.depth, version)
        return compression.to_bytes(2) + packed

    def _long(self, content: bytes) -> bytes:
        return struct.pack(">Q" if self.large else ">I", len(content)) + content


def _noise(size: int, seed: int) -> bytes:
    return np.random.default_rng(seed + 9).bytes(size)


def _counted(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _resource(number: int, content: bytes) -> bytes:
    padded = content + bytes(len(content) % 2)
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + padded


@st.composite
def _sheet(draw: st.DrawFn, planes: int, compressions: list[Compression]) -> Sheet:
    around = st.integers(-50, 50)
    before = draw(st.sampled_from([(), (-1,)]))
    after = draw(st.sampled_from([(), (planes,), (-2,)]))
    padding = draw(st.integers(0, 3))
    unknown = b"8BIMzzzz" + _counted(bytes(draw(st.integers(0, 5)))) + bytes(padding)
    return Sheet(
        left=draw(around),
        top=draw(around),
        width=draw(st.sampled_from([0, 1, 7, 33])),
        height=draw(st.sampled_from([0, 1, 5])),
        name=draw(st.sampled_from(NAMES)),
        channels=(*before, *range(planes), *after),
        compression=draw(st.sampled_from(compressions)),
        seed=draw(st.integers(0, 1000)),
        block=draw(st.sampled_from([b"", unknown])),
    )


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a file of any mode, depth, compression and number of layers."""
    mode = draw(st.sampled_from(list(ColorMode)))
    depth = draw(st.sampled_from([1, 8, 16, 32]))
    compressions = list(Compression)[: 3 if depth == 1 else 4]
    extra = draw(st.integers(0, 2))
    inks = mode is ColorMode.MULTICHANNEL
    planes = 1 + extra if inks else PLANES.get(mode, 1)
    sheets = draw(st.lists(_sheet(planes, compressions), max_size=3))
    return Plan(
        mode=mode,
        depth=depth,
        large=draw(st.booleans()),
        width=draw(st.sampled_from([1, 7, 8, 33])),
        height=draw(st.sampled_from([1, 6])),
        extra=extra,
        compression=draw(st.sampled_from(compressions)),
        transparent=bool(extra and sheets and not inks) and draw(st.booleans()),
        colors=draw(st.sampled_from([2, 255, 256])),
        home=draw(st.sampled_from([b"", b"Lr16", b"Lr32"])),
        sheets=sheets,
    )
