"""What the columns of real files are told to be."""

from pathlib import Path

import polars as pl
import pytest

from features.data_import.utils.types import ReadOptions
from features.data_import.utils.values import TableProfile, converted, misfits

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "data"
OPTIONS = ReadOptions()

COLUMNS = {
    # 885.99 stands beside 655.982, and 1.234.567 beside both: text. Prices without
    # decimals (8668) are whole numbers, as they are written.
    "cotizacion_es.csv": {
        "Final": "DECIMAL ,4",
        "Máximo": "DECIMAL ,4",
        "Mínimo": "DECIMAL ,4",
        "Efectivo": "DECIMAL ,2",
    },
    "superstore_bom.csv": {
        "Row ID": "INTEGER",
        "Order Date": "DATE DMY",
        "Ship Date": "DATE DMY",
        "Sales": "DECIMAL .4",
        "Quantity": "INTEGER",
        "Discount": "DECIMAL .2",
        "Profit": "DECIMAL .4",
    },
    "olist_order_items.csv": {
        "order_item_id": "INTEGER",
        "shipping_limit_date": "TIMESTAMP MDY",
        "price": "DECIMAL .2",
        "freight_value": "DECIMAL .2",
    },
    # ERROR and UNKNOWN stand in every column.
    "dirty_cafe_sales.csv": {},
}


def described(column: str, frame: pl.DataFrame, options: ReadOptions) -> str:
    profile = TableProfile({column: None}, options)
    profile.update(frame)
    reading = profile.readings()[column]
    values = frame.select(converted(column, reading, options)).to_series()
    assert not misfits(frame[column], values, reading, options).any()
    scale = f" {reading.mark}{reading.scale}" if reading.scale else ""
    order = f" {reading.order}" if reading.order else ""
    return reading.type + scale + order


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_columns_of_real_files(name: str) -> None:
    path = CORPUS / name
    if not path.exists():
        pytest.skip("the corpus is not here")
    separator = ";" if name.startswith("cotizacion") else ","
    frame = pl.read_csv(path, infer_schema=False, separator=separator)
    told = {column: described(column, frame, OPTIONS) for column in frame.columns}
    assert {c: t for c, t in told.items() if t != "TEXT"} == COLUMNS[name]


def test_errors_named_as_null_let_a_column_be_what_it_is() -> None:
    path = CORPUS / "dirty_cafe_sales.csv"
    if not path.exists():
        pytest.skip("the corpus is not here")
    frame = pl.read_csv(path, infer_schema=False)
    options = ReadOptions(null_values=("ERROR", "UNKNOWN"))
    told = [described(column, frame, options) for column in frame.columns]
    assert told == [
        "TEXT",
        "TEXT",
        "INTEGER",
        "DECIMAL .1",
        "DECIMAL .1",
        "TEXT",
        "TEXT",
        "DATE DMY",
    ]
