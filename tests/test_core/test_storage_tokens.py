"""Tokens: what is signed comes back, what is touched does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.storage import DownloadGrant, UploadGrant
from core.storage.tokens import Grant, TokenSigner

SIGNER = TokenSigner("secret")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
UPLOADS = st.builds(
    UploadGrant,
    key=TEXT,
    expires=st.integers(0, 2**40),
    size=st.integers(1, 2**40),
    content_type=st.none() | TEXT,
    sha256=st.none() | TEXT,
)
DOWNLOADS = st.builds(
    DownloadGrant,
    key=TEXT,
    expires=st.integers(0, 2**40),
    content_type=TEXT,
    disposition=TEXT,
    filename=st.none() | TEXT,
)
GRANT = UploadGrant("files/a", 1_800_000_000, 5, "image/png", "ab")


@given(UPLOADS | DOWNLOADS)
def test_round_trip(grant: Grant) -> None:
    """A token says exactly what was granted."""
    assert SIGNER.read(SIGNER.sign(grant)) == grant


@given(UPLOADS | DOWNLOADS)
def test_other_secret(grant: Grant) -> None:
    """Nobody else's token is taken."""
    assert TokenSigner("secret2").read(SIGNER.sign(grant)) is None


def test_every_changed_character_is_refused() -> None:
    """Any other character at any place is refused, also in Base64's spare bits."""
    token = SIGNER.sign(GRANT)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=é"
    changed = [
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in alphabet
        if other != token[place]
    ]
    assert [bad for bad in changed if SIGNER.read(bad) is not None] == []


@given(st.integers(0, 500), st.binary(max_size=20))
def test_cut_and_grown(place: int, tail: bytes) -> None:
    """A token that was cut or grew is refused."""
    token = SIGNER.sign(GRANT)
    other = token[:place] + tail.hex()
    if other != token:
        assert SIGNER.read(other) is None


@given(TEXT)
def test_noise(token: str) -> None:
    """Noise is refused without an error."""
    assert SIGNER.read(token) is None


def test_empty_secret() -> None:
    """An empty secret signs nothing."""
    with pytest.raises(ValueError, match="must not be empty"):
        TokenSigner("")
