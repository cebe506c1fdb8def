"""Types of columns told from their texts, and texts made values of these types.

A caller makes a TableProfile, shows it rows (`update`), and gets a Reading for each
column. `converted` is the column's values under its reading, null where a text does not
fit; `misfits` tells those apart from what is empty, `message` why one does not fit.
"""

from features.data_import.utils.values.conversion import converted, emptied, misfits
from features.data_import.utils.values.messages import message, messages, misfit_kind
from features.data_import.utils.values.profile import TableProfile
from features.data_import.utils.values.reading import (
    DECLARED_SCALE,
    MAX_DIGITS,
    Reading,
)

__all__ = [
    "DECLARED_SCALE",
    "MAX_DIGITS",
    "Reading",
    "TableProfile",
    "converted",
    "emptied",
    "message",
    "messages",
    "misfit_kind",
    "misfits",
]
