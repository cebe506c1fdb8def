"""Rows as one stream of PostgreSQL's binary COPY format."""

import pgpq
import polars as pl
import pyarrow as pa


class CopyStream:
    """Encodes batches of one schema; the parts, put together, are the whole stream."""

    def __init__(self, schema: pl.Schema) -> None:
        self._encoder = pgpq.ArrowToPostgresBinaryEncoder(
            _arrow(pl.DataFrame(schema=schema)).schema
        )
        self._begun = False

    def encode(self, frame: pl.DataFrame) -> bytes:
        """Return the rows' part; with the first, the stream's header."""
        if not frame.height:
            return self._header()
        parts = [self._header()]
        for batch in _arrow(frame).to_batches():
            parts.append(self._encoder.write_batch(batch))
        return b"".join(parts)

    def finish(self) -> bytes:
        """Return the stream's end: what is left to be written, and the trailer."""
        return self._header() + self._encoder.finish()

    def _header(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return self._encoder.write_header()


def _arrow(frame: pl.DataFrame) -> pa.Table:
    """Return the frame as Arrow, in types that pgpq knows (no string views)."""
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
