"""Tables that Hypothesis makes, how they are written, and what is to become of them."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import openpyxl
import xlsxwriter
from hypothesis import strategies as st

ORDER_HEADINGS: Final = (
    "order number",
    "sku",
    "quantity",
    "unit price",
    "paid at",
    "city",
)
_MOMENT: Final = "2026-01-31 10:20:30"
_GOOD: Final = {"quantity": "7", "unit price": "1.25", "paid at": _MOMENT}
_BAD: Final = {
    "quantity": {"many": "NOT_A_NUMBER", "1.5": "NOT_A_NUMBER"},
    "unit price": {"free": "NOT_A_NUMBER", "-1.00": "OUT_OF_RANGE"},
    "paid at": {"soon": "NOT_A_DATE"},
}
_CITIES: Final = (
    *("Köln", 'the "old" town, north', "=1+1", "a;b|c\td", "two\nlines", "-", "'tis"),
)


class Form(NamedTuple):
    """How a table is written. No delimiter: as xlsx."""

    delimiter: str | None = ","
    encoding: str = "utf-8"
    end: str = "\r\n"
    quoting: int = csv.QUOTE_MINIMAL

    @property
    def suffix(self) -> str:
        """What the file's name ends with."""
        return ".csv" if self.delimiter else ".xlsx"

    @property
    def read(self) -> dict[str, Any]:
        """The options without which a file cannot be told from others."""
        is_told = self.delimiter is None or self.encoding.startswith("utf-")
        return {} if is_told else {"encoding": self.encoding}


FORMS: Final = st.one_of(
    st.builds(
        Form,
        st.sampled_from((",", ";", "\t", "|")),
        st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "gb18030", "cp1252")),
        st.sampled_from(("\n", "\r\n")),
        st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    ),
    st.just(Form(None)),
)


def write_table(path: Path, form: Form, rows: Sequence[Sequence[str]]) -> None:
    """Write headings and rows."""
    if form.delimiter is None:
        with xlsxwriter.Workbook(path, {"strings_to_formulas": False}) as book:
            sheet = book.add_worksheet()
            for at, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(at, column, cell)
        return
    with path.open("w", encoding=form.encoding, newline="") as file:
        csv.writer(
            file,
            delimiter=form.delimiter,
            lineterminator=form.end,
            quoting=form.quoting,  # type: ignore[arg-type]
        ).writerows(rows)


def read_table(data: bytes, form: Form) -> list[list[str]]:
    """Read headings and rows of what was written in a form, or of a report of it."""
    if form.delimiter is None:
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        assert sheet is not None
        rows = sheet.iter_rows(values_only=True)
        return [["" if cell is None else str(cell) for cell in row] for row in rows]
    if data.startswith(b"\xff\xfe"):
        text = data.decode("utf-16")
    elif data.startswith(b"\xef\xbb\xbf") or form.encoding == "utf-8":
        text = data.decode("utf-8-sig")
    else:
        text = data.decode(form.encoding)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.delimiter)
    return list(reader)


@st.composite
def orders(draw: st.DrawFn) -> list[list[str]]:
    """Draw rows of orders, some of them bad; no row is empty."""
    rows = []
    for at in range(draw(st.integers(1, 12))):
        number = draw(st.sampled_from((f"N{at}", f"N{at}", f"N{at}", "N0", "")))
        sku = draw(st.sampled_from(("", "S1")))
        others = [
            draw(st.sampled_from(("", _GOOD[name], _GOOD[name], *_BAD[name])))
            for name in ORDER_HEADINGS[2:5]
        ]
        rows.append([number, sku, *others, draw(st.sampled_from(_CITIES))])
    return rows


class Outcome(NamedTuple):
    """The rows that are stored, as the table has them, and each error's row and code."""

    stored: list[tuple[Any, ...]]
    errors: list[tuple[int, str]]

    @property
    def rejected(self) -> int:
        """How many rows are not stored."""
        return len({row for row, _ in self.errors})


def outcome_of(rows: Sequence[Sequence[str]]) -> Outcome:
    """Tell what an import of orders is to do, by the target's rules."""
    stored, errors, keys = [], [], set()
    for at, row in enumerate(rows, 2):
        found = _errors(row)
        key = row[0], row[1]
        if not found and key in keys:
            found = ["DUPLICATE_KEY"]
        errors += [(at, code) for code in found]
        if not found:
            keys.add(key)
            stored.append(stored_order(row))
    return Outcome(stored, errors)


def _errors(row: Sequence[str]) -> list[str]:
    found = [] if row[0] else ["REQUIRED"]
    for name, cell in zip(ORDER_HEADINGS[2:5], row[2:5], strict=True):
        if cell in _BAD[name]:
            found.append(_BAD[name][cell])
    return found


def stored_order(row: Sequence[str]) -> tuple[Any, ...]:
    """Return a good row as the table `orders` has it."""
    number, sku, quantity, price, paid, city = row
    moment = datetime.fromisoformat(paid).replace(tzinfo=UTC) if paid else None
    return (
        number,
        sku,
        int(quantity) if quantity else None,
        Decimal(price) if price else None,
        moment,
        None if city == "-" else city,
    )


def mended(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Mend a report's rows: every value that is bad, and every number, made anew."""
    done = []
    for at, row in enumerate(rows):
        cells = list(row)
        cells[0] = f"mended {at}"
        for place, name in enumerate(ORDER_HEADINGS[2:5], 2):
            if cells[place].removeprefix("'") in _BAD[name]:
                cells[place] = _GOOD[name]
        done.append(cells)
    return done


type Column = tuple[str, list[Any]]


@st.composite
def columns(draw: st.DrawFn) -> list[Column]:
    """Draw columns of one length, each of one type with a value in its first row.

    The first has one in each row: an empty row is none.
    """
    count = draw(st.integers(1, 15))
    numbers: Column = ("INTEGER", [*range(count)])
    return [numbers] + [
        (kind, _filled(draw, values, count))
        for kind, values in draw(
            st.lists(st.sampled_from(_COLUMNS), min_size=1, max_size=6)
        )
    ]


def _filled(draw: st.DrawFn, values: st.SearchStrategy[Any], count: int) -> list[Any]:
    rest = st.lists(st.none() | values, min_size=count - 1, max_size=count - 1)
    return [draw(values), *draw(rest)]


_COLUMNS: Final[tuple[tuple[str, st.SearchStrategy[Any]], ...]] = (
    ("INTEGER", st.integers(-(2**53), 2**53)),
    ("DECIMAL", st.integers(-(10**9), 10**9).map(lambda n: Decimal(n * 2 + 1) / 1000)),
    ("DATE", st.dates(date(1901, 1, 1), date(2100, 1, 1))),
    ("BOOLEAN", st.booleans()),
    ("TEXT", st.sampled_from(_CITIES).map(lambda text: f"t {text}")),
)


def written(value: Any) -> str:
    """Return a value as a file has it."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
