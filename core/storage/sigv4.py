"""Presigned URLs of S3 (AWS Signature Version 4, by query parameters).

boto3 takes half a millisecond for each, and a page of layers asks for a thousand.
Source: AWS, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

MAX_EXPIRES_SECONDS: Final = 7 * 24 * 3600
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


class Presigner:
    """Signs URLs below one bucket's address, such as ``https://host/bucket``."""

    def __init__(
        self, bucket_url: str, *, region: str, access_key: str, secret_key: str
    ) -> None:
        parts = urlsplit(bucket_url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.netloc
        self._path = parts.path.rstrip("/")
        self._region = region
        self._access_key = access_key
        self._secret_key = secret_key

    def url(
        self,
        method: str,
        key: str,
        *,
        signed_at: datetime,
        expires_at: datetime,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Sign a request for `key`; header names in lower case. Valid 7 days at most."""
        signed_headers = {"host": self._host, **(headers or {})}
        timestamp = signed_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{timestamp[:8]}/{self._region}/s3/aws4_request"
        seconds = int((expires_at - signed_at).total_seconds())
        parameters = {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{self._access_key}/{scope}",
            "X-Amz-Date": timestamp,
            "X-Amz-Expires": str(max(1, min(seconds, MAX_EXPIRES_SECONDS))),
            "X-Amz-SignedHeaders": ";".join(sorted(signed_headers)),
            **(query or {}),
        }
        path = quote(f"{self._path}/{key}", safe="/-_.~")
        query_string = _canonical_query(parameters)
        canonical = _canonical_request(method, path, query_string, signed_headers)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"{_ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
        signing_key = _signing_key(self._secret_key, timestamp[:8], self._region)
        signature = hmac.digest(signing_key, to_sign.encode(), "sha256").hex()
        return f"{self._origin}{path}?{query_string}&X-Amz-Signature={signature}"


def _canonical_query(parameters: Mapping[str, str]) -> str:
    return "&".join(
        f"{quote(name, safe='-_.~')}={quote(parameters[name], safe='-_.~')}"
        for name in sorted(parameters)
    )


def _canonical_request(
    method: str, path: str, query_string: str, headers: Mapping[str, str]
) -> str:
    names = sorted(headers)
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    return f"{method}\n{path}\n{query_string}\n{lines}\n{';'.join(names)}\nUNSIGNED-PAYLOAD"


@lru_cache(maxsize=16)
def _signing_key(secret_key: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret_key}".encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
