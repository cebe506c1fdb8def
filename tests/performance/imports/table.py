"""Orders as a shop's system exports them: the same rows each time, 13 columns."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
import xlsxwriter

_SEED: Final = 20261126
_CHUNK: Final = 250_000
_FIRST_SECOND: Final = 1_704_067_200
_TWO_YEARS: Final = 2 * 365 * 86_400
_PRODUCTS: Final = tuple(
    f"{color} {thing} {size}"
    for color in ("White", "Red", '"Retro"', "Blue, large", "复古", "Été")
    for thing in ("Lantern", "Holder", "Mug", "Bag")
    for size in ("small", "set of 6", "30cm", "gift")
)
_CITIES: Final = (
    "上海",
    "杭州",
    "Köln",
    "São Paulo",
    "Lyon",
    "Leeds",
    "Austin, TX",
    "",
)
# What psql copies into: the same columns, typed, without an index.
PLAIN_TABLE: Final = """
create table plain (
  order_number text, platform text, shop text, sku text, product text,
  quantity bigint, unit_price numeric, amount numeric, currency text, status text,
  created_at timestamptz, city text, buyer_hash text
)
"""


def write_csv(path: Path, rows: int) -> Path:
    """Write the first `rows` of the orders, at most some 160 bytes each."""
    with path.open("wb") as file:
        for frame in chunks(rows):
            frame.write_csv(
                file,
                include_header=file.tell() == 0,
                datetime_format="%Y-%m-%d %H:%M:%S%:z",
            )
    return path


def write_xlsx(path: Path, rows: int) -> Path:
    """Write them as a workbook: texts, numbers and dates."""
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd hh:mm:ss"}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("orders")
        at = 1
        for frame in chunks(rows):
            sheet.write_row(0, 0, frame.columns) if at == 1 else None
            plain = frame.with_columns(
                pl.col("created_at").dt.replace_time_zone(None),
                pl.col("unit_price", "amount").cast(pl.Float64),
            )
            for row in plain.iter_rows():
                sheet.write_row(at, 0, row)
                at += 1
    return path


def chunks(rows: int) -> Iterator[pl.DataFrame]:
    """Yield the orders, typed, 250,000 at a time."""
    for first in range(0, rows, _CHUNK):
        yield _chunk(first, min(_CHUNK, rows - first))


def _chunk(first: int, count: int) -> pl.DataFrame:
    random = np.random.default_rng([_SEED, first])
    product = random.integers(0, len(_PRODUCTS), count)
    cents = random.integers(50, 50_000, count)
    quantity = random.integers(1, 40, count)
    buyers = random.bytes(16 * count).hex()
    seconds = random.integers(0, _TWO_YEARS, count) + _FIRST_SECOND
    frame = pl.DataFrame(
        {
            "order_number": [f"SO-{at:010d}" for at in range(first, first + count)],
            "platform": _picked(random, count, "taobao", "tmall", "jd", "shopify"),
            "shop": _picked(random, count, "Main", "Outlet, north", "旗舰店"),
            "sku": [f"SKU-{at:05d}" for at in product.tolist()],
            "product": [_PRODUCTS[at] for at in product.tolist()],
            "quantity": quantity,
            "unit_price": cents,
            "amount": cents * quantity,
            "currency": _picked(random, count, "CNY", "USD", "EUR"),
            "status": _picked(random, count, "paid", "shipped", "refunded"),
            "created_at": seconds * 1_000_000,
            "city": _picked(random, count, *_CITIES),
            "buyer_hash": [buyers[at : at + 32] for at in range(0, 32 * count, 32)],
        }
    )
    return frame.with_columns(
        (pl.col("unit_price", "amount").cast(pl.Decimal(16, 2)) / 100).cast(
            pl.Decimal(16, 2)
        ),
        pl.col("created_at").cast(pl.Datetime("us", "UTC")),
        pl.col("city").replace("", None),
    )


def _picked(random: np.random.Generator, count: int, *texts: str) -> list[str]:
    return [texts[at] for at in random.integers(0, len(texts), count).tolist()]
