"""The S3 store that the settings ask for."""

from typing import Final, Literal
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.storage.s3 import MAX_THREADS, S3Storage
from core.storage.sigv4 import Presigner

# Their servers refuse the bucket's name in the path.
_VIRTUAL_ONLY: Final = (".aliyuncs.com", ".amazonaws.com")


def make_s3(settings: Settings) -> S3Storage:
    """Make the store; AppError where the settings are incomplete."""
    access_key = settings.s3_access_key_id.get_secret_value()
    secret_key = settings.s3_secret_access_key.get_secret_value()
    if not (access_key and secret_key and settings.s3_endpoint_url):
        raise AppError(
            ErrorCode.INVALID,
            "ONEMANAGE_S3_BUCKET is set: ONEMANAGE_S3_ENDPOINT_URL, "
            "ONEMANAGE_S3_ACCESS_KEY_ID and ONEMANAGE_S3_SECRET_ACCESS_KEY must be too.",
        )
    style = _addressing(settings)
    client = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=_boto_config(style),
    )
    presigner = Presigner(
        _bucket_url(settings, style),
        region=settings.s3_region,
        access_key=access_key,
        secret_key=secret_key,
    )
    return S3Storage(client, settings.s3_bucket, presigner)


def _boto_config(style: Literal["path", "virtual"]) -> Config:
    return Config(
        signature_version="s3v4",
        s3={"addressing_style": style},
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=5,
        read_timeout=60,
        max_pool_connections=MAX_THREADS,
        # R2 and OSS do not take the trailing checksums that boto3 sends by default.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _addressing(settings: Settings) -> Literal["path", "virtual"]:
    if settings.s3_addressing_style != "auto":
        return settings.s3_addressing_style
    host = urlsplit(settings.s3_endpoint_url).hostname or ""
    return "virtual" if host.endswith(_VIRTUAL_ONLY) else "path"


def _bucket_url(settings: Settings, style: Literal["path", "virtual"]) -> str:
    endpoint = (settings.s3_public_endpoint_url or settings.s3_endpoint_url).rstrip("/")
    if style == "path":
        return f"{endpoint}/{settings.s3_bucket}"
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{settings.s3_bucket}.{parts.netloc}{parts.path}"
