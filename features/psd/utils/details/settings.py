"""Settings of effects and fills: from descriptors to JSON values."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from features.psd.utils.details.colors import descriptor_color
from features.psd.utils.details.descriptor import Descriptor

# How one value is read: from the descriptor it is in, under its key there.
type Reader = Callable[[Descriptor, str], Any]
type Table = dict[str, tuple[str, Reader]]

_LOCATIONS: Final = 4096
_BLEND_MODES: Final = {
    "Nrml": "normal",
    "Dslv": "dissolve",
    "Drkn": "darken",
    "Mltp": "multiply",
    "CBrn": "color burn",
    "Lghn": "lighten",
    "Scrn": "screen",
    "CDdg": "color dodge",
    "Ovrl": "overlay",
    "SftL": "soft light",
    "HrdL": "hard light",
    "Dfrn": "difference",
    "Xclu": "exclusion",
    "Sbtr": "subtract",
    "blendSubtraction": "subtract",
    "blendDivide": "divide",
    "H": "hue",
    "Strt": "saturation",
    "Clr": "color",
    "Lmns": "luminosity",
}
_GRADIENT_STYLES: Final = {
    "Lnr": "linear",
    "Rdl": "radial",
    "Angl": "angle",
    "Rflc": "reflected",
    "Dmnd": "diamond",
    "shapeburst": "shape burst",
}
_STOP_COLORS: Final = {"FrgC": "foreground", "BckC": "background"}


def read_settings(descriptor: Descriptor, table: Table) -> dict[str, Any]:
    """Return what a descriptor says of a table's settings; the rest is left out."""
    found = {name: read(descriptor, key) for name, (key, read) in table.items()}
    return {name: value for name, value in found.items() if value is not None}


def color(descriptor: Descriptor, key: str) -> str | None:
    """Read a colour: ``#rrggbb``."""
    return descriptor_color(descriptor.inner(key))


def word(words: Mapping[str, str]) -> Reader:
    """Return a reader of an enumeration with these words; others stay as they are."""

    def read(descriptor: Descriptor, key: str) -> str | None:
        code = descriptor.words(key)
        return words.get(code, spaced(code)) if code else None

    return read


def spaced(code: str) -> str:
    """Part a code's words: ``linearDodge`` is ``linear dodge``."""
    return "".join(f" {one.lower()}" if one.isupper() else one for one in code).strip()


def point(descriptor: Descriptor, key: str) -> dict[str, float] | None:
    """Read a point: x and y."""
    x, y = (descriptor.inner(key).number(axis) for axis in ("Hrzn", "Vrtc"))
    return {"x": x, "y": y} if x is not None and y is not None else None


def title(descriptor: Descriptor, key: str) -> str | None:
    """Read a name; of one that Photoshop would translate, what it says in English."""
    told = descriptor.words(key)
    return told.partition("=")[2] if told and told.startswith("$$$/") else told


def name(descriptor: Descriptor, key: str) -> str | None:
    """Read what a contour is called."""
    return title(descriptor.inner(key), "Nm")


def pattern(descriptor: Descriptor, key: str) -> dict[str, str] | None:
    """Read a pattern's name and id."""
    inner = descriptor.inner(key)
    found = {"name": title(inner, "Nm"), "id": inner.words("Idnt")}
    return {key: value for key, value in found.items() if value is not None} or None


def gradient(descriptor: Descriptor, key: str) -> dict[str, Any] | None:
    """Read a gradient: its name and its stops, or what a noise gradient is made of.

    Locations and midpoints are 0 to 1, opacities percent.
    """
    inner = descriptor.inner(key)
    if not inner:
        return None
    if inner.words("GrdF") == "ClNs":
        return {"kind": "noise"} | read_settings(inner, _NOISE)
    return {
        "kind": "solid",
        **read_settings(inner, {"name": ("Nm", title)}),
        "smoothness": (inner.number("Intr") or 0.0) / _LOCATIONS,
        "colorStops": [_stop(stop, _COLOR_STOP) for stop in inner.inners("Clrs")],
        "opacityStops": [_stop(stop, _OPACITY_STOP) for stop in inner.inners("Trns")],
    }


def _stop(stop: Descriptor, table: Table) -> dict[str, Any]:
    return {
        "location": (stop.number("Lctn") or 0.0) / _LOCATIONS,
        "midpoint": (stop.number("Mdpn") or 0.0) / 100,
        **read_settings(stop, table),
    }


def _stop_source(stop: Descriptor, key: str) -> str | None:
    return _STOP_COLORS.get(stop.words(key) or "")


blend_mode: Final = word(_BLEND_MODES)
number: Final = Descriptor.number
flag: Final = Descriptor.flag

_COLOR_STOP: Final[Table] = {
    "color": ("Clr", color),
    "source": ("Type", _stop_source),
}
_OPACITY_STOP: Final[Table] = {"opacity": ("Opct", number)}
_NOISE: Final[Table] = {
    "name": ("Nm", title),
    "colorModel": ("ClrS", word({"RGBC": "rgb", "HSBl": "hsb", "LbCl": "lab"})),
    "seed": ("RndS", number),
    "roughness": ("Smth", number),
    "minimum": ("Mnm", Descriptor.numbers),
    "maximum": ("Mxm", Descriptor.numbers),
}
GRADIENT: Final[Table] = {
    "gradient": ("Grad", gradient),
    "style": ("Type", word(_GRADIENT_STYLES)),
    "angle": ("Angl", number),
    "scale": ("Scl", number),
    "reversed": ("Rvrs", flag),
    "dithered": ("Dthr", flag),
    "aligned": ("Algn", flag),
    "offset": ("Ofst", point),
}
PATTERN: Final[Table] = {
    "pattern": ("Ptrn", pattern),
    "angle": ("Angl", number),
    "scale": ("Scl", number),
    "linked": ("Lnkd", flag),
    "aligned": ("Algn", flag),
    "phase": ("phase", point),
}
# What may fill a layer, a shape or a stroke.
PAINTS: Final[dict[str, Table]] = {
    "color": {"color": ("Clr", color)},
    "gradient": GRADIENT,
    "pattern": PATTERN,
}
