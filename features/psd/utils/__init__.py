"""Reading Photoshop files: pure functions that know no database and no broker."""

from features.psd.utils.engine import parse
from features.psd.utils.types import (
    Document,
    Effect,
    EmbeddedExported,
    FlattenedExported,
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
    "Document",
    "Effect",
    "EmbeddedExported",
    "FlattenedExported",
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
