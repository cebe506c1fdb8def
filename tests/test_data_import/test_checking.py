"""A target's rules, over whole batches: every error is told, once for each cell."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from features.data_import.targets import TARGETS
from features.data_import.utils import checking
from features.data_import.utils.checking import CheckedColumn, Checker, Outcome
from features.data_import.utils.declaring import TargetColumn
from features.data_import.utils.types import (
    Batch,
    ColumnType,
    ErrorKind,
    ReadOptions,
    RowError,
)
from features.data_import.utils.values import (
    Reading,
    TableProfile,
    message,
    messages,
)
from features.data_import.utils.values.reading import Mark, Order

_SIZE = TargetColumn("size", "Size", ColumnType.TEXT, choices=("S", "M"))
_ORDERS = TARGETS["orders"]


def _check(
    columns: Mapping[str, TargetColumn | None],
    rows: list[tuple[str | None, ...]],
    faults: tuple[RowError, ...] = (),
    options: ReadOptions = ReadOptions(),
    first: int = 2,
) -> Outcome:
    checked = [
        CheckedColumn(at, heading, rules.name if rules else f"c{at}", rules)
        for at, (heading, rules) in enumerate(columns.items(), 1)
    ]
    texts = {f"c{at}": pl.String() for at in range(1, len(columns) + 1)}
    frame = pl.DataFrame(rows, texts, orient="row").with_row_index("_row", first)
    profile = TableProfile(
        {
            column.source: column.rules.type if column.rules else None
            for column in checked
        },
        options,
    )
    profile.update(frame)
    checker = Checker(checked, profile.readings(), options)
    outcome = checker.check(Batch(frame, faults, 1.0))
    return outcome


def _column(name: str) -> TargetColumn:
    column = _ORDERS.column(name)
    assert column is not None
    return column


def _errors(outcome: Outcome) -> list[RowError]:
    return [error for part in outcome.rejected for error in part.errors]


_SHORTENED = (
    "was shortened by a spreadsheet program, and its last digits are lost. Format the "
    "column No as text, enter the whole number again, and save the file."
)


@pytest.mark.parametrize(
    ("column", "text", "kind", "message"),
    [
        (
            "order_number",
            None,
            ErrorKind.REQUIRED,
            "No is empty, but every row needs one: fill it in.",
        ),
        (
            "order_number",
            " \t",
            ErrorKind.REQUIRED,
            "No is empty, but every row needs one: fill it in.",
        ),
        (
            "order_number",
            "NULL",
            ErrorKind.REQUIRED,
            "No is empty, but every row needs one: fill it in.",
        ),
        ("order_number", "6.95E+18", ErrorKind.NOT_ALLOWED, f"“6.95E+18” {_SHORTENED}"),
        ("sku", "1,2e+11", ErrorKind.NOT_ALLOWED, f"“1,2e+11” {_SHORTENED}"),
        (
            "order_number",
            "小计：",
            ErrorKind.NOT_ALLOWED,
            "“小计：” stands where No should, so the row looks like totals: take it out "
            "of the file.",
        ),
        (
            "order_number",
            "é" * 65,
            ErrorKind.TOO_LONG,
            "No has 65 characters, and at most 64 are allowed: shorten it.",
        ),
        (
            "currency",
            "RMB1",
            ErrorKind.NOT_ALLOWED,
            "“RMB1” is not allowed in No: write it like CNY.",
        ),
        (
            "currency",
            "CN\n",
            ErrorKind.NOT_ALLOWED,
            "“CN\n” is not allowed in No: write it like CNY.",
        ),
        (
            "unit_price",
            "-0.01",
            ErrorKind.OUT_OF_RANGE,
            "“-0.01” is too small for No: the least allowed is 0.",
        ),
        (
            "unit_price",
            "1.23456",
            ErrorKind.OUT_OF_RANGE,
            "“1.23456” has more decimals than the 4 that No keeps: round it.",
        ),
        (
            "amount",
            "100000000000000",
            ErrorKind.OUT_OF_RANGE,
            "“100000000000000” is too large for No: the most allowed is "
            "99999999999999.9999.",
        ),
        (
            "quantity",
            "2147483648",
            ErrorKind.OUT_OF_RANGE,
            "“2147483648” is too large for No: the most allowed is 2147483647.",
        ),
    ],
    ids=[
        "empty",
        "blank",
        "null",
        "shortened",
        "shortened with a comma",
        "totals",
        "long",
        "pattern",
        "pattern line",
        "small",
        "decimals",
        "large",
        "integer",
    ],
)
def test_a_broken_rule_says_what_to_do(
    column: str, text: str | None, kind: ErrorKind, message: str
) -> None:
    """The message names the heading, the value and the limit."""
    outcome = _check({"No": _column(column)}, [(text,)])
    assert _errors(outcome) == [RowError(2, 1, "No", text, kind, message)]
    assert outcome.good.height == 0


def test_choices_are_told() -> None:
    """What is allowed can be read in the message."""
    outcome = _check({"Size": _SIZE}, [("S",), ("XL",), (None,)])
    assert [error.message for error in _errors(outcome)] == [
        "“XL” is not allowed in Size: write one of S, M."
    ]
    assert outcome.good.rows() == [(2, "S"), (4, None)]


def test_good_values_are_as_the_table_takes_them() -> None:
    """Stripped, capitals, a key's nothing as the empty text, decimals at their scale."""
    columns = ("order_number", "sku", "currency", "unit_price", "created_at", "status")
    outcome = _check(
        {name: _column(name) for name in columns},
        [
            ("\t123 ", None, "cny", "19.990000000000002", "2024-06-03 06:11:35", "无"),
            ("6E+1", "-", "N/A", "0.30000000000000004", "-", " paid "),
            ("1.5E+9", " x", None, "1234.5", "0000-00-00", ""),
        ],
        options=ReadOptions(time_zone="Asia/Shanghai"),
    )
    expected: list[tuple[Any, ...]] = [
        (2, "123", "", "CNY", Decimal("19.99"), datetime(2024, 6, 2, 22, 11, 35), None),
        (3, "6E+1", "", None, Decimal("0.3"), None, "paid"),
        (4, "1.5E+9", "x", None, Decimal("1234.5"), None, None),
    ]
    assert _errors(outcome) == []
    naive = outcome.good.with_columns(pl.col("created_at").dt.replace_time_zone(None))
    assert naive.rows() == expected
    assert outcome.good.schema["unit_price"] == pl.Decimal(38, 4)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("19.990000000000002", "19.99"),
        ("0.30000000000000004", "0.3"),
        ("-1234.5600000000001", "-1234.56"),
        ("0.0010000000000000002", "0.001"),
        ("0.0000000000000001", "0"),
        ("4114.7199999999993", "4114.72"),
        ("1.00001", None),
        ("0.00005", None),
        ("1.0000001", None),
        ("0.0000000001", None),
        ("12345678.12345", None),
        ("99999999999999.00001", None),
    ],
)
def test_noise_is_no_decimal(text: str, stored: str | None) -> None:
    """What floats leave behind is rounded, and what was meant is never lost."""
    outcome = _check({"a": _column("amount")}, [(text,)])
    if stored is None:
        assert [error.code for error in _errors(outcome)] == [ErrorKind.OUT_OF_RANGE]
    else:
        assert _errors(outcome) == []
        assert outcome.good.rows() == [(2, Decimal(stored))]


