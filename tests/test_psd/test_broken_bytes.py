"""Laws: a file cut anywhere is refused, a changed byte never ends in anything else."""

import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
