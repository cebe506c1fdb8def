"""How the texts of a column are read."""

from enum import StrEnum

import msgspec

from features.data_import.utils.types import ColumnType

MAX_DIGITS = 38
# A target's numbers are given at this scale, whatever its own: the caller can then tell
# a float's noise from decimals that were meant.
DECLARED_SCALE = 18


class Mark(StrEnum):
    """Which character stands before the decimals.

    UNSEEN: no text has a mark, and none with one fits. MIXED: the column has both, or
    it cannot be told; only texts that can be read in one way fit.
    """

    UNSEEN = ""
    MIXED = "?"
    POINT = "."
    COMMA = ","


class Order(StrEnum):
    """How numeric dates are read; UNSEEN and MIXED as for Mark."""

    UNSEEN = ""
    MIXED = "?"
    YMD = "YMD"
    DMY = "DMY"
    MDY = "MDY"


class Reading(msgspec.Struct, frozen=True):
    """How the texts of one column become values of its type.

    `declared` columns are a target's: their type is given, and each text is read as
    generously as one sense of it allows. All other columns are read strictly: what the
    profile did not see does not fit. `empty`: the profile saw no text at all, so none
    fits. `scale` is the decimals of DECIMAL, `sign` the currency sign that may stand at
    a number, `percent` whether numbers are percentages, `aware` whether timestamps have
    offsets (declared: naive ones are read in the options' zone).
    """

    type: ColumnType
    declared: bool = False
    empty: bool = False
    mark: Mark = Mark.UNSEEN
    scale: int = 0
    sign: str = ""
    percent: bool = False
    order: Order = Order.UNSEEN
    aware: bool = False
