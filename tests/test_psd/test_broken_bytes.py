"""Laws: a file cut anywhere is refused, a changed byte never ends in anything else."""

import struct
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psd_tools.compression import compress
from psd_tools.constants import Compression

from core.errors import ErrorCode
from features.psd.exceptions import PsdError
from tests.test_psd.documents import run, saved, small_document

COMPRESSIONS = st.sampled_from(list(Compression))


@cache
def _bytes(compression: Compression) -> bytes:
    return saved(small_document(compression))


def _outcome(data: bytes) -> ErrorCode | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "document.psd")
        path.write_bytes(data)
        try:
            run(path, Path(folder))
        except PsdError as error:
            return error.code
        return None


@pytest.mark.parametrize("compression", list(Compression))
def test_the_whole_file_is_read(compression: Compression) -> None:
    assert _outcome(_bytes(compression)) is None


@given(COMPRESSIONS, st.data())
@settings(max_examples=200, deadline=None)
def test_a_file_cut_anywhere_is_refused(
    compression: Compression, data: st.DataObject
) -> None:
    whole = _bytes(compression)
    end = data.draw(st.integers(0, len(whole) - 1))
    code = _outcome(whole[:end])
    cut_signature = 0 < end < 4
    assert code == ("UNSUPPORTED_FORMAT" if cut_signature else "CORRUPT_FILE")


@given(COMPRESSIONS, st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_ends_in_a_result_or_an_error(
    compression: Compression, data: st.DataObject
) -> None:
    changed = bytearray(_bytes(compression))
    # Half of the changes hit the structure, which is a small part of the file.
    last = data.draw(st.sampled_from([400, len(changed) - 1]))
    place = data.draw(st.integers(0, last))
    changed[place] = data.draw(st.integers(0, 255))
    assert _outcome(bytes(changed)) in (
        None,
        ErrorCode.CORRUPT_FILE,
        ErrorCode.UNSUPPORTED_FORMAT,
        ErrorCode.LIMIT_EXCEEDED,
    )


# What a download that was cut leaves of a file whose room was reserved.
@pytest.mark.parametrize(
    "compression",
    [Compression.RLE, Compression.ZIP],
    ids=["packed", "deflated"],
)
@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_merged_image_of_rubbish_does_not_pass_for_good(
    compression: Compression, data: st.DataObject
) -> None:
    head, merged = _with_merged(compression)
    # The table of the rows' lengths is whole, some rows are not.
    first = 2 + (40 * 3 * 2 if compression is Compression.RLE else 0)
    cut = data.draw(st.integers(first, len(merged) - 200))
    damaged = merged[:cut] + bytes(len(merged) - cut)
    assert _outcome(head + merged) is None
    assert _outcome(head + damaged) == ErrorCode.CORRUPT_FILE


@cache
def _with_merged(compression: Compression) -> tuple[bytes, bytes]:
    """Return a document without layers up to its merged image, and that one."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 40, 30, 8, 3)
    plane = np.random.default_rng(5).integers(0, 4, 30 * 40 * 3, dtype=np.uint8)
    packed = compress(plane.tobytes(), compression, 30, 40 * 3, 8)
    return header + bytes(12), compression.to_bytes(2) + packed


def test_rows_that_are_out_of_step_in_the_middle_are_noticed() -> None:
    head, merged = _with_merged(Compression.RLE)
    table, rows = bytearray(merged[2:242]), bytearray(merged[242:])
    lengths = np.frombuffer(table, ">u2")
    end = int(lengths[:60].sum())
    # One row's last packet is taken from it and given to the next.
    rows[end:end] = b"\xff\x07"
    changed = lengths.astype(int)
    changed[60] += 2
    damaged = merged[:2] + changed.astype(">u2").tobytes() + bytes(rows)
    assert _outcome(head + damaged) == ErrorCode.CORRUPT_FILE
