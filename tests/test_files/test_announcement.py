"""What a person may announce."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AppError, ErrorCode
from features.files.utils import Announcement, check_announcement, guess_content_type

SHA256 = "ab" * 32


def check(
    filename: str = "a.psd",
    size: int = 1,
    content_type: str | None = None,
    sha256: str | None = None,
) -> Announcement:
    """Check an announcement with a limit of 1000 bytes."""
    return check_announcement(filename, size, content_type, sha256, max_bytes=1000)


@pytest.mark.parametrize(
    "filename",
    [
        "a.psd",
        "商品 详情页（终稿）.psd",
        "été.PSB",
        "👩‍🎨.psd",
        ".psd",
        "a..b",
        "x" * 255,
    ],
)
def test_good_names(filename: str) -> None:
    """Names in any script are kept as they are."""
    assert check(filename).filename == filename


@pytest.mark.parametrize(
    ("filename", "code", "message"),
    [
        ("", ErrorCode.REQUIRED, "A file needs a name."),
        ("  ", ErrorCode.REQUIRED, "A file needs a name."),
        ("x" * 256, ErrorCode.INVALID, "A file's name has at most 255 characters."),
        ("a/b.psd", ErrorCode.INVALID, "A file's name must not be a path."),
        ("..\\b.psd", ErrorCode.INVALID, "A file's name must not be a path."),
        ("..", ErrorCode.INVALID, "A file's name must not be a path."),
        *(
            (
                f"a{control}b",
                ErrorCode.INVALID,
                "A file's name must not hold control characters.",
            )
            for control in ("\0", "\n", "\x7f", "\x85", "\u2028", "\u202e", "\ud800")
        ),
    ],
)
def test_bad_names(filename: str, code: ErrorCode, message: str) -> None:
    """Other names are refused, with the field and the reason."""
    with pytest.raises(AppError) as caught:
        check(filename)
    assert caught.value.code is code
    assert caught.value.message == message
    assert caught.value.field == ("input", "filename")


@pytest.mark.parametrize(
    ("size", "code", "message"),
    [
        (0, ErrorCode.INVALID, "A file has at least 1 byte."),
        (-1, ErrorCode.INVALID, "A file has at least 1 byte."),
        (1001, ErrorCode.TOO_LARGE, "A file has at most 1000 bytes."),
    ],
)
def test_bad_sizes(size: int, code: ErrorCode, message: str) -> None:
    """Nothing empty, nothing over the limit."""
    with pytest.raises(AppError) as caught:
        check(size=size)
    assert (caught.value.code, caught.value.message) == (code, message)
    assert caught.value.field == ("input", "size")


def test_largest_size() -> None:
    """The limit itself is allowed."""
    assert check(size=1000).size == 1000


@pytest.mark.parametrize("sha256", ["", "ab", SHA256 + "0", "g" * 64, " " + SHA256])
def test_bad_hashes(sha256: str) -> None:
    """A hash is 64 hexadecimal digits."""
    with pytest.raises(AppError) as caught:
        check(sha256=sha256)
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.message == "A sha256 has 64 hexadecimal digits."
    assert caught.value.field == ("input", "sha256")


def test_hash_in_capitals() -> None:
    """Capitals mean the same."""
    assert check(sha256=SHA256.upper()).sha256 == SHA256


@pytest.mark.parametrize(
    "content_type", ["image/png", "text/csv; charset=gb18030", 'text/x;a="b c"']
)
def test_good_types(content_type: str) -> None:
    """A media type with its parameters is kept."""
    assert check(content_type=content_type).stored_type == content_type


@pytest.mark.parametrize(
    "content_type",
    ["", "png", "image/", "a/b\r\nx: y", "a/b c", "é/x", "a/" + "b" * 99],
)
def test_bad_types(content_type: str) -> None:
    """What could not be a header's value is refused."""
    with pytest.raises(AppError) as caught:
        check(content_type=content_type)
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.field == ("input", "contentType")


def test_guessed_types() -> None:
    """Where no type was announced the ending says it."""
    assert guess_content_type("图.PSD") == "image/vnd.adobe.photoshop"
    assert guess_content_type("a.psb") == "image/vnd.adobe.photoshop"
    assert guess_content_type("a.csv") == "text/csv"
    assert guess_content_type("a") == "application/octet-stream"


@given(st.text())
def test_any_text(filename: str) -> None:
    """Any text is either a name that PostgreSQL can hold, or refused by the field."""
    try:
        name = check(filename).filename
    except AppError as error:
        assert error.field == ("input", "filename")
    else:
        assert name == filename
        assert "\0" not in name
        name.encode()
