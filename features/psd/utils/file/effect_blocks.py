"""Where a layer's effects lie: the blocks, and the names of Photoshop 5's."""

from typing import Final

EFFECT_BLOCKS: Final = (b"lfx2", b"lmfx", b"lfxs")
OLD_EFFECTS_BLOCK: Final = b"lrFX"
OLD_EFFECT_KINDS: Final = {
    b"dsdw": "drop shadow",
    b"isdw": "inner shadow",
    b"oglw": "outer glow",
    b"iglw": "inner glow",
    b"bevl": "bevel & emboss",
    b"sofi": "color overlay",
}