def test_all_errors_of_a_row_are_told_in_order() -> None:
    """One error for each cell, rows as in the file, and the row is rejected once."""
    outcome = _check(
        {name: _column(name) for name in ("order_number", "quantity", "currency")},
        [("a", "x", "EURO"), ("b", "1", "EUR"), (None, "3000000000", "E")],
    )
    parts = list(outcome.rejected)
    assert [part.rows for part in parts] == [2]
    assert [(e.row, e.position, e.code.value) for e in parts[0].errors] == [
        (2, 2, "NOT_A_NUMBER"),
        (2, 3, "NOT_ALLOWED"),
        (4, 1, "REQUIRED"),
        (4, 2, "OUT_OF_RANGE"),
        (4, 3, "NOT_ALLOWED"),
    ]
    assert outcome.good.rows() == [(3, "b", 1, "EUR")]
    assert outcome.misfits["_row"].to_list() == [2]


def _fault(row: int, position: int, kind: ErrorKind) -> RowError:
    return RowError(row, position, None, "#DIV/0!", kind, "Mend it.")


def test_faults_reject_their_rows_and_are_told_before_what_they_cause() -> None:
    """A cell that could not be read is that, not a missing value."""
    faults = (
        _fault(2, 1, ErrorKind.CELL_ERROR),
        _fault(3, 9, ErrorKind.CELL_ERROR),
        _fault(7, 0, ErrorKind.TOO_MANY_FIELDS),
    )
    columns = {"No": _column("order_number"), "sku": _column("sku")}
    outcome = _check(columns, [(None, "a"), ("b", "b"), (None, "c")], faults)
    parts = list(outcome.rejected)
    assert [(e.row, e.position, e.code.value) for p in parts for e in p.errors] == [
        (2, 1, "CELL_ERROR"),
        (4, 1, "REQUIRED"),
        (7, 0, "TOO_MANY_FIELDS"),
    ]
    assert sum(part.rows for part in parts) == 3
    assert outcome.good.rows() == [(3, "b", "b")]


