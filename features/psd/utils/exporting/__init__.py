"""Exports: chosen layers, groups or the whole, drawn, scaled and encoded."""

from features.psd.utils.exporting.checks import MAX_LAYERS, check_options, check_sizes
from features.psd.utils.exporting.encoding import SUFFIXES
from features.psd.utils.exporting.exporting import export
from features.psd.utils.exporting.naming import file_names, safe_part
from features.psd.utils.exporting.types import (
    ArchiveExported,
    ExportMessage,
    Options,
    Order,
    PictureExported,
    Subject,
)

__all__ = [
    "MAX_LAYERS",
    "SUFFIXES",
    "ArchiveExported",
    "ExportMessage",
    "Options",
    "Order",
    "PictureExported",
    "Subject",
    "check_options",
    "check_sizes",
    "export",
    "file_names",
    "safe_part",
]
