"""The offer: price, colours to choose from, and the button."""

from psd_tools.constants import BlendMode

from workers.demo.design import Color, Folder, Layer, Outline, Picture, Shadow
from workers.demo.lettering import run, words
from workers.demo.page.colors import (
    CORAL,
    CREAM,
    DEEP_CORAL,
    INK,
    SOFT_INK,
    TEAL,
    WALNUT,
    WHITE,
)
from workers.demo.shapes import Pen, mask, ramp, star, tint

_LEFT, _TOP, _WIDTH, _HEIGHT = 84, 1150, 1032, 250


def offer() -> Layer:
    """Make the group 价格."""
    panel = mask(
        _WIDTH, _HEIGHT, lambda pen: pen.round_box(0, 0, _WIDTH - 1, _HEIGHT - 1, 40)
    )
    return Folder(
        "价格 Offer",
        [
            Picture(
                "底板 Panel",
                tint(panel, WHITE),
                _LEFT,
                _TOP,
                shadow=Shadow(0.22, 14, 40),
            ),
            Folder("金额 Price", _price()),
            Folder("颜色 Colours", _colors()),
            Folder("按钮 Button", _button()),
            Folder("半价 Badge", _badge()),
        ],
    )


def _price() -> list[Layer]:
    return [
        words(
            "1,299 元",
            _LEFT + 44,
            _TOP + 118,
            run("1,299", 84, DEEP_CORAL, bold=True),
            run(" 元", 36, DEEP_CORAL, bold=True),
        ),
        words(
            "原价 Was",
            _LEFT + 48,
            _TOP + 170,
            run("2,598 元", 26, SOFT_INK, struck=True),
        ),
        words(
            "包邮 Shipping",
            _LEFT + 48,
            _TOP + 212,
            run("Free shipping, here by ", 20, SOFT_INK),
            run("三天", 20, INK),
        ),
    ]


def _colors() -> list[Layer]:
    swatches: list[tuple[str, str, Color]] = [
        ("米白", "Cream", CREAM),
        ("天青", "Sky", TEAL),
        ("木", "Walnut", WALNUT),
    ]
    layers: list[Layer] = []
    for place, (chinese, english, color) in enumerate(swatches):
        x, y = _LEFT + 426 + place * 104, _TOP + 92
        disc = mask(64, 64, lambda pen: pen.disc(32, 32, 31))
        chosen = Outline(4, CORAL) if place == 1 else None
        layers += [
            Picture(
                f"{chinese} {english}",
                tint(disc, color),
                x - 32,
                y - 32,
                outline=chosen,
            ),
            words(
                f"{chinese} {english}",
                x,
                y + 66,
                run(chinese, 18, INK),
                run(f" {english}", 16, SOFT_INK),
                align="center",
            ),
        ]
    return layers


def _button() -> list[Layer]:
    left, top, wide, tall = _LEFT + 736, _TOP + 110, 256, 84
    shape = mask(wide, tall, lambda pen: pen.round_box(0, 0, wide - 1, tall - 1, 42))
    return [
        Picture(
            "按钮底 Button",
            tint(shape, CORAL, DEEP_CORAL),
            left,
            top,
            shadow=Shadow(0.45, 8, 20, DEEP_CORAL),
        ),
        Picture(
            "光泽 Gloss",
            tint(
                mask(wide, tall, lambda pen: pen.oval(-40, -60, wide + 40, 38)), WHITE
            ),
            left,
            top,
            clipped=True,
            opacity=70,
            blend=BlendMode.SCREEN,
        ),
        words(
            "下单 Buy now",
            left + wide // 2,
            top + 53,
            run("下单 ", 29, WHITE, bold=True),
            run("Buy now", 27, WHITE, bold=True),
            align="center",
        ),
    ]


def _badge() -> list[Layer]:
    side = 150
    left, top = _LEFT + _WIDTH - 136, _TOP - 66

    def burst(pen: Pen) -> None:
        pen.polygon(star(side / 2, side / 2, 74, 64, 18))

    return [
        Picture(
            "爆炸贴 Burst",
            tint(mask(side, side, burst), (255, 206, 92), (246, 168, 60)),
            left,
            top,
            shadow=Shadow(0.3, 6, 14),
        ),
        Picture(
            "贴纸光 Sheen",
            tint(mask(side, side, lambda pen: pen.disc(50, 30, 70)), WHITE),
            left,
            top,
            clipped=True,
            opacity=110,
            blend=BlendMode.SOFT_LIGHT,
            mask=ramp(side, side, 255, 40, 60),
        ),
        words(
            "半价",
            left + side // 2,
            top + 78,
            run("半价", 44, INK, bold=True),
            align="center",
        ),
        words(
            "-50%",
            left + side // 2,
            top + 108,
            run("-50%", 24, INK, bold=True),
            align="center",
        ),
    ]
