"""A file goes in, and every row of it comes out: stored, or rejected with its reason."""

import csv
import io
import re
import string
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.engine import make_report, preview, run_import
from features.data_import.utils.error_log import ErrorLog
from features.data_import.utils.messages import (
    Checked,
    Finished,
    Message,
    Opened,
    Order,
    PreviewColumn,
    Profiled,
    Restart,
)
from features.data_import.utils.reading.footers import TOTALS
from features.data_import.utils.types import ColumnType, ReadOptions, RowError
from tests.test_data_import.decoding import decode_copy, instant

_DECODER = msgspec.msgpack.Decoder(Message)


class _Told(NamedTuple):
    """All that an import told, with what was discarded left out."""

    kinds: str
    opened: Opened
    rows: list[tuple[Any, ...]]
    errors: list[RowError]
    finished: Finished


def _import(folder: Path, text: str, order: Order) -> _Told:
    """Run an import as over a process border; check what holds for all of them."""
    path = folder / "file.csv"
    path.write_bytes(text.encode())
    messages = [
        _DECODER.decode(msgspec.msgpack.encode(message))
        for message in run_import(path, order)
    ]
    kinds = "".join(type(message).__name__[0] for message in messages)
    last = max(at for at, message in enumerate(messages) if type(message) is Opened)
    opened, *parts, finished = messages[last:]
    assert isinstance(opened, Opened) and isinstance(finished, Finished)
    checked = [part for part in parts if isinstance(part, Checked)]
    assert len(checked) == len(parts)
    fractions = [part.fraction for part in checked]
    assert fractions == sorted(fractions) and all(0 <= f <= 1 for f in fractions)
    types = [ColumnType.INTEGER, *(column.type for column in opened.columns)]
    copy = b"".join(part.copy for part in checked)
    told = _Told(
        kinds,
        opened,
        decode_copy(copy, types),
        [error for part in checked for error in part.errors],
        finished,
    )
    _assert_law(checked, told)
    return told


def _assert_law(checked: Sequence[Checked], told: _Told) -> None:
    """Rows read = good rows + rejected rows, in each part and in all."""
    good = sum(part.rows_good for part in checked)
    assert len(told.rows) == good
    assert told.finished.rows_read == sum(part.rows_read for part in checked)
    assert told.finished.rows_read == good + told.finished.rows_rejected
    assert len({error.row for error in told.errors}) == told.finished.rows_rejected
    for part in checked:
        rejected = {error.row for error in part.errors}
        assert part.rows_read == part.rows_good + len(rejected)
    places = [(error.row, error.position) for error in told.errors]
    assert len(set(places)) == len(places)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


_ORDERS = Order("orders.csv", target="orders")
_DATASET = Order("data.csv")


def test_a_dataset_is_typed_and_numbered(tmp_path: Path) -> None:
    """Rows are numbered without gaps, whatever is rejected between them."""
    told = _import(tmp_path, "id,name,price\n1,a,1.50\n2,b\n3,,2.25\n", _DATASET)
    assert told.kinds == "OCCF"
    assert [(c.position, c.heading, c.name, c.type) for c in told.opened.columns] == [
        (1, "id", "c1", ColumnType.INTEGER),
        (2, "name", "c2", ColumnType.TEXT),
        (3, "price", "c3", ColumnType.DECIMAL),
    ]
    assert told.rows == [
        (1, 1, "a", Decimal("1.50")),
        (2, 3, None, Decimal("2.25")),
    ]
    assert [(e.row, e.position, e.code.value) for e in told.errors] == [
        (3, 0, "TOO_FEW_FIELDS")
    ]
    assert told.finished.rows_read == 3


@pytest.mark.parametrize("is_late", [True, False])
@pytest.mark.parametrize("others", [10, 100, 5000])
def test_what_contradicts_itself_at_first_is_settled_by_all_rows(
    tmp_path: Path, others: int, is_late: bool
) -> None:
    """However late it comes: rows that can be read in one way only are no minority."""
    head = [["o1", "13/02/2026", "1,234.5"], ["o2", "02/13/2026", "1.234,5"]]
    clear = [[f"c{at}", "2026-04-03", "7"] for at in range(1000)]
    unclear = [["o3", "03/04/2026", "1.234"]]
    unclear += [[f"u{at}", "03/04/2026", "1.234"] for at in range(1000)]
    rest = [[f"p{at}", "25/12/2025", "2,5"] for at in range(others)]
    parts = [*clear, *rest, *unclear] if is_late else [*unclear, *rest]
    rows = [["order_number", "paid_at", "amount"], *head, *parts]
    told = _import(tmp_path, _csv(rows), _ORDERS)
    assert told.kinds[0] == "P"
    assert [error.row for error in told.errors] == [2, 3]
    (third,) = [row for row in told.rows if row[1] == "o3"]
    assert third[2:] == (datetime(2026, 4, 3), Decimal(1234))


