"""The last line of the page, and what its designer keeps out of sight."""

from workers.demo.design import Folder, Layer, Picture
from workers.demo.lettering import run, words
from workers.demo.page.colors import CORAL, INK, SOFT_INK
from workers.demo.shapes import Pen, mask, tint


def footer() -> Layer:
    """Make the group 页脚."""
    promises = [("正品", "Genuine"), ("七天", "Returns"), ("三年", "Warranty")]
    texts = [
        words(
            f"{chinese} {english}",
            268 + place * 332,
            1500,
            run(f"{chinese} ", 26, INK, bold=True),
            run(english, 22, SOFT_INK),
            align="center",
        )
        for place, (chinese, english) in enumerate(promises)
    ]
    return Folder("页脚 Footer", [*texts, _rules()])


def drafts() -> Layer:
    """Make the hidden group 草稿."""

    def grid(pen: Pen) -> None:
        for x in range(84, 1200, 129):
            pen.box(x, 0, x + 1, 1600)

    return Folder(
        "草稿 Drafts（不导出）",
        [
            Picture(
                "参考线 Grid", tint(mask(1200, 1600, grid), CORAL), 0, 0, opacity=90
            ),
            words(
                "旧标题 Old title",
                84,
                880,
                run("听见山川湖海\r", 60, INK),
                run("Hear the mountains", 30, INK),
                visible=False,
            ),
        ],
        visible=False,
    )


def _rules() -> Layer:
    def draw(pen: Pen) -> None:
        pen.box(0, 0, 2, 30)
        pen.box(332, 0, 334, 30)

    return Picture(
        "分隔线 Rules", tint(mask(336, 30, draw), SOFT_INK), 432, 1477, opacity=110
    )