def test_a_dataset_lets_all_in_but_faults() -> None:
    """Types are told from the rows; only what could not be read is rejected."""
    outcome = _check(
        {"a": None, "b": None},
        [("1", " x "), ("2", None), (None, "")],
        (_fault(4, 1, ErrorKind.CELL_ERROR),),
    )
    assert outcome.good.rows() == [(2, 1, " x "), (3, 2, None)]
    assert [error.row for error in _errors(outcome)] == [4]


def test_a_bad_batch_comes_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of many rows are not all in memory at once, and none is left out."""
    monkeypatch.setattr(checking, "_SLICE_CELLS", 3)
    faults = tuple(
        _fault(row, 0, ErrorKind.TOO_FEW_FIELDS) for row in (1, 5, *range(30, 37))
    )
    rows: list[tuple[str | None, ...]] = [
        (None,) if number % 5 else ("good",) for number in range(20)
    ]
    outcome = _check({"No": _column("order_number")}, rows, faults)
    parts = list(outcome.rejected)
    told = [error.row for part in parts for error in part.errors]
    bad = {number + 2 for number in range(20) if number % 5}
    assert sorted(set(told)) == sorted(bad | {fault.row for fault in faults})
    assert told == sorted(told)
    assert sum(part.rows for part in parts) == len(set(told))
    assert max(part.rows for part in parts) <= 5
    assert outcome.good["_row"].to_list() == [2, 7, 12, 17]


def test_long_values_are_cut() -> None:
    """An error shows the beginning of a value."""
    [error] = _errors(_check({"No": _column("order_number")}, [("x" * 900,)]))
    assert error.value == "x" * 500


@pytest.mark.parametrize("mark", list(Mark), ids=str)
@pytest.mark.parametrize("order", list(Order), ids=str)
def test_many_misfits_are_told_as_each_alone(mark: Mark, order: Order) -> None:
    """A batch's messages do not depend on what else is in it."""
    texts = ["1.5", "1,5", "1.234", "x", "", "1e400", "3", "13/01/2024", "31/02/2024"]
    texts += ["2024-01-02", "2024-01-02 25:00", "01/13/24", "9" * 40]
    for type in ColumnType:
        reading = Reading(type, declared=True, mark=mark, order=order, scale=18)
        told = messages(pl.Series(texts), reading)
        assert told == [message(text, reading) for text in texts]
    assert len(set(told)) > 1
