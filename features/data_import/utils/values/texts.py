"""Texts without what does not count in numbers, dates and booleans."""

import polars as pl

# Wide and typographic characters that an input method or a locale puts for plain ones.
_PLAIN = {
    **{chr(0xFF10 + digit): str(digit) for digit in range(10)},
    **dict.fromkeys("\u00a0\u2007\u2009\u202f\u3000", " "),
    **dict.fromkeys("\u2019\uff07", "'"),
    **dict.fromkeys("\u2212\uff0d", "-"),
    "\uff0b": "+",
    "\uff0e": ".",
    "\uff0c": ",",
    "\uff1a": ":",
    "\uff0f": "/",
    "\uff05": "%",
    "\uff08": "(",
    "\uff09": ")",
    "\uff04": "$",
    "\uffe5": "\u00a5",
}


def bare(texts: pl.Series) -> pl.Series:
    """Return `texts` without space around them, in plain characters; blank is null."""
    stripped = texts.str.strip_chars()
    if stripped.str.contains(r"[^\x00-\x7F]").any():
        stripped = stripped.str.replace_many(list(_PLAIN), list(_PLAIN.values()))
    return where(stripped.str.len_bytes() > 0, stripped)


def where(mask: pl.Series, values: pl.Series) -> pl.Series:
    """Return `values` with null where `mask` is not true."""
    if mask.all(ignore_nulls=False):
        return values
    return pl.select(pl.when(mask).then(values)).to_series().rename(values.name)
