"""What a file's own columns told of how to read it, kept with its rejected rows.

A report has a part of the rows, and what is told by the others would be lost: whether
1.234 is a thousand, whether 3/4 is in April. So each of its reasons ends with it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from features.data_import.exceptions import of_several_files
from features.data_import.utils.read_options import is_zone
from features.data_import.utils.types import DateOrder, ReadOptions
from features.data_import.utils.values import Reading
from features.data_import.utils.values.reading import Mark, Order

_NOTE: Final = re.compile(r"\[read as (\{.*\})\]\s*$", re.DOTALL)


class Conventions(msgspec.Struct, frozen=True, omit_defaults=True):
    """Decimal marks and orders of dates by heading, and what the caller said."""

    decimals: dict[str, Mark] = {}
    dates: dict[str, DateOrder] = {}
    time_zone: str = ReadOptions().time_zone
    null_values: tuple[str, ...] = ()

    def options(self, asked: ReadOptions) -> ReadOptions:
        """Return options with these where the caller has not said otherwise."""
        is_told = asked.time_zone != ReadOptions().time_zone
        return msgspec.structs.replace(
            asked,
            time_zone=asked.time_zone if is_told else self.time_zone,
            null_values=asked.null_values or self.null_values,
        )


def conventions_of(
    readings: Mapping[str, Reading], options: ReadOptions
) -> Conventions:
    """Return how columns, by heading, were read."""
    return Conventions(
        {
            heading: reading.mark
            for heading, reading in readings.items()
            if reading.mark in (Mark.POINT, Mark.COMMA)
        },
        {
            heading: DateOrder(reading.order)
            for heading, reading in readings.items()
            if reading.order in (Order.YMD, Order.DMY, Order.MDY)
        },
        options.time_zone,
        options.null_values,
    )


def noted(conventions: Conventions) -> str:
    """Return the end of a reason, "" where there is nothing to say."""
    if conventions == Conventions():
        return ""
    return f" [read as {msgspec.json.encode(conventions).decode()}]"


def found(reasons: Iterable[str]) -> Conventions:
    """Return what the reasons say that say anything.

    ImportFileError INVALID where they say different things: rows of several files would
    be read by the conventions of one.
    """
    notes = [_NOTE.search(text) for text in reasons]
    told = list(_valid({note[1] for note in notes if note}))
    if len(told) > 1:
        raise of_several_files()
    return told[0] if told else Conventions()


def _valid(notes: Iterable[str]) -> Iterator[Conventions]:
    """Yield what can be read of notes, which people may have edited."""
    for note in notes:
        try:
            told = msgspec.json.decode(note, type=Conventions)
        except (msgspec.MsgspecError, RecursionError):
            continue
        if is_zone(told.time_zone):
            yield told