@pytest.mark.parametrize("rows", [20, 199, 200, 300, 2000])
@pytest.mark.parametrize(
    ("heading", "row", "expected"),
    [
        ("place;qty", "Paris, FR;{}", ("Paris, FR", 7)),
        ("place\tqty", "Paris, FR\t{}", ("Paris, FR", 7)),
        ("place;qty;kind", "Paris, Ile, FR;{};x", ("Paris, Ile, FR", 7, "x")),
        ("item;qty;price", "Shirt, 1;{};1,50", ("Shirt, 1", 7, Decimal("1.5"))),
        ("qty,share", "{},5%", (7, Decimal("0.05"))),
        ("qty,code", "{},1E5", (7, "1E5")),
        ("qty,size", "{},F", (7, "F")),
        ("qty,id", '{},="00012"', (7, "00012")),
        ("qty,id", '{},"=""00012"""', (7, "00012")),
    ],
)
def test_a_file_is_read_alike_however_long(
    tmp_path: Path, heading: str, row: str, expected: tuple[Any, ...], rows: int
) -> None:
    """Neither the delimiter nor a type depends on how many rows there are."""
    text = "\n".join([heading, *[row.format(7)] * rows, ""])
    told = _import(tmp_path, text, _DATASET)
    assert told.rows == [(number, *expected) for number in range(1, rows + 1)]
    assert told.errors == []


@pytest.mark.parametrize(
    ("end", "is_total"),
    [
        ("Total,465", True),
        ("合计:,¥465.00", True),
        ("Total,red", False),
        ("x,3", False),
    ],
)
def test_a_last_row_of_totals_is_told(tmp_path: Path, end: str, is_total: bool) -> None:
    """Where nothing but numbers is behind the word, or less."""
    text = "item,amount\n" + "x,3\n" * 30 + end + "\n"
    told = _import(tmp_path, text, _DATASET)
    assert [error.row for error in told.errors] == [32] * is_total
    assert len(told.rows) == 31 - is_total


def test_a_letter_that_comes_late_makes_booleans(tmp_path: Path) -> None:
    """All rows tell, not the first ones."""
    told = _import(tmp_path, "a\n" + "n\n" * 5000 + "y\n", _DATASET)
    assert [column.type for column in told.opened.columns] == [ColumnType.BOOLEAN]
    assert told.rows[-1] == (5001, True)


def test_a_target_takes_what_is_mapped_and_keeps_the_rows_numbers(
    tmp_path: Path,
) -> None:
    """Headings that nothing is mapped to are left out, and rows stay the file's."""
    told = _import(
        tmp_path,
        "备注,订单编号,总金额,订单付款时间 ,币种\n"
        "x,1,178.8,,cny\n"
        "y,,abc,2020-02-21 00:00:02,euro\n"
        "z,3,-1.5,2020-02-21 00:00:02,\n",
        _ORDERS,
    )
    assert [(c.position, c.heading, c.name, c.aware) for c in told.opened.columns] == [
        (2, "订单编号", "order_number", False),
        (3, "总金额", "amount", False),
        (4, "订单付款时间 ", "paid_at", True),
        (5, "币种", "currency", False),
    ]
    assert told.rows == [
        (2, "1", Decimal("178.8"), None, "CNY"),
        (4, "3", Decimal("-1.5"), instant("2020-02-21T00:00:02+00:00"), None),
    ]
    assert [(e.row, e.column, e.value, e.code.value) for e in told.errors] == [
        (3, "订单编号", None, "REQUIRED"),
        (3, "总金额", "abc", "NOT_A_NUMBER"),
        (3, "币种", "euro", "NOT_ALLOWED"),
    ]
    assert (told.finished.rows_read, told.finished.rows_rejected) == (3, 1)


def test_a_mapping_is_followed(tmp_path: Path) -> None:
    """Who names the headings decides."""
    order = Order(
        "a.csv",
        target="orders",
        mapping=(("order_no", "order_number"), ("total", "amount")),
    )
    told = _import(tmp_path, "order_id,order_no,total\nx,SO-1,2\n", order)
    assert [column.name for column in told.opened.columns] == ["order_number", "amount"]
    assert told.rows == [(2, "SO-1", Decimal(2))]


def test_a_later_value_changes_a_datasets_type(tmp_path: Path) -> None:
    """The types are told from all rows, and all rows come under the types at last."""
    rows = [[str(n), "1.5", ""] for n in range(3000)]
    rows[2500] = ["007", "1.25", "at last"]
    told = _import(tmp_path, _csv([["a", "b", "c"], *rows]), _DATASET)
    assert told.kinds.startswith("OR") or told.kinds.startswith("OCR")
    assert "P" in told.kinds
    assert [c.type for c in told.opened.columns] == [
        ColumnType.TEXT,
        ColumnType.DECIMAL,
        ColumnType.TEXT,
    ]
    assert told.rows == [
        (at, a, Decimal(b), c or None) for at, (a, b, c) in enumerate(rows, 1)
    ]


