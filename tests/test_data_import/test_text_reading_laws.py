"""What was written is what is read: by Hypothesis, and in the corpus' real files."""

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.data_import.utils.types import ReadOptions
from tests.test_data_import.reading import read, read_bytes

ROOT = Path(__file__).parents[2]
LETTERS = "ab1 ,;|\t\"'\n\r-=é€ü"
CELLS = st.text(st.sampled_from(LETTERS + "深圳是"), max_size=6)
LATIN_CELLS = st.text(st.sampled_from(LETTERS), max_size=6)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030", "cp1252"]


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, list[list[str]]]:
    encoding = draw(st.sampled_from(ENCODINGS))
    cells = LATIN_CELLS if encoding == "cp1252" else CELLS
    width = draw(st.integers(1, 4))
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1))
    return encoding, [["h"] * width, *rows, ["end"] * width]


@settings(max_examples=150, deadline=None)
@given(
    table=tables(),
    delimiter=st.sampled_from(",;\t|:"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_reads_what_the_csv_module_wrote(
    tmp_path_factory: pytest.TempPathFactory,
    table: tuple[str, list[list[str]]],
    delimiter: str,
    end: str,
) -> None:
    encoding, rows = table
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL
    )
    writer.writerows(rows)
    contents = read_bytes(
        tmp_path_factory.mktemp("law"),
        text.getvalue().encode(encoding),
        encoding=encoding,
        delimiter=delimiter,
        header_row=1,
    )
    expected = [
        (number, *(cell or None for cell in row))
        for number, row in enumerate(rows[1:], 2)
        if any(row)
    ]
    assert contents.rows == expected
    assert contents.faults == []


@pytest.fixture(scope="session")
def data() -> Path:
    """Give the folder of real tables; ONEMANAGE_CORPUS names another corpus."""
    given_folder = os.environ.get("ONEMANAGE_CORPUS")
    corpus = Path(given_folder) if given_folder else ROOT.parent / "shared" / "corpus"
    if not (corpus / "data").is_dir():
        pytest.skip(f"no corpus at {corpus}: set ONEMANAGE_CORPUS")
    return corpus / "data"


@pytest.mark.parametrize(
    ("name", "encoding", "delimiter", "has_header", "count"),
    [
        ("adventureworks_address.tsv", "utf-8", "\t", False, 19614),
        ("cotizacion_es.csv", "utf-8", ";", True, 35),
        ("dirty_cafe_sales.csv", "utf-8", ",", True, 10000),
        ("multi_platform_sales_gb18030.csv", "gb18030", ",", True, 20),
        ("olist_order_items.csv", "utf-8", ",", True, 5603),
        ("olist_order_reviews.csv", "utf-8", ",", True, 8225),
        ("superstore_bom.csv", "utf-8", ",", True, 10194),
        ("tmall_order_report.csv", "utf-8", ",", True, 28010),
    ],
)
def test_reads_the_corpus_as_the_csv_module_does(
    data: Path, name: str, encoding: str, delimiter: str, has_header: bool, count: int
) -> None:
    contents = read(data / name, ReadOptions())
    layout = contents.layout
    assert (layout.encoding, layout.delimiter) == (encoding, delimiter)
    with (data / name).open(encoding=encoding, newline="") as file:
        rows = list(csv.reader(file, delimiter=delimiter))
    rows[0][0] = rows[0][0].removeprefix("\ufeff")
    if has_header:
        assert list(layout.headings) == rows[0]
    first = 2 if has_header else 1
    expected = [
        (number, *(cell or None for cell in row))
        for number, row in enumerate(rows[first - 1 :], first)
    ]
    assert len(expected) == count
    assert contents.rows == expected
    assert contents.faults == []
