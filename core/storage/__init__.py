"""Where bytes lie: on this machine's disk or in an S3 bucket, behind one interface."""

from core.storage.disk import DiskStorage
from core.storage.factory import make_storage
from core.storage.interface import (
    ObjectStat,
    Storage,
    UploadTarget,
    longest_life,
    stable_expiry,
)
from core.storage.tokens import DownloadGrant, UploadGrant

__all__ = [
    "DiskStorage",
    "DownloadGrant",
    "ObjectStat",
    "Storage",
    "UploadGrant",
    "UploadTarget",
    "longest_life",
    "make_storage",
    "stable_expiry",
]
