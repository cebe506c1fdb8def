"""Three cards: what the product is good at."""

from collections.abc import Callable

from workers.demo.design import Folder, Layer, Picture, Run, Shadow
from workers.demo.lettering import run, words
from workers.demo.page.colors import CORAL, INK, SOFT_INK, WHITE
from workers.demo.shapes import Pen, mask, tint

_WIDTH, _HEIGHT, _TOP = 328, 168, 924


def features() -> Layer:
    """Make the group 卖点."""
    battery = run("三天 ", 19, SOFT_INK), run("three days of music", 19, SOFT_INK)
    quiet = (run("noise left outside", 19, SOFT_INK),)
    light = run("light as a cloud ", 19, SOFT_INK), run("云", 19, SOFT_INK)
    return Folder(
        "卖点 Features",
        [
            _card("续航 Battery", 84, _battery, "40", " h", battery),
            _card("降噪 Silence", 436, _waves, "-38", " dB", quiet),
            _card("轻盈 Weight", 788, _feather, "212", " g", light),
        ],
    )


def _card(
    name: str,
    left: int,
    icon: Callable[[Pen], None],
    figure: str,
    unit: str,
    line: tuple[Run, ...],
) -> Layer:
    card = mask(
        _WIDTH, _HEIGHT, lambda pen: pen.round_box(0, 0, _WIDTH - 1, _HEIGHT - 1, 26)
    )
    return Folder(
        name,
        [
            Picture(
                "卡片 Card",
                tint(card, WHITE, (253, 249, 244)),
                left,
                _TOP,
                opacity=240,
                shadow=Shadow(0.18, 10, 26),
            ),
            Picture(
                "图标 Icon", tint(mask(64, 64, icon), CORAL), left + 240, _TOP + 28
            ),
            words(
                figure + unit,
                left + 30,
                _TOP + 86,
                run(figure, 54, INK, bold=True),
                run(unit, 28, INK),
            ),
            words("".join(piece.text for piece in line), left + 32, _TOP + 132, *line),
        ],
    )


def _battery(pen: Pen) -> None:
    pen.round_box(2, 16, 54, 48, 9)
    pen.round_box(56, 26, 62, 38, 3)
    for x in (12, 24, 36):
        for y in range(24, 41):
            pen.disc(x, y, 3, ink=0)


def _waves(pen: Pen) -> None:
    for x, tall in ((6, 6), (19, 18), (32, 27), (45, 18), (58, 6)):
        pen.line([(x, 32 - tall), (x, 32 + tall)], 6)


def _feather(pen: Pen) -> None:
    pen.disc(20, 38, 15)
    pen.disc(36, 28, 18)
    pen.disc(50, 40, 12)
    pen.round_box(14, 36, 54, 53, 8)
