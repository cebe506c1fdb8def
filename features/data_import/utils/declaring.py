"""How a target declares its table: what each column holds, and what is let in."""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from features.data_import.utils.types import ColumnType


class TargetColumn(NamedTuple):
    """A column of a target's table, and the rules for what may be in it.

    Its SQL type is text, bigint, numeric, boolean, date or timestamptz, by `type`. A
    `key` column is TEXT and NOT NULL: what is absent is the empty text there.

    `aliases` are headings that are mapped to it on their own. `pattern` is a regular
    expression for the whole value, and `example` one that it lets in. `scale` is how
    many decimals are kept. `null_values` are texts that exports write for nothing.
    `upper`: letters are made capitals before they are checked. `identifier`: a number
    that a spreadsheet has shortened (6.95E+18) is no value.
    """

    name: str
    title: str
    type: ColumnType
    required: bool = False
    key: bool = False
    aliases: tuple[str, ...] = ()
    pattern: str | None = None
    example: str | None = None
    choices: tuple[str, ...] = ()
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    max_length: int | None = None
    scale: int | None = None
    null_values: tuple[str, ...] = ()
    upper: bool = False
    identifier: bool = False


class Target(NamedTuple):
    """A table that files can be imported into, together with its key."""

    name: str
    title: str
    table: str
    columns: tuple[TargetColumn, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The names of the columns that tell one row from another, in order."""
        return tuple(column.name for column in self.columns if column.key)

    def column(self, name: str) -> TargetColumn | None:
        """Return the column of that name; None where there is none."""
        return next((column for column in self.columns if column.name == name), None)

    def pick(self, names: Sequence[str]) -> list[TargetColumn]:
        """Return the columns of these names, in the order of the names."""
        columns = {column.name: column for column in self.columns}
        return [columns[name] for name in names]


def names(*lines: str) -> tuple[str, ...]:
    """Return the names that stand between the lines' bars: ``"qty | units"``."""
    return tuple(name.strip() for line in lines for name in line.split("|"))
