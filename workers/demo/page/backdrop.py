"""What lies under the page: a soft gradient, light, waves and dots."""

import math

from psd_tools.constants import BlendMode

from workers.demo.design import Adjustment, Brightness, Fill, Folder, Layer, Picture
from workers.demo.page.colors import CORAL, PALE_TEAL, TEAL, WHITE
from workers.demo.shapes import Pen, mask, radial, tint, vertical


def backdrop(width: int, height: int) -> Layer:
    """Make the group 背景."""
    base = vertical(width, height, (252, 245, 236), (240, 224, 210)).convert("RGBA")
    glow = tint(radial(900, 230), WHITE)
    return Folder(
        "背景 Backdrop",
        [
            Picture("底色 Base", base, 0, 0),
            Picture("光晕 Glow", glow, 340, 70, opacity=217, blend=BlendMode.SCREEN),
            _waves(width, height),
            _dots(),
        ],
    )


def corrections() -> Layer:
    """Make the group 调色: a fill over all, and an adjustment that is switched off."""
    return Folder(
        "调色 Colour",
        [
            Fill("暖色 Warmth", CORAL, opacity=10, blend=BlendMode.SOFT_LIGHT),
            Adjustment("亮度/对比度 Brightness", Brightness(12, 8), visible=False),
        ],
    )


def _waves(width: int, height: int) -> Layer:
    tall = 420

    def draw(pen: Pen) -> None:
        edge = [
            (x, 90 + 46 * math.sin(x / 190) + 22 * math.sin(x / 71))
            for x in range(0, width + 8, 8)
        ]
        pen.polygon([(0, tall), *edge, (width, tall)])

    image = tint(mask(width, tall, draw), PALE_TEAL, TEAL)
    return Picture(
        "波纹 Waves",
        image,
        0,
        height - tall,
        opacity=115,
    )


def _dots() -> Layer:
    def draw(pen: Pen) -> None:
        for row in range(9):
            for column in range(9):
                pen.disc(12 + column * 26, 12 + row * 26, 3)

    image = tint(mask(232, 232, draw), TEAL)
    return Picture("圆点 Dots", image, 28, 600, opacity=64, blend=BlendMode.MULTIPLY)
