"""Where headings stand, and what they are called."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ErrorCode
from features.data_import.exceptions import ImportFileError
from features.data_import.utils.reading.headers import Header, find_header
from features.data_import.utils.reading.heading_names import column_letters

N = None
type Rows = Sequence[Sequence[str | None]]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(
            [["a", "b "], ["1", "x"], ["2", "y"]], (1, 1, ("a", "b ")), id="first row"
        ),
        pytest.param(
            [["Sales of May", N, N], [N, N, N], ["a", "b", "c"], ["1", "x", "2"]],
            (3, 1, ("a", "b", "c")),
            id="title and an empty row above",
        ),
        pytest.param(
            [["Shop", "Berlin", N], ["a", "b", "c"], ["x", "y", "z"], ["u", "v", "w"]],
            (2, 1, ("a", "b", "c")),
            id="remark above",
        ),
        pytest.param(
            [
                ["Data of:", N, N, "Dec-27 2020", N, N, N, N],
                ["a", "b", "c", "d", "e", "f", "Certification", "Certification"],
                ["1", "2", "3", "4", "5", "6", "x", "y"],
                ["1", "2", "3", "4", "5", "6", "u", "v"],
            ],
            (
                *(2, 1),
                ("a", "b", "c", "d", "e", "f", "Certification", "Certification (2)"),
            ),
            id="a title that groups nothing",
        ),
        pytest.param(
            [["Q1", N, "Q2", N], ["Units", "Sales"] * 2, ["1", "2", "3", "4"]],
            (1, 2, ("Q1 Units", "Q1 Sales", "Q2 Units", "Q2 Sales")),
            id="merged groups above numbers",
        ),
        pytest.param(
            [["Q1", N, "Q2", N], ["Units", "Sales"] * 2, ["a", "b", "c", "d"]],
            (1, 2, ("Q1 Units", "Q1 Sales", "Q2 Units", "Q2 Sales")),
            id="merged groups above texts",
        ),
        pytest.param(
            [
                ["Product", "Q1", N, "Q2", N],
                [N, "Units", "Sales", "Units", "Sales"],
                ["p", "1", "2", "3", "4"],
                ["q", "1", "2", "3", "4"],
            ],
            (1, 2, ("Product", "Q1 Units", "Q1 Sales", "Q2 Units", "Q2 Sales")),
            id="a heading merged over both rows",
        ),
        pytest.param(
            [
                [N, "Q1", N, "Q2", N],
                ["Region", "Units", "Sales", "Units", "Sales"],
                ["p", "1", "2", "3", "4"],
                ["q", "1", "2", "3", "4"],
            ],
            (1, 2, ("Region", "Q1 Units", "Q1 Sales", "Q2 Units", "Q2 Sales")),
            id="groups beside a heading",
        ),
        pytest.param(
            [[N, "a", "b"], ["0", "1", "2"], ["1", "2", "3"]],
            (1, 1, ("Column A", "a", "b")),
            id="an empty heading",
        ),
        pytest.param(
            [["name", "2023", "2024"], ["x", "11", "12"], ["y", "1", "2"]],
            (1, 1, ("name", "2023", "2024")),
            id="years",
        ),
        pytest.param(
            [
                ["Region", "Sales", N, "Orders", N],
                [N, "2024", "2025", "2024", "2025"],
                ["p", "10", "20", "30", "40"],
                ["q", "11", "21", "31", "41"],
            ],
            (
                *(1, 2),
                ("Region", "Sales 2024", "Sales 2025", "Orders 2024", "Orders 2025"),
            ),
            id="groups above years",
        ),
        pytest.param(
            [
                [N, "Sales", N, "Orders", N],
                ["Region", "2024", "2025", "2024", "2025"],
                ["p", "10", "20", "30", "40"],
                ["q", "11", "21", "31", "41"],
            ],
            (
                *(1, 2),
                ("Region", "Sales 2024", "Sales 2025", "Orders 2024", "Orders 2025"),
            ),
            id="groups above years beside a heading",
        ),
        pytest.param(
            [
                ["Region", "Sales", N],
                [N, "2024", "2025"],
                ["p", "10", "20"],
                ["q", "11", "21"],
            ],
            (1, 2, ("Region", "Sales 2024", "Sales 2025")),
            id="one group above two years",
        ),
        pytest.param(
            [
                ["Product", "January", N, N],
                [N, "1", "2", "3"],
                ["p", "10", "20", "5"],
                ["q", "11", "21", "7"],
            ],
            (1, 2, ("Product", "January 1", "January 2", "January 3")),
            id="a month above its days",
        ),
        pytest.param(
            [
                ["Name", "In office", N],
                [N, "2001", "2005"],
                ["Ann", "2003", "2009"],
                ["Bob", "2011", "2012"],
            ],
            (1, 1, ("Name", "In office", "Column C")),
            id="years that are rows",
        ),
        pytest.param(
            [
                [name, "2019", year, "2019", year]
                for name, year in [("Ann", "2020"), ("Bob", "2021"), ("Eve", "2022")]
            ],
            (0, 0, tuple(f"Column {letter}" for letter in "ABCDE")),
            id="no header above years that recur",
        ),
        pytest.param(
            [["Item", "Price", N], [N, "1999", "2050"], ["x", "1500", "3000"]],
            (1, 1, ("Item", "Price", "Column C")),
            id="prices that look like years",
        ),
        pytest.param(
            [["a", N, "b", N], ["1", "2", "3", "4"], ["5", "6", "7", "8"]],
            (1, 1, ("a", "Column B", "b", "Column D")),
            id="numbers below groups that count up",
        ),
        pytest.param(
            [
                ["Product", "January", N, N, "February", N, N],
                [N, "1", "2", "3", "1", "2", "3"],
                ["p", "10", "20", "5", "6", "7", "8"],
                ["q", "11", "21", "7", "8", "9", "9"],
            ],
            (
                *(1, 2),
                (
                    "Product",
                    *("January 1", "January 2", "January 3"),
                    *("February 1", "February 2", "February 3"),
                ),
            ),
            id="months above their days",
        ),
        pytest.param(
            [["Ann", "2024", "2024"], ["Bob", "2025", "2024"], ["Eve", "2025", "2025"]],
            (0, 0, ("Column A", "Column B", "Column C")),
            id="no header above equal years",
        ),
        pytest.param(
            [
                ["1", "1970 Napa Ct.", N, "Bothell", "79", "2018-12-03 00:00:00.000"],
                ["2", "9833 Mt. Dias", N, "Bothell", "79", "2019-11-30 00:00:00.000"],
                ["3", "7484 Roundtree", N, "Bothell", "79", "2014-02-08 00:00:00.000"],
            ],
            (0, 0, tuple(f"Column {letter}" for letter in "ABCDEF")),
            id="no header",
        ),
        pytest.param(
            [["SO-1", "red"], ["SO-2", "red"], ["SO-3", "blue"]],
            (0, 0, ("Column A", "Column B")),
            id="no header above codes",
        ),
        pytest.param(
            [["Total", "Total", "Total (2)", " Total"], ["1", "2", "3", "4"]],
            (1, 1, ("Total", "Total (3)", "Total (2)", "Total (4)")),
            id="equal headings",
        ),
        pytest.param(
            [["a", "b", "c"], ["1", "2", "3"], ["1", "2", "3", "4", "5"]],
            (1, 1, ("a", "b", "c")),
            id="a row that is too long",
        ),
        pytest.param([["name"], ["x"], ["y"]], (1, 1, ("name",)), id="one column"),
        pytest.param(
            [["12", "x"], ["=1", "y", "OneManage row", " OneManage errors"]],
            (2, 1, ("=1", "y", "OneManage row", " OneManage errors")),
            id="a report",
        ),
        pytest.param([], (0, 0, ()), id="nothing"),
    ],
)
def test_the_header_is_found(
    rows: Rows, expected: tuple[int, int, tuple[str, ...]]
) -> None:
    assert find_header(rows) == Header(*expected)


def test_a_row_that_was_asked_for_is_taken() -> None:
    rows: Rows = [["a", "b"], ["1", "x"], ["2", None]]
    assert find_header(rows, 2) == Header(2, 1, ("1", "x"))
    assert find_header(rows, 3, first_column=27) == Header(3, 1, ("2", "Column AB"))


@pytest.mark.parametrize("at", [-1, 2, 4])
def test_a_row_without_headings_is_refused(at: int) -> None:
    with pytest.raises(ImportFileError) as raised:
        find_header([["a"], [None], ["1"]], at)
    assert (raised.value.code, raised.value.field) == (
        ErrorCode.INVALID,
        ("input", "read", "headerRow"),
    )
    assert raised.value.message.startswith(f"Row {at} of the file is empty, so that")


def test_columns_are_lettered_as_in_a_sheet() -> None:
    assert [column_letters(n) for n in (1, 26, 27, 702, 703, 16384)] == [
        *("A", "Z", "AA", "ZZ", "AAA", "XFD")
    ]


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=6), max_size=12
    )
)
def test_headings_are_unique_and_none_is_empty(rows: Rows) -> None:
    header = find_header(rows)
    stripped = [heading.strip() for heading in header.headings]
    assert all(stripped) and len(set(stripped)) == len(stripped)
    assert 0 <= header.row + header.depth <= len(rows) + 1
