"""Rows in PostgreSQL's binary COPY format."""

from typing import Final

import pgpq
import polars as pl
import pyarrow as pa

_TRAILER_BYTES: Final = 2


def encode(frame: pl.DataFrame) -> bytes:
    """Return a frame's rows as COPY takes them, without the format's header and trailer.

    A Binary column has values of one size: pgpq knows no views of bytes, as it does of
    texts.
    """
    if not frame.height:
        return b""
    table = _arrow(frame)
    encoder = pgpq.ArrowToPostgresBinaryEncoder(table.schema)
    encoder.write_header()
    parts = [encoder.write_batch(batch) for batch in table.to_batches()]
    # It keeps what is little to the end.
    parts.append(encoder.finish()[:-_TRAILER_BYTES])
    given = [part for part in parts if part]
    return given[0] if len(given) == 1 else b"".join(given)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    for at, field in enumerate(table.schema):
        if pa.types.is_binary_view(field.type):
            values = table.column(at).cast(pa.binary())
            table = table.set_column(at, field.name, values)
    return table
