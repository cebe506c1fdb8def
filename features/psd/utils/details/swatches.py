"""The colours that a document uses."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from features.psd.utils.types import Layer, Swatch


def swatches_of(layers: Sequence[Layer]) -> list[Swatch]:
    """Return the colours of texts, fills, lines, artboards and effects, most used first.

    Effects that are switched off do not count, nor does how opaque a colour is.
    """
    found: Counter[str] = Counter()
    for layer in layers:
        found.update({color[:7] for color in _colors(layer)})
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [Swatch(color, count) for color, count in ordered]


def _colors(layer: Layer) -> Iterator[str]:
    for run in layer.text.runs if layer.text else ():
        if run.color:
            yield run.color
    if layer.artboard and layer.artboard.background:
        yield layer.artboard.background
    for effect in layer.effects:
        if effect.enabled:
            yield from _in_settings(effect.settings)
    yield from _in_settings([layer.fill, layer.line])


def _in_settings(value: Any, name: str = "") -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield from _in_settings(inner, key)
        case list():
            for inner in value:
                yield from _in_settings(inner, name)
        case str() if name.lower().endswith("color"):
            yield value
