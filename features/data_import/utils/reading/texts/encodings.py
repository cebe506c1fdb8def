"""In which encoding a text is, told by all of its bytes."""

import codecs
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from features.data_import.exceptions import corrupt
from features.data_import.utils.read_options import checked_encoding
from features.data_import.utils.reading.kinds import refuse_binary
from features.data_import.utils.reading.marks import ERRORS, count_marks
from features.data_import.utils.reading.texts.sources import Source

UTF_8: Final = "utf-8"
_GB18030: Final = "gb18030"
_CP1252: Final = "cp1252"
# The longer ones first: UTF-32's begins as UTF-16's does.
_BOMS: Final = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHUNK: Final = 1024 * 1024
# Bytes around what is not ASCII, by which GB18030 and cp1252 are told apart.
_EVIDENCE: Final = 2 * 1024 * 1024
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_LETTERS: Final = re.compile(rb"[A-Za-z]")


class Encoding(NamedTuple):
    """An encoding, and whether all bytes are known to be sound UTF-8."""

    name: str
    is_clean: bool = False


def find_encoding(source: Source, asked: str | None) -> Encoding:
    """Tell a text's encoding: `asked`, its BOM's, UTF-8, GB18030 or cp1252.

    Where UTF-8 has faults, it is still UTF-8 if more of it is sound than not. Reads the
    whole file, in pieces, since what is not ASCII may come late. Raises ImportFileError.
    """
    with source.open() as file:
        head = file.read(65536)
    if not head:
        raise corrupt("it is empty")
    name = checked_encoding(asked) if asked is not None else _by_beginning(head)
    if name is None or not name.startswith(("utf-16", "utf-32")):
        refuse_binary(head)
    if name not in (None, UTF_8):
        return Encoding(name)
    is_sound, evidence = _scan(source)
    if is_sound or name is not None:
        return Encoding(UTF_8, is_sound)
    return Encoding(_judge(evidence))


def _by_beginning(head: bytes) -> str | None:
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    # Latin letters in UTF-16: every other byte is zero.
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head) / 2 and 20 * even < odd:
        return "utf-16-le"
    if even > 0.3 * len(head) / 2 and 20 * odd < even:
        return "utf-16-be"
    return None


def _scan(source: Source) -> tuple[bool, bytes]:
    """Tell whether all is UTF-8, and give pieces with what is not ASCII."""
    is_sound, evidence = True, b""
    for piece in _pieces(source):
        if piece.isascii():
            continue
        if len(evidence) < _EVIDENCE:
            evidence += piece
        elif not is_sound:
            break
        is_sound = is_sound and _is_utf8(piece)
    return is_sound, evidence


def _pieces(source: Source) -> Iterator[bytes]:
    """Read a file in pieces that do not end within a sound UTF-8 character."""
    rest = b""
    with source.open() as file:
        while chunk := file.read(_CHUNK):
            piece = rest + chunk
            cut = _open_character(piece)
            piece, rest = piece[: len(piece) - cut], piece[len(piece) - cut :]
            yield piece
    yield rest


def _open_character(piece: bytes) -> int:
    """Return how many bytes at the end begin a UTF-8 character that goes on."""
    for length in range(1, min(3, len(piece)) + 1):
        byte = piece[-length]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return length if needed > length else 0
        if byte < 0x80:
            return 0
    return 0


def _is_utf8(piece: bytes) -> bool:
    # Many times faster than decoding to Python's strings.
    try:
        pl.Series([piece], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def _judge(evidence: bytes) -> str:
    """Choose between UTF-8 with faults, GB18030 and cp1252."""
    text = evidence.decode(UTF_8, ERRORS)
    faults = count_marks(text)
    # Bytes that go on with a character, those of the marks (three each) taken off.
    sound = len(text.encode()) - len(text) - 3 * faults
    if sound >= faults:
        return UTF_8
    return _GB18030 if _is_chinese(evidence) else _CP1252


def _is_chinese(evidence: bytes) -> bool:
    """Tell Chinese in GB18030 from Latin letters with accents in cp1252.

    In Chinese the high bytes come in pairs, and mostly several pairs in a row; an accent
    stands alone amid Latin letters, where GB18030 would take the next letter with it.
    """
    chinese = latin = 0
    for run in _HIGH.finditer(evidence):
        length = run.end() - run.start()
        beside = evidence[max(0, run.start() - 1) : run.start()]
        beside += evidence[run.end() : run.end() + 1]
        if length >= 4:
            chinese += length // 2
        elif length == 2 and not _LETTERS.search(beside):
            chinese += 1
        else:
            latin += 1
    if chinese <= latin:
        return False
    marks = count_marks(evidence.decode(_GB18030, ERRORS))
    return 20 * marks <= chinese
