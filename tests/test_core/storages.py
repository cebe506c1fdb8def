"""Stores to test with, made from settings as the product makes them."""

from pathlib import Path
from typing import Any, Literal

import boto3
from botocore.config import Config
from mypy_boto3_s3 import S3Client
from pydantic import SecretStr

from core.config import Settings
from core.storage import DiskStorage, make_storage
from core.storage.s3 import S3Storage
from tests.test_core.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

BUCKET = "objects"


def disk_settings(data_dir: Path, **others: Any) -> Settings:
    """Make settings for the built-in store."""
    values = {"secret_key": SecretStr("test secret"), **others}
    return Settings(_env_file=None, data_dir=data_dir, **values)


def s3_settings(server: S3Server, data_dir: Path, **others: Any) -> Settings:
    """Make settings for a bucket of the test server, made where it is missing."""
    _make_bucket(server)
    values = {
        "s3_endpoint_url": server.url,
        "s3_bucket": BUCKET,
        "s3_access_key_id": SecretStr(ACCESS_KEY),
        "s3_secret_access_key": SecretStr(SECRET_KEY),
        **others,
    }
    return Settings(_env_file=None, data_dir=data_dir, **values)


def disk_storage(data_dir: Path) -> DiskStorage:
    """Make a built-in store."""
    storage = make_storage(disk_settings(data_dir))
    assert isinstance(storage, DiskStorage)
    return storage


def s3_storage(server: S3Server, data_dir: Path, **others: Any) -> S3Storage:
    """Make a store in a bucket of the test server."""
    storage = make_storage(s3_settings(server, data_dir, **others))
    assert isinstance(storage, S3Storage)
    return storage


def boto_client(endpoint: str, style: Literal["path", "virtual"]) -> S3Client:
    """Make a client of boto3's, with the test server's keys."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="auto",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
        ),
    )


def _make_bucket(server: S3Server) -> None:
    client = boto_client(server.url, "path")
    names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
    if BUCKET not in names:
        client.create_bucket(Bucket=BUCKET)
    client.close()
