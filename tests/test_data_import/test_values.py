"""Texts of a column become values of one type: exactly, or they stay texts."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from features.data_import.utils.types import ColumnType, DateOrder, ReadOptions
from features.data_import.utils.values import (
    Reading,
    TableProfile,
    converted,
    message,
    misfits,
)

OPTIONS = ReadOptions()


def told(
    texts: Sequence[str | None],
    type: ColumnType | None = None,
    options: ReadOptions = OPTIONS,
) -> tuple[Reading, list[object], bool]:
    """Return the reading of a column, its values, and whether it is determinate."""
    frame = pl.DataFrame({"c1": texts}, schema={"c1": pl.String})
    profile = TableProfile({"c1": type}, options)
    profile.update(frame)
    reading = profile.readings()["c1"]
    values = frame.select(converted("c1", reading, options)).to_series()
    if type is None and not reading.empty:
        assert not misfits(frame["c1"], values, reading, options).any()
    return reading, values.to_list(), profile.is_determinate


def when(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]


D = Decimal
NUMBERS: list[tuple[list[str | None], ColumnType, list[object]]] = [
    (["1", None, "-20", "0"], ColumnType.INTEGER, [1, None, -20, 0]),
    ([" 1", "2\u00a0", "\u30003"], ColumnType.INTEGER, [1, 2, 3]),
    (["１２", "3"], ColumnType.INTEGER, [12, 3]),
    (["9223372036854775807"], ColumnType.INTEGER, [2**63 - 1]),
    (["9223372036854775808", "1"], ColumnType.DECIMAL, [D(2**63), D(1)]),
    (["1" * 38], ColumnType.DECIMAL, [D("1" * 38)]),
    (["1" * 39], ColumnType.TEXT, ["1" * 39]),
    (["007", "12"], ColumnType.TEXT, ["007", "12"]),
    (["+5", "6"], ColumnType.TEXT, ["+5", "6"]),
    (["1,234,567", "1,234"], ColumnType.INTEGER, [1234567, 1234]),
    (["1,234.5", "12"], ColumnType.DECIMAL, [D("1234.5"), D("12.0")]),
    (["1.234,5", "12"], ColumnType.DECIMAL, [D("1234.5"), D("12.0")]),
    (["1 234,5", "12"], ColumnType.DECIMAL, [D("1234.5"), D("12.0")]),
    (["1\u202f234,50"], ColumnType.DECIMAL, [D("1234.50")]),
    (["1'234.50", "1’000.25"], ColumnType.DECIMAL, [D("1234.50"), D("1000.25")]),
    (["12,34,567.5"], ColumnType.DECIMAL, [D("1234567.5")]),
    (["1.5", "1,5"], ColumnType.TEXT, ["1.5", "1,5"]),
    (["$1,234.56", "-$5", "6"], ColumnType.DECIMAL, [D("1234.56"), D(-5), D(6)]),
    (["￥12.50", "¥3"], ColumnType.DECIMAL, [D("12.50"), D("3.00")]),
    (["EUR 5", "7 EUR"], ColumnType.INTEGER, [5, 7]),
    (["$5", "€5"], ColumnType.TEXT, ["$5", "€5"]),
    (["12.5%", "-3%"], ColumnType.DECIMAL, [D("0.125"), D("-0.030")]),
    (["12.5%", "3"], ColumnType.TEXT, ["12.5%", "3"]),
    (["(1.5)", "1.5-", "2"], ColumnType.DECIMAL, [D("-1.5"), D("-1.5"), D(2)]),
    (["0.30000000000000004"], ColumnType.DECIMAL, [D("0.30000000000000004")]),
    (["1e+21", "5"], ColumnType.DECIMAL, [D(10**21), D(5)]),
    (["1.5E-3"], ColumnType.DECIMAL, [D("0.0015")]),
    (["6.954321098765432e18"], ColumnType.DECIMAL, [D(6954321098765432000)]),
    (["0.30000000000000004", "1e22"], ColumnType.TEXT, ["0.30000000000000004", "1e22"]),
    (["1" * 18, "0." + "1" * 25], ColumnType.TEXT, ["1" * 18, "0." + "1" * 25]),
    (["0", "-0." + "1" * 38], ColumnType.DECIMAL, [D(0), D("-0." + "1" * 38)]),
    (["1e400"], ColumnType.TEXT, ["1e400"]),
    (["1,23,4"], ColumnType.TEXT, ["1,23,4"]),
    (["#DIV/0!", "1"], ColumnType.TEXT, ["#DIV/0!", "1"]),
    (["5", "10²"], ColumnType.TEXT, ["5", "10²"]),
]


@pytest.mark.parametrize(("texts", "type", "values"), NUMBERS)
def test_numbers_are_told_and_read_exactly(
    texts: list[str | None], type: ColumnType, values: list[object]
) -> None:
    reading, found, is_determinate = told(texts)
    assert (reading.type, found, is_determinate) == (type, values, True)


DATES: list[tuple[list[str | None], ColumnType, list[object]]] = [
    (
        ["2024-07-05", "2024-02-29"],
        ColumnType.DATE,
        [date(2024, 7, 5), date(2024, 2, 29)],
    ),
    (
        ["2024/7/5", "2024/12/31"],
        ColumnType.DATE,
        [date(2024, 7, 5), date(2024, 12, 31)],
    ),
    (["2024.7.5"], ColumnType.DATE, [date(2024, 7, 5)]),
    (
        ["2024年7月5日", "2024年12月31日"],
        ColumnType.DATE,
        [date(2024, 7, 5), date(2024, 12, 31)],
    ),
    (["5/7/2024", "31/7/2024"], ColumnType.DATE, [date(2024, 7, 5), date(2024, 7, 31)]),
    (["7/5/2024", "7/31/2024"], ColumnType.DATE, [date(2024, 7, 5), date(2024, 7, 31)]),
    (["05.07.24", "31.07.99"], ColumnType.DATE, [date(2024, 7, 5), date(1999, 7, 31)]),
    (["7/7/2024"], ColumnType.DATE, [date(2024, 7, 7)]),
    (["5/13/2024", "13/5/2024"], ColumnType.TEXT, ["5/13/2024", "13/5/2024"]),
    (["2023-02-29"], ColumnType.TEXT, ["2023-02-29"]),
    (["31/04/2024"], ColumnType.TEXT, ["31/04/2024"]),
    (["0000-01-01"], ColumnType.TEXT, ["0000-01-01"]),
    (
        ["5 Jul 2024", "Jul 6, 2024", "7-JULY-24"],
        ColumnType.DATE,
        [date(2024, 7, 5), date(2024, 7, 6), date(2024, 7, 7)],
    ),
    (
        ["2024-07-05 00:00:00", "2024-07-06 00:00:00"],
        ColumnType.DATE,
        [date(2024, 7, 5), date(2024, 7, 6)],
    ),
    (
        ["2024-07-05 06:59:12", "2024-07-05"],
        ColumnType.TIMESTAMP,
        [when(2024, 7, 5, 6, 59, 12), when(2024, 7, 5)],
    ),
    (
        ["2024-07-05T06:59:12.25"],
        ColumnType.TIMESTAMP,
        [when(2024, 7, 5, 6, 59, 12, 250000)],
    ),
    (["2024-07-05 06:59:12.1234567"], ColumnType.TEXT, ["2024-07-05 06:59:12.1234567"]),
    (
        ["3/29/2017 1:05 PM", "3/29/2017 12:05 am"],
        ColumnType.TIMESTAMP,
        [when(2017, 3, 29, 13, 5), when(2017, 3, 29, 0, 5)],
    ),
    (
        ["2024/7/5 下午3:05", "2024年7月5日 上午3:05"],
        ColumnType.TIMESTAMP,
        [when(2024, 7, 5, 15, 5), when(2024, 7, 5, 3, 5)],
    ),
    (
        ["2024-07-05 25:00", "2024-07-05 10:00"],
        ColumnType.TEXT,
        ["2024-07-05 25:00", "2024-07-05 10:00"],
    ),
    (
        ["2024-07-05 06:59:12.000000+00:00", "2024-07-05 06:59:12.5+0800"],
        ColumnType.TIMESTAMP,
        [
            datetime(2024, 7, 5, 6, 59, 12, tzinfo=UTC),
            datetime(2024, 7, 4, 22, 59, 12, 500000, tzinfo=UTC),
        ],
    ),
    (
        ["2024-07-05 06:59:12 -0400", "2024-12-05 06:59:12 -0500"],
        ColumnType.TIMESTAMP,
        [
            datetime(2024, 7, 5, 10, 59, 12, tzinfo=UTC),
            datetime(2024, 12, 5, 11, 59, 12, tzinfo=UTC),
        ],
    ),
    (
        ["2024-07-05T06:59:12Z", "2024-07-05T06:59:12"],
        ColumnType.TEXT,
        ["2024-07-05T06:59:12Z", "2024-07-05T06:59:12"],
    ),
]


@pytest.mark.parametrize(("texts", "type", "values"), DATES)
def test_dates_are_told_and_read_exactly(
    texts: list[str | None], type: ColumnType, values: list[object]
) -> None:
    reading, found, is_determinate = told(texts)
    assert (reading.type, found, is_determinate) == (type, values, True)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["true", "FALSE"], [True, False]),
        (["Yes", "n", None], [True, False, None]),
        (["是", "否", "对", "错", "真", "假"], [True, False] * 3),
        (["t ", "f"], [True, False]),
    ],
)
def test_booleans_are_told(texts: list[str | None], values: list[object]) -> None:
    reading, found, _ = told(texts)
    assert (reading.type, found) == (ColumnType.BOOLEAN, values)


def test_one_and_zero_are_booleans_only_where_declared() -> None:
    assert told(["1", "0"])[1] == [1, 0]
    assert told(["1", "0", "yes"], ColumnType.BOOLEAN)[1] == [True, False, True]


def test_text_keeps_its_blanks_and_its_null_words() -> None:
    assert told([" a ", "NA", "", None])[1] == [" a ", "NA", "", None]
    assert told(["  ", "NULL"])[1] == ["  ", "NULL"]


def test_null_words_are_null_only_where_they_are_named() -> None:
    assert told(["1", "NA"])[1] == ["1", "NA"]
    options = ReadOptions(null_values=("NA",))
    reading, values, _ = told(["1", " NA "], options=options)
    assert (reading.type, values) == (ColumnType.INTEGER, [1, None])


def test_a_column_without_texts_fits_nothing_that_comes_later() -> None:
    reading, values, is_determinate = told([None, None])
    assert (reading.type, reading.empty, values) == (ColumnType.TEXT, True, [None] * 2)
    assert is_determinate
    later = pl.DataFrame({"c1": ["5", None]})
    found = later.select(converted("c1", reading, OPTIONS)).to_series()
    assert misfits(later["c1"], found, reading, OPTIONS).to_list() == [True, False]


def test_days_and_months_that_nothing_tells_apart_stay_text() -> None:
    reading, values, is_determinate = told(["05/07/2024", "06/07/2024"])
    assert (reading.type, values, is_determinate) == (
        ColumnType.TEXT,
        ["05/07/2024", "06/07/2024"],
        False,
    )
    order = ReadOptions(date_order=DateOrder.MDY)
    assert told(["05/07/2024"], options=order)[1] == [date(2024, 5, 7)]
    order = ReadOptions(date_order=DateOrder.YMD)
    assert told(["23/07/05"], options=order)[1] == [date(2023, 7, 5)]


def test_a_lone_comma_is_not_determinate_and_other_columns_tell_it() -> None:
    assert told(["1,234"])[1:] == ([1234], False)
    frame = pl.DataFrame({"c1": ["1,234"], "c2": ["0,5"]})
    profile = TableProfile(dict.fromkeys(frame.columns), OPTIONS)
    profile.update(frame)
    value = frame.select(converted("c1", profile.readings()["c1"], OPTIONS)).item()
    assert (value, profile.is_determinate) == (D("1.234"), False)


def test_what_the_profile_did_not_see_does_not_fit_a_dataset() -> None:
    for seen, later in [
        ("5", ["5.5", "1,234", "$5", "5%", "007", "+5", "x", "9" * 20]),
        ("1.25", ["1.255", "1,5", "$5", "5%", "007"]),
        ("2024-07-05", ["2024-07-05 10:00", "5/7/2024", "2024-07-05T10:00Z", "x"]),
    ]:
        reading, _, _ = told([seen])
        frame = pl.DataFrame({"c1": later})
        values = frame.select(converted("c1", reading, OPTIONS)).to_series()
        assert values.to_list() == [None] * len(later), (seen, values)


TARGET = [
    (ColumnType.INTEGER, "12.5", "NOT_A_NUMBER"),
    (ColumnType.INTEGER, "9223372036854775808", "OUT_OF_RANGE"),
    (ColumnType.INTEGER, "abc", "NOT_A_NUMBER"),
    (ColumnType.DECIMAL, "1" * 21, "OUT_OF_RANGE"),
    (ColumnType.BOOLEAN, "maybe", "NOT_A_BOOLEAN"),
    (ColumnType.TIMESTAMP, "2023-02-29", "NOT_A_DATE"),
    (ColumnType.TIMESTAMP, "05/07/2024", "AMBIGUOUS"),
    (ColumnType.DATE, "2024-07-05 10:00", "NOT_A_DATE"),
]


@pytest.mark.parametrize(("type", "text", "kind"), TARGET)
def test_what_does_not_fit_a_target_says_why(
    type: ColumnType, text: str, kind: str
) -> None:
    reading, values, _ = told(
        [text, "1.5" if type is ColumnType.INTEGER else None], type
    )
    assert values[0] is None
    found, words = message(text, reading)
    assert found == kind and words.endswith(".")


def test_a_target_reads_generously_and_exactly() -> None:
    assert told(["007", "+5", "2.00", "1e3", " "], ColumnType.INTEGER)[1] == [
        7,
        5,
        2,
        1000,
        None,
    ]
    assert told(["19.990000000000002", "50%", "$5"], ColumnType.DECIMAL)[1] == [
        D("19.990000000000002000"),
        D("0.5"),
        D(5),
    ]


def test_a_value_against_the_targets_convention_is_ambiguous() -> None:
    texts = ["1,5"] * 20 + ["1.55", "1.234"]
    reading, values, _ = told(texts, ColumnType.DECIMAL)
    assert values[20:] == [None, D(1234)]
    assert message("1.55", reading)[0] == "AMBIGUOUS"
    dates = ["31/12/2024"] * 20 + ["12/31/2024", "05/07/2024"]
    reading, found, _ = told(dates, ColumnType.TIMESTAMP)
    assert found[20:] == [None, datetime(2024, 7, 5, tzinfo=UTC)]
    assert message("12/31/2024", reading)[0] == "AMBIGUOUS"


def test_naive_times_of_a_target_are_of_the_files_zone() -> None:
    options = ReadOptions(time_zone="America/New_York")
    texts = ["2024-07-05 06:00:00", "2024-03-10 02:30:00", "2024-11-03 01:30:00"]
    reading, values, _ = told(texts, ColumnType.TIMESTAMP, options)
    assert values == [datetime(2024, 7, 5, 10, tzinfo=UTC), None, None]
    assert message(texts[1], reading)[0] == "AMBIGUOUS"
