"""The bar at the top: brand, menu and basket."""

from workers.demo.design import Folder, Layer, Picture, Shadow
from workers.demo.lettering import run, words
from workers.demo.page.colors import CORAL, DEEP_CORAL, INK, SOFT_INK, WHITE
from workers.demo.shapes import Pen, mask, tint


def header() -> Layer:
    """Make the group 顶部."""
    bar = mask(1080, 84, lambda pen: pen.round_box(0, 0, 1079.5, 83.5, 42))
    return Folder(
        "顶部 Header",
        [
            Picture(
                "导航底 Bar",
                tint(bar, WHITE),
                60,
                40,
                opacity=224,
                shadow=Shadow(0.16, 8, 24),
            ),
            Folder("品牌 Brand", [_mark(), _brand()]),
            Folder("菜单 Menu", _menu()),
            _basket(),
        ],
    )


def _mark() -> Layer:
    def draw(pen: Pen) -> None:
        pen.disc(24, 24, 24)
        for x, tall in ((14, 8), (21, 18), (28, 12), (35, 6)):
            pen.disc(x, 24 - tall, 2, ink=0)
            pen.disc(x, 24 + tall, 2, ink=0)
            for y in range(-tall, tall + 1, 1):
                pen.disc(x, 24 + y, 2, ink=0)

    return Picture("标志 Mark", tint(mask(48, 48, draw), CORAL, DEEP_CORAL), 84, 58)


def _brand() -> Layer:
    return words(
        "云音 Cloud Audio",
        146,
        93,
        run("云音 ", 32, INK, bold=True),
        run("Cloud Audio", 24, SOFT_INK),
    )


def _menu() -> list[Layer]:
    entries = [("Headphones", 700), ("Speakers", 850), ("Stories", 972)]
    return [
        words(name, x, 90, run(name, 22, INK if x == 700 else SOFT_INK), align="center")
        for name, x in entries
    ]


def _basket() -> Layer:
    def draw(pen: Pen) -> None:
        pen.line([(4, 6), (11, 6), (17, 28), (36, 28), (41, 12), (13, 12)], 3.2)
        pen.disc(19, 37, 3.6)
        pen.disc(34, 37, 3.6)

    return Picture("购物车 Basket", tint(mask(46, 44, draw), INK), 1060, 60)
