"""The stage: the product on its disc, and the title beside it."""

from psd_tools.constants import BlendMode

from workers.demo.design import Folder, Layer, Outline, Picture
from workers.demo.lettering import run, words
from workers.demo.page.colors import (
    BLACK,
    CORAL,
    INK,
    PALE_TEAL,
    SOFT_INK,
    TEAL,
    WHITE,
)
from workers.demo.page.headphones import headphones
from workers.demo.shapes import Pen, blurred, mask, radial, ramp, tint

_X, _Y, _RADIUS = 800, 520, 320


def hero() -> Layer:
    """Make the group 主视觉."""
    return Folder(
        "主视觉 Hero",
        [
            Folder("舞台 Stage", [*_disc(), _orbit(), _ground()]),
            headphones(_X, _Y - 30),
            Folder("标题 Title", _title()),
        ],
    )


def _disc() -> list[Layer]:
    side = 2 * _RADIUS
    left, top = _X - _RADIUS, _Y - _RADIUS
    disc = mask(side, side, lambda pen: pen.disc(_RADIUS, _RADIUS, _RADIUS - 1))

    def stripes(pen: Pen) -> None:
        for x in range(-side, side, 46):
            pen.line([(x, side), (x + side, 0)], 12)

    return [
        Picture("圆盘 Disc", tint(disc, PALE_TEAL, TEAL), left, top),
        Picture(
            "斜纹 Stripes",
            tint(mask(side, side, stripes), WHITE),
            left,
            top,
            clipped=True,
            opacity=72,
            blend=BlendMode.SOFT_LIGHT,
            mask=ramp(side, side, 255, 0, 90),
        ),
        Picture(
            "圆盘光 Disc light",
            tint(radial(420, 255), WHITE),
            left + 20,
            top + 10,
            clipped=True,
            opacity=120,
            blend=BlendMode.OVERLAY,
        ),
    ]


def _orbit() -> Layer:
    def draw(pen: Pen) -> None:
        pen.arc(360, 360, 356, 2, 0, 360)
        pen.disc(108, 108, 9)
        pen.disc(712, 330, 6)

    return Picture(
        "轨道 Orbit", tint(mask(720, 720, draw), TEAL), _X - 360, _Y - 360, opacity=128
    )


def _ground() -> Layer:
    oval = mask(560, 120, lambda pen: pen.oval(60, 40, 500, 80))
    return Picture(
        "投影 Ground shadow",
        tint(blurred(oval, 14), BLACK),
        _X - 280,
        _Y + 175,
        opacity=120,
        blend=BlendMode.MULTIPLY,
        mask=ramp(560, 120, 255, 120, 0),
    )


def _title() -> list[Layer]:
    pill = mask(240, 46, lambda pen: pen.round_box(0, 0, 239.5, 45.5, 23))
    return [
        Picture(
            "标签底 Tag",
            tint(pill, (255, 244, 238)),
            84,
            262,
            outline=Outline(2, CORAL),
        ),
        words(
            "本月上市 Out this month",
            204,
            293,
            run("本月上市 ", 19, CORAL, bold=True),
            run("Out this month", 18, CORAL),
            align="center",
        ),
        words("云上之音", 80, 428, run("云上之音", 98, INK, bold=True)),
        words(
            "The sound above the clouds",
            86,
            492,
            run("The sound above the clouds", 28, INK),
        ),
        words(
            "说明 Description",
            86,
            540,
            run("Wireless headphones that keep\rquiet for ", 22, SOFT_INK),
            run("forty hours", 22, CORAL, bold=True),
            run(".", 22, SOFT_INK),
        ),
    ]
