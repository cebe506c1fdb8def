"""The sample page's colours."""

from typing import Final

from workers.demo.design import Color

INK: Final[Color] = (38, 44, 62)
SOFT_INK: Final[Color] = (112, 116, 132)
CORAL: Final[Color] = (238, 108, 84)
DEEP_CORAL: Final[Color] = (214, 78, 60)
TEAL: Final[Color] = (96, 168, 168)
PALE_TEAL: Final[Color] = (190, 224, 218)
CREAM: Final[Color] = (246, 236, 220)
WALNUT: Final[Color] = (150, 104, 72)
WHITE: Final[Color] = (255, 255, 255)
BLACK: Final[Color] = (0, 0, 0)
