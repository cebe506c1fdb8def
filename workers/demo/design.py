"""What a design is made of, before it is written as a PSD or flattened to a picture."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from PIL import Image
from psd_tools.constants import BlendMode

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Run:
    """Text in one style; `size` in points, which are pixels at 72 dpi."""

    text: str
    size: float
    color: Color
    font: str
    bold: bool = False
    strikethrough: bool = False


@dataclass(frozen=True)
class Shadow:
    """A drop shadow, the light right above it; lengths in pixels, `opacity` 0 to 1."""

    opacity: float
    distance: int
    blur: int
    color: Color = (40, 34, 48)


@dataclass(frozen=True)
class Outline:
    """A stroke on the outside of a layer."""

    width: int
    color: Color


@dataclass(frozen=True)
class Brightness:
    """An adjustment of all that lies below: -150 to 150, and -50 to 100."""

    brightness: int
    contrast: int


@dataclass
class Layer:
    """Anything with a name and an eye in the layers panel."""

    name: str
    visible: bool = field(default=True, kw_only=True)
    opacity: int = field(default=255, kw_only=True)
    blend: BlendMode = field(default=BlendMode.NORMAL, kw_only=True)
    clipped: bool = field(default=False, kw_only=True)
    mask: Image.Image | None = field(default=None, kw_only=True)


@dataclass
class Picture(Layer):
    """Pixels (RGBA) at a place; with `runs`, the drawing of a text layer."""

    image: Image.Image
    left: int
    top: int
    runs: tuple[Run, ...] = ()
    baseline: int = 0
    shadow: Shadow | None = None
    outline: Outline | None = None

    @property
    def text(self) -> str:
        """What the text layer says, lines parted as Photoshop does."""
        return "".join(run.text for run in self.runs)


@dataclass
class Fill(Layer):
    """One colour over the whole canvas."""

    color: Color


@dataclass
class Adjustment(Layer):
    """A correction of all that lies below; no pixels of its own."""

    settings: Brightness


@dataclass
class Folder(Layer):
    """A group: its layers from the bottom up. Pass through unless said otherwise."""

    children: list[Layer]
    blend: BlendMode = field(default=BlendMode.PASS_THROUGH, kw_only=True)


@dataclass(frozen=True)
class Design:
    """A canvas in pixels, and its layers from the bottom up."""

    width: int
    height: int
    layers: list[Layer]

    def walk(self) -> Iterator[tuple[int, Layer]]:
        """Yield each layer with its depth, bottom first, a group before its layers."""
        stack: list[tuple[int, Layer]] = [(0, layer) for layer in self.layers[::-1]]
        while stack:
            depth, layer = stack.pop()
            yield depth, layer
            if isinstance(layer, Folder):
                stack.extend((depth + 1, child) for child in layer.children[::-1])
