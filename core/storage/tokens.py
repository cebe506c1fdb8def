"""Tokens in the built-in store's URLs: signed, expiring, bound to one operation."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

import msgspec

_PURPOSE: Final = b"onemanage file urls 1"


class UploadGrant(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="put"
):
    """Leave to PUT one object: `expires` in Unix seconds, `size` in bytes."""

    key: str
    expires: int
    size: int
    content_type: str | None
    sha256: str | None


class DownloadGrant(
    msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="get"
):
    """Leave to GET one object: `expires` in Unix seconds."""

    key: str
    expires: int
    content_type: str
    disposition: str
    filename: str | None


type Grant = UploadGrant | DownloadGrant


class TokenSigner:
    """Turns grants into tokens ``payload.signature`` (HMAC-SHA256) and back."""

    def __init__(self, secret: str) -> None:
        if not secret:
            raise ValueError("a signing secret must not be empty")
        self._key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self._decoder: msgspec.json.Decoder[Grant] = msgspec.json.Decoder(
            UploadGrant | DownloadGrant
        )

    def sign(self, grant: Grant) -> str:
        """Make the token of a grant: URL-safe, no padding."""
        payload = _encode(msgspec.json.encode(grant))
        return (payload + b"." + self._signature(payload)).decode()

    def read(self, token: str) -> Grant | None:
        """Return what a token grants, perhaps no longer; None where it was not ours."""
        payload, _, signature = token.encode().partition(b".")
        # The encoded forms are compared: Base64 has several for the same bytes.
        if not hmac.compare_digest(signature, self._signature(payload)):
            return None
        return self._decoder.decode(
            urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        )

    def _signature(self, payload: bytes) -> bytes:
        return _encode(hmac.digest(self._key, payload, "sha256"))


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
