"""Reading Photoshop files: pure functions that know no database and no broker."""

from features.psd.utils.engine import ENGINE_VERSION, parse
from features.psd.utils.types import (
    Document,
    Effect,
    EmbeddedExported,
    FlattenedExported,
    ImageDepth,
    Layer,
    LayerDamaged,
    LayerExported,
    Limits,
    Message,
    Picture,
    Structure,
    Text,
    TextParagraph,
    TextRun,
)

__all__ = [
    "ENGINE_VERSION",
    "Document",
    "Effect",
    "EmbeddedExported",
    "FlattenedExported",
    "ImageDepth",
    "Layer",
    "LayerDamaged",
    "LayerExported",
    "Limits",
    "Message",
    "Picture",
    "Structure",
    "Text",
    "TextParagraph",
    "TextRun",
    "parse",
]
