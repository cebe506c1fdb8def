"""Laws of told types: right and exact, or ambiguous, and never wrong."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.types import ColumnType, ReadOptions
from features.data_import.utils.values import TableProfile
from tests.test_data_import.test_values import told

INTEGERS = st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.decimals(-(10**12), 10**12, places=3)
DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))


def grouped(number: Decimal | int, mark: str, group: str) -> str:
    """Write `number` with `group` between thousands and `mark` before decimals."""
    return f"{number:,}".replace(",", "\0").replace(".", mark).replace("\0", group)


NOTATIONS = st.sampled_from(
    [
        (".", ","),
        (",", "."),
        (".", ""),
        (",", ""),
        (",", " "),
        (",", "\u00a0"),
        (".", "'"),
        (".", " "),
    ]
)
AROUND = st.sampled_from(["{}", "${}", "{} €", "￥{}", " {} ", "USD {}", "\u3000{}"])


@settings(deadline=None)
@given(st.lists(INTEGERS, min_size=1), AROUND)
def test_integers_come_back(numbers: list[int], around: str) -> None:
    reading, values, is_determinate = told([around.format(n) for n in numbers])
    assert (reading.type, values) == (ColumnType.INTEGER, numbers)
    assert is_determinate


@settings(deadline=None)
@given(st.lists(DECIMALS, min_size=1), NOTATIONS, AROUND)
def test_decimals_come_back_or_are_said_to_be_ambiguous(
    numbers: list[Decimal], notation: tuple[str, str], around: str
) -> None:
    texts = [around.format(grouped(n, *notation)) for n in numbers]
    reading, values, is_determinate = told(texts)
    if is_determinate:
        assert (reading.type, values) == (ColumnType.DECIMAL, numbers)
    else:
        assert all(1 <= abs(n) < 1000 for n in numbers)


@settings(deadline=None)
@given(st.lists(DECIMALS, min_size=1), st.sampled_from(["{}%", "{} %"]))
def test_percentages_come_back(numbers: list[Decimal], around: str) -> None:
    reading, values, is_determinate = told([around.format(n) for n in numbers])
    if is_determinate:
        assert values == [n / 100 for n in numbers]
        assert reading.type is ColumnType.DECIMAL


CLEAR_DATES = [
    "{0:%Y-%m-%d}",
    "{0:%Y/%m/%d}",
    "{0.year}/{0.month}/{0.day}",
    "{0:%Y.%m.%d}",
    "{0.year}年{0.month}月{0.day}日",
    "{0:%d %B %Y}",
    "{0:%b %d, %Y}",
    "{0:%d-%b-%y}",
]
UNCLEAR_DATES = [
    "{0:%d/%m/%Y}",
    "{0:%m/%d/%Y}",
    "{0:%d.%m.%y}",
    "{0:%m-%d-%y}",
    "{0.day}/{0.month}/{0.year}",
    "{0.month}/{0.day}/{0.year}",
]


@settings(deadline=None)
@given(st.lists(DAYS, min_size=1), st.sampled_from(CLEAR_DATES))
def test_clear_dates_come_back(days: list[date], notation: str) -> None:
    reading, values, is_determinate = told([notation.format(d) for d in days])
    assert (reading.type, values, is_determinate) == (ColumnType.DATE, days, True)


@settings(deadline=None)
@given(st.lists(DAYS, min_size=1), st.sampled_from(UNCLEAR_DATES))
def test_numeric_dates_come_back_or_are_said_to_be_ambiguous(
    days: list[date], notation: str
) -> None:
    texts = [notation.format(d) for d in days]
    reading, values, is_determinate = told(texts)
    if any(d.day > 12 for d in days) or all(d.day == d.month for d in days):
        assert (reading.type, values, is_determinate) == (ColumnType.DATE, days, True)
    else:
        assert (reading.type, values, is_determinate) == (ColumnType.TEXT, texts, False)


@settings(deadline=None)
@given(
    st.lists(TIMES, min_size=1),
    st.sampled_from(["T", " "]),
    st.sampled_from(["auto", "microseconds"]),
)
def test_naive_times_come_back(times: list[datetime], between: str, spec: str) -> None:
    reading, values, _ = told([t.isoformat(between, spec) for t in times])
    if reading.type is ColumnType.DATE:
        values = [datetime(v.year, v.month, v.day) for v in values]  # type: ignore
    else:
        assert reading.type is ColumnType.TIMESTAMP
    assert values == times


@settings(deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.integers(-14 * 60, 14 * 60)), min_size=1),
    st.sampled_from(["", " "]),
)
def test_times_with_offsets_come_back(
    moments: list[tuple[datetime, int]], between: str
) -> None:
    times = [
        t.replace(tzinfo=timezone(timedelta(minutes=minutes))) for t, minutes in moments
    ]
    texts = [f"{t.isoformat(' ')[:-6]}{between}{t.isoformat()[-6:]}" for t in times]
    reading, values, _ = told(texts)
    assert (reading.type, reading.aware) == (ColumnType.TIMESTAMP, True)
    assert values == [t.astimezone(UTC) for t in times]


@settings(deadline=None)
@given(st.lists(TIMES, min_size=1), st.sampled_from(["%I:%M:%S %p", "%I:%M:%S%p"]))
def test_clocks_of_twelve_hours_come_back(times: list[datetime], clock: str) -> None:
    times = [t.replace(microsecond=0, year=2000) for t in times if t.day < 29]
    texts = [f"{t.year}/{t.month}/{t.day} {t.strftime(clock)}" for t in times]
    _, values, _ = told(["2000/1/1 01:00:00 AM", *texts])
    assert values[1:] == times


ODD = st.sampled_from(["N/A", "x", "#REF!", "1-2", "1..2", "00:00", "2023-02-30", "--"])
COLUMNS = st.one_of(
    st.lists(INTEGERS.map(str), min_size=1),
    st.lists(DECIMALS.map(str), min_size=1),
    st.lists(DAYS.map(str), min_size=1),
    st.lists(TIMES.map(str), min_size=1),
    st.lists(st.sampled_from(["true", "no", "是"]), min_size=1),
)


@settings(deadline=None)
@given(COLUMNS, ODD, st.data())
def test_one_odd_value_makes_a_column_text_and_changes_nothing(
    texts: list[str], odd: str, data: st.DataObject
) -> None:
    texts = list(texts)
    texts.insert(data.draw(st.integers(0, len(texts))), odd)
    reading, values, is_determinate = told(texts)
    assert (reading.type, values, is_determinate) == (ColumnType.TEXT, texts, True)


@settings(deadline=None)
@given(st.lists(st.text("0123456789.,-+% $/:eE()", max_size=12), min_size=1))
def test_nothing_is_lost_whatever_stands_in_a_column(texts: list[str]) -> None:
    reading, values, _ = told(texts)  # it asserts that all texts fit
    if reading.type is ColumnType.TEXT:
        assert values == texts


@settings(deadline=None)
@given(st.lists(st.one_of(DECIMALS.map(str), DAYS.map(str), st.text(max_size=5))))
def test_a_profile_in_parts_tells_the_same(texts: list[str]) -> None:
    profile = TableProfile({"c1": None}, ReadOptions())
    for text in texts:
        profile.update(pl.DataFrame({"c1": [text]}))
    assert profile.readings()["c1"] == told(texts)[0]
