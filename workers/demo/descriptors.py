"""Photoshop's descriptors for effects and fills."""

from psd_tools.psd.descriptor import (
    Bool,
    Descriptor,
    DescriptorBlock,
    DescriptorBlock2,
    Double,
    Enumerated,
    Integer,
    List,
    String,
    UnitFloat,
)
from psd_tools.terminology import Unit

from workers.demo.design import Brightness, Color, Outline, Shadow

Items = list[tuple[bytes, object]]


def effects(shadow: Shadow | None, outline: Outline | None) -> DescriptorBlock2:
    """Describe a layer's effects, for its tagged block ``lfx2``."""
    items: Items = [
        (b"Scl ", UnitFloat(100.0, Unit.Percent)),
        (b"masterFXSwitch", Bool(True)),
    ]
    if shadow:
        items.append((b"DrSh", _shadow(shadow)))
    if outline:
        items.append((b"FrFX", _outline(outline)))
    return filled(DescriptorBlock2(classID=b"null"), items)


def solid_color(color: Color) -> DescriptorBlock:
    """Describe a fill layer's colour, for its tagged block ``SoCo``."""
    items: Items = [(b"Clr ", _rgb(color))]
    return filled(DescriptorBlock(classID=b"null"), items)


def brightness_contrast(settings: Brightness) -> DescriptorBlock:
    """Describe a brightness/contrast layer, for its tagged block ``CgEd``."""
    items: Items = [
        (b"Vrsn", Integer(1)),
        (b"Brgh", Integer(settings.brightness)),
        (b"Cntr", Integer(settings.contrast)),
        (b"means", Integer(127)),
        (b"Lab ", Bool(False)),
        (b"useLegacy", Bool(False)),
        (b"Auto", Bool(False)),
    ]
    return filled(DescriptorBlock(classID=b"null"), items)


def filled[Block: Descriptor](block: Block, items: Items) -> Block:
    """Put items into a new descriptor and return it."""
    for key, value in items:
        block[key] = value
    return block


def descriptor(class_id: bytes, **items: object) -> Descriptor:
    """Make a descriptor; a key of fewer than four letters is filled with spaces."""
    pairs: Items = [(key.encode().ljust(4), value) for key, value in items.items()]
    return filled(Descriptor(classID=class_id), pairs)


def _shadow(shadow: Shadow) -> Descriptor:
    return descriptor(
        b"DrSh",
        **_head(b"Mltp", shadow.opacity, shadow.color),
        uglg=Bool(False),
        lagl=UnitFloat(90.0, Unit.Angle),
        Dstn=_pixels(shadow.distance),
        Ckmt=_pixels(0),
        blur=_pixels(shadow.blur),
        Nose=UnitFloat(0.0, Unit.Percent),
        AntA=Bool(False),
        TrnS=_linear_contour(),
        layerConceals=Bool(True),
    )


def _outline(outline: Outline) -> Descriptor:
    return descriptor(
        b"FrFX",
        Styl=Enumerated(b"FStl", b"OutF"),
        PntT=Enumerated(b"FrFl", b"SClr"),
        **_head(b"Nrml", 1.0, outline.color),
        Sz=_pixels(outline.width),
        overprint=Bool(False),
    )


def _head(mode: bytes, opacity: float, color: Color) -> dict[str, object]:
    return {
        "enab": Bool(True),
        "present": Bool(True),
        "showInDialog": Bool(True),
        "Md": Enumerated(b"BlnM", mode),
        "Clr": _rgb(color),
        "Opct": UnitFloat(opacity * 100, Unit.Percent),
    }


def _rgb(color: Color) -> Descriptor:
    red, green, blue = (Double(float(part)) for part in color)
    return descriptor(b"RGBC", Rd=red, Grn=green, Bl=blue)


def _linear_contour() -> Descriptor:
    points = [
        descriptor(b"CrPt", Hrzn=Double(value), Vrtc=Double(value))
        for value in (0.0, 255.0)
    ]
    curve = List()
    curve.extend(points)
    return descriptor(b"ShpC", Nm=String("Linear"), Crv=curve)


def _pixels(count: int) -> UnitFloat:
    return UnitFloat(float(count), Unit.Pixels)
