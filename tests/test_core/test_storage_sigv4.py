"""The quick signer against boto3's own."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from unittest import mock
from urllib.parse import parse_qs

from hypothesis import given, settings
from hypothesis import strategies as st

from core.storage.sigv4 import Presigner
from tests.test_core.s3_server import ACCESS_KEY, SECRET_KEY
from tests.test_core.storages import BUCKET, boto_client


@settings(max_examples=30, deadline=None)
@given(
    st.from_regex(r"[a-z0-9_-][a-z0-9._-]{0,8}(/[a-z0-9_-]{1,4})?", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.integers(1, 604_800),
    st.sampled_from(["path", "virtual"]),
)
def test_signs_as_boto3(
    key: str, name: str, seconds: int, style: Literal["path", "virtual"]
) -> None:
    """The quick signer gives boto3's signatures."""
    moment = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
    client = boto_client("https://s3.example.com", style)
    with mock.patch("botocore.auth.get_current_datetime", return_value=moment):
        url = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": BUCKET,
                "Key": key,
                "ResponseContentDisposition": name or "inline",
                "ResponseContentType": "image/png",
            },
            ExpiresIn=seconds,
        )
    base = (
        f"https://s3.example.com/{BUCKET}"
        if style == "path"
        else f"https://{BUCKET}.s3.example.com"
    )
    ours = Presigner(
        base, region="auto", access_key=ACCESS_KEY, secret_key=SECRET_KEY
    ).url(
        "GET",
        key,
        signed_at=moment,
        expires_at=moment + timedelta(seconds=seconds),
        query={
            "response-content-disposition": name or "inline",
            "response-content-type": "image/png",
        },
    )
    assert _parts(ours) == _parts(url)


def _parts(url: str) -> tuple[str, dict[str, list[str]]]:
    base, _, query = url.partition("?")
    return base, parse_qs(query, strict_parsing=True)