def test_a_column_that_begins_late_is_not_lost(tmp_path: Path) -> None:
    """What the first rows have nothing of is still told from all rows."""
    rows = [[str(n), ""] for n in range(3000)]
    rows[2500] = ["2500", "at last"]
    told = _import(tmp_path, _csv([["a", "b"], *rows]), _DATASET)
    assert "R" in told.kinds
    assert [row[2] for row in told.rows] == [b or None for _, b in rows]


def test_a_later_proof_tells_a_targets_dates(tmp_path: Path) -> None:
    """One 25/12 far below has all dates of its column read as day, month, year."""
    rows = [[str(n), "01/02/2024"] for n in range(2000)] + [["x", "25/12/2024"]]
    told = _import(tmp_path, _csv([["order no", "order date"], *rows]), _ORDERS)
    assert told.errors == []
    assert {row[2] for row in told.rows} == {
        datetime(2024, 2, 1),
        datetime(2024, 12, 25),
    }


def test_a_wrong_value_in_a_target_is_no_reason_to_begin_anew(tmp_path: Path) -> None:
    """What is no number in any convention is an error, in one pass."""
    rows = [[str(n), "2024-01-02", "1.5"] for n in range(3000)]
    rows[2700] = ["2700", "soon", "free"]
    told = _import(
        tmp_path, _csv([["order no", "order date", "price"], *rows]), _ORDERS
    )
    assert "R" not in told.kinds and "P" not in told.kinds
    assert [(e.row, e.code.value) for e in told.errors] == [
        (2702, "NOT_A_DATE"),
        (2702, "NOT_A_NUMBER"),
    ]
    assert told.finished.rows_read == 3000


def test_a_file_that_is_all_bad_is_whole(tmp_path: Path) -> None:
    """Every row is told, and what is stored is a stream of nothing."""
    told = _import(tmp_path, _csv([["order no", "qty"], *[["a", "x"]] * 9000]), _ORDERS)
    assert told.kinds == "OCCF"
    assert told.rows == []
    assert [error.row for error in told.errors] == list(range(2, 9002))
    assert told.finished.rows_rejected == 9000


def test_a_required_column_that_is_not_there_fails_the_import(tmp_path: Path) -> None:
    """It is one clear error, not one for each row."""
    path = tmp_path / "file.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ImportFileError) as caught:
        next(iter(run_import(path, _ORDERS)))
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.message == (
        "No heading of the file is mapped to order_number, which Orders cannot do "
        "without. Map the heading that has it. The headings are “a”, “b”."
    )


def test_profiling_tells_how_far_it_is(tmp_path: Path) -> None:
    """A first look at all rows is a part of the work, and is told."""
    path = tmp_path / "file.csv"
    path.write_text("order no,order date\n" + "1,01/02/2024\n" * 10)
    messages = list(run_import(path, _ORDERS))
    assert [type(message) for message in messages[:2]] == [Profiled, Opened]
    assert messages[0] == Profiled(10, 0.3)
    assert not any(isinstance(message, Restart) for message in messages)


def test_a_preview_shows_what_is_there(tmp_path: Path) -> None:
    """Its rows are as they stand, with the types and columns that an import would take."""
    path = tmp_path / "file.csv"
    rows = [[f"SO-{n}", str(n % 7), "", "x" * 300] for n in range(30)]
    path.write_text(_csv([["Order no", "qty", "paid", "note"], *rows]))
    order = Order("file.csv", target="orders", mapping=(("paid", "paid_at"),))
    [shown] = preview(path, order)
    assert shown.layout.header_row == 1
    assert (shown.layout.encoding, shown.layout.delimiter) == ("utf-8", ",")
    assert shown.columns == (
        PreviewColumn(
            "Order no",
            ColumnType.TEXT,
            "order_number",
            ("SO-0", "SO-1", "SO-2", "SO-3", "SO-4"),
        ),
        PreviewColumn("qty", ColumnType.INTEGER, "quantity", ("0", "1", "2", "3", "4")),
        PreviewColumn("paid", ColumnType.TEXT, "paid_at", ()),
        PreviewColumn("note", ColumnType.TEXT, None, ("x" * 200,)),
    )
    assert shown.rows == tuple(
        tuple(value or None for value in row) for row in rows[:20]
    )


def test_a_preview_needs_no_complete_mapping(tmp_path: Path) -> None:
    """Who looks has not chosen yet."""
    path = tmp_path / "file.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    [shown] = preview(path, _ORDERS)
    assert [column.maps_to for column in shown.columns] == [None, None]
    assert shown.rows == (("1", "2"), ("3", "4"))


