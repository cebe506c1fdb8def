"""The product: a pair of headphones, drawn in parts as a designer would."""

from PIL import Image
from psd_tools.constants import BlendMode

from workers.demo.design import Folder, Layer, Picture
from workers.demo.page.colors import BLACK, CORAL, DEEP_CORAL, WHITE
from workers.demo.shapes import Pen, blurred, mask, ramp, tint

_SLATE = (74, 86, 114)
_DARK_SLATE = (34, 40, 58)
_BAND = 470
_CUP_WIDTH, _CUP_HEIGHT = 128, 214


def headphones(x: int, y: int) -> Layer:
    """Make the group 耳机 around a point: the middle of the band's circle."""
    return Folder(
        "耳机 Headphones",
        [
            _band(x, y),
            _cup("左耳 Left cup", x - 222, y + 92, facing=1),
            _cup("右耳 Right cup", x + 222, y + 92, facing=-1),
        ],
        blend=BlendMode.NORMAL,
    )


def _band(x: int, y: int) -> Layer:
    middle = _BAND / 2
    left, top = x - _BAND // 2, y - _BAND // 2

    def ring(radius: float, width: float, start: float, end: float) -> Image.Image:
        return mask(
            _BAND,
            _BAND // 2 + 30,
            lambda pen: pen.arc(middle, middle, radius, width, start, end),
        )

    light = blurred(ring(226, 8, 205, 300), 4)
    return Folder(
        "头梁 Band",
        [
            Picture(
                "内衬 Cushion",
                tint(ring(206, 16, 200, 340), CORAL, DEEP_CORAL),
                left,
                top,
            ),
            Picture(
                "外圈 Frame",
                tint(ring(234, 32, 176, 364), _SLATE, _DARK_SLATE),
                left,
                top,
            ),
            Picture(
                "高光 Light",
                tint(light, WHITE),
                left,
                top,
                clipped=True,
                opacity=190,
                blend=BlendMode.SCREEN,
            ),
        ],
    )


def _cup(name: str, x: int, y: int, *, facing: int) -> Layer:
    """Make one side; `facing` is 1 where the head is to the right, else -1."""
    wide, tall = _CUP_WIDTH, _CUP_HEIGHT
    left, top = x - wide // 2, y - tall // 2
    shell = mask(wide, tall, lambda pen: pen.round_box(0, 0, wide - 1, tall - 1, 62))
    pad = mask(66, 190, lambda pen: pen.round_box(0, 0, 65, 189, 31))
    inner = left + wide - 40 if facing > 0 else left - 26
    shade = tint(Image.new("L", (wide, tall), 255), BLACK)
    return Folder(
        name,
        [
            Picture("耳垫 Pad", tint(pad, CORAL, DEEP_CORAL), inner, top + 12),
            Picture("外壳 Shell", tint(shell, _SLATE, _DARK_SLATE), left, top),
            Picture(
                "暗部 Shade",
                shade,
                left,
                top,
                clipped=True,
                opacity=150,
                blend=BlendMode.MULTIPLY,
                mask=ramp(wide, tall, 0, 220, 30 if facing > 0 else 150),
            ),
            _ring(left + wide // 2, top + tall // 2),
            _glint(left, top, facing),
        ],
    )


def _ring(x: int, y: int) -> Layer:
    def draw(pen: Pen) -> None:
        pen.arc(40, 40, 38, 4, 0, 360)
        pen.disc(40, 40, 9)
        pen.disc(40, 40, 5, ink=0)

    image = tint(mask(80, 80, draw), (236, 214, 190), (186, 150, 122))
    return Picture("金属环 Ring", image, x - 40, y - 40)


def _glint(left: int, top: int, facing: int) -> Layer:
    x = 26 if facing > 0 else _CUP_WIDTH - 26
    light = mask(
        _CUP_WIDTH, 90, lambda pen: pen.line([(x, 66), (x + 4 * facing, 44)], 9)
    )
    image = tint(blurred(light, 3), WHITE)
    return Picture(
        "反光 Glint", image, left, top, opacity=150, blend=BlendMode.LINEAR_DODGE
    )