def test_a_report_has_the_rejected_rows(tmp_path: Path) -> None:
    """It is made of the file again, and of errors in whatever order they came."""
    text = "order no,qty\nSO-1,1\n,x\nSO-3,y\n"
    errors = _import(tmp_path, text, _ORDERS).errors
    assert [(error.row, error.position) for error in errors] == [(3, 1), (3, 2), (4, 2)]
    log = ErrorLog(tmp_path / "errors")
    log.add(errors[2:])
    log.add(errors[1::-1])
    [made] = make_report(
        tmp_path / "file.csv", _ORDERS, tmp_path / "errors", tmp_path / "report"
    )
    assert (made.path, made.suffix) == (str(tmp_path / "report"), ".csv")
    header, first, second = csv.reader(
        io.StringIO((tmp_path / "report").read_text("utf-8-sig"))
    )
    assert header == ["order no", "qty", "OneManage row", "OneManage errors"]
    assert first[:3] == ["", "x", "3"] and second[:3] == ["SO-3", "y", "4"]
    assert first[3].index(errors[0].message) < first[3].index(errors[1].message)
    assert errors[2].message in second[3]


_TEXTS = st.text(string.ascii_letters + string.digits + ' ,"\n-订é', max_size=6).filter(
    lambda text: text.strip().casefold() not in TOTALS
)
_QUANTITIES = st.integers(-(2**33), 2**33).map(str) | st.sampled_from(["", "x", "-"])
_AMOUNTS = st.sampled_from(["", "1.5", "-2.25", "0.00001", "abc", "99.9999", "-"])
_LINES = st.lists(st.tuples(_TEXTS, _QUANTITIES, _AMOUNTS), min_size=1, max_size=12)
_AS_IT_IS = ReadOptions(header_row=1, delimiter=",", encoding="utf-8")


@settings(deadline=None)
@given(_LINES)
def test_whatever_is_in_a_file_every_row_is_accounted_for(
    lines: list[tuple[str, str, str]],
) -> None:
    """Read = good + rejected, and the good rows are what an independent reading says."""
    rows = [[number, quantity, amount, "end"] for number, quantity, amount in lines]
    header = ["order_number", "quantity", "amount", "note"]
    order = Order("orders.csv", target="orders", read=_AS_IT_IS)
    with TemporaryDirectory() as folder:
        told = _import(Path(folder), _csv([header, *rows]), order)
    good = []
    rejected = {}
    for at, (number, quantity, amount, _) in enumerate(rows, 2):
        wrong = _wrong(number.strip(), quantity, amount)
        if wrong:
            rejected[at] = wrong
        else:
            good.append(
                (
                    at,
                    number.strip(),
                    int(quantity) if quantity not in ("", "-") else None,
                    Decimal(amount) if amount not in ("", "-") else None,
                )
            )
    assert told.rows == good
    assert told.finished.rows_read == len(rows)
    found: dict[int, list[str]] = {}
    for error in told.errors:
        found.setdefault(error.row, []).append(f"{error.position} {error.code.value}")
    assert found == rejected


def _wrong(number: str, quantity: str, amount: str) -> list[str]:
    wrong = []
    if not number or number in ("NULL", "null"):
        wrong.append("1 REQUIRED")
    if quantity == "x":
        wrong.append("2 NOT_A_NUMBER")
    elif quantity not in ("", "-") and not -(2**31) <= int(quantity) < 2**31:
        wrong.append("2 OUT_OF_RANGE")
    if amount == "abc":
        wrong.append("3 NOT_A_NUMBER")
    elif amount == "0.00001":
        wrong.append("3 OUT_OF_RANGE")
    return wrong


@settings(deadline=None)
@given(st.lists(st.tuples(_TEXTS, _QUANTITIES), min_size=1, max_size=12))
def test_a_dataset_of_anything_is_the_file(lines: list[tuple[str, str]]) -> None:
    """No row is rejected and no value lost, whatever the types that are told."""
    rows = [[text, number, "end"] for text, number in lines]
    order = Order("data.csv", read=_AS_IT_IS)
    with TemporaryDirectory() as folder:
        told = _import(Path(folder), _csv([["a", "b", "c"], *rows]), order)
    types = [column.type for column in told.opened.columns]
    assert told.errors == []
    assert [row[0] for row in told.rows] == list(range(1, len(rows) + 1))
    for row, texts in zip(told.rows, rows, strict=True):
        for value, text, type in zip(row[1:], texts, types, strict=True):
            if type is ColumnType.TEXT:
                assert value == (text or None)
            elif re.fullmatch(r"\s*-?[0-9]+\s*", text):
                assert value == Decimal(text)
            else:
                assert (value is None) == (not text.strip())
