"""Objects in a bucket of Amazon S3, Cloudflare R2, Aliyun OSS or anything alike."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Final

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from core.errors import AppError, ErrorCode
from core.storage.interface import ObjectStat, UploadTarget
from core.storage.keys import check_key
from core.storage.media import content_disposition, disposition_type
from core.storage.sigv4 import Presigner

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef, ObjectTypeDef

MAX_THREADS: Final = 32
_SIGNING_WINDOW_SECONDS: Final = 3600
# Each call has a thread of its own already.
_TRANSFER: Final = TransferConfig(
    multipart_threshold=64 * 1024**2,
    multipart_chunksize=32 * 1024**2,
    use_threads=False,
)


class S3Storage:
    """One bucket. boto3 blocks, so that every call runs in a thread of this store's."""

    def __init__(self, client: "S3Client", bucket: str, presigner: Presigner) -> None:
        self._client = client
        self._bucket = bucket
        self._presigner = presigner
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="s3")

    def upload_target(
        self,
        key: str,
        *,
        size: int,
        content_type: str | None,
        sha256: str | None,
        expires_at: datetime,
    ) -> UploadTarget:
        """Sign a PUT with its length, type and hash.

        A store that ignores the hash is caught by the worker, which computes it.
        """
        headers: dict[str, str] = {}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if sha256 is not None:
            headers["x-amz-checksum-sha256"] = b64encode(bytes.fromhex(sha256)).decode()
        signed = {name.lower(): value for name, value in headers.items()}
        url = self._presigner.url(
            "PUT",
            check_key(key),
            signed_at=datetime.now(UTC),
            expires_at=expires_at,
            headers={**signed, "content-length": str(size)},
        )
        return UploadTarget("PUT", url, headers, expires_at)

    def download_url(
        self,
        key: str,
        content_type: str,
        expires_at: datetime,
        *,
        filename: str | None = None,
        inline: bool = True,
    ) -> str:
        """Sign a GET that names its own type and disposition."""
        disposition = disposition_type(content_type, inline)
        return self._presigner.url(
            "GET",
            check_key(key),
            signed_at=_window_start(datetime.now(UTC), expires_at),
            expires_at=expires_at,
            query={
                "response-content-disposition": content_disposition(
                    disposition, filename
                ),
                "response-content-type": content_type,
            },
        )

    def local_path(self, key: str) -> None:
        """Return None: objects are elsewhere."""

    async def stat(self, key: str) -> ObjectStat | None:
        """Ask for an object's head; its hash is known where the store checked it."""
        head = partial(
            self._client.head_object,
            Bucket=self._bucket,
            Key=check_key(key),
            ChecksumMode="ENABLED",
        )
        try:
            return _stat_of_head(key, await self._call(head))
        except AppError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    async def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Upload a file, a large one in parts."""
        await self._call(
            lambda: self._client.upload_file(
                str(path),
                self._bucket,
                check_key(key),
                ExtraArgs={"ContentType": content_type},
                Config=_TRANSFER,
            )
        )

    async def fetch_to(self, key: str, path: Path) -> None:
        """Download an object."""
        await self._call(
            lambda: self._client.download_file(
                self._bucket, check_key(key), str(path), Config=_TRANSFER
            )
        )

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete one by one: stores differ in the checksum that a batch must carry."""
        for batch in batched(keys, MAX_THREADS):
            await asyncio.gather(*(self._delete(check_key(key)) for key in batch))

    async def list(self, prefix: str) -> AsyncIterator[ObjectStat]:
        """Page through the bucket."""
        paginator = self._client.get_paginator("list_objects_v2")
        pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=prefix))
        while (page := await self._call(lambda: next(pages, None))) is not None:
            for found in page.get("Contents", []):
                yield _stat_of_listed(found)

    async def check(self) -> None:
        """Ask for the bucket's head."""
        await self._call(lambda: self._client.head_bucket(Bucket=self._bucket))

    async def discard_abandoned(self, before: datetime) -> int:
        """Abort uploads in parts that were begun before an instant."""
        paginator = self._client.get_paginator("list_multipart_uploads")
        pages = await self._call(lambda: list(paginator.paginate(Bucket=self._bucket)))
        uploads = [
            (upload["Key"], upload["UploadId"])
            for page in pages
            for upload in page.get("Uploads", [])
            if upload["Initiated"] < before
        ]
        for key, upload_id in uploads:
            await self._call(
                partial(
                    self._client.abort_multipart_upload,
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload_id,
                )
            )
        return len(uploads)

    async def close(self) -> None:
        """Close connections and let threads end."""
        self._client.close()
        self._threads.shutdown(wait=False)

    async def _delete(self, key: str) -> None:
        await self._call(
            lambda: self._client.delete_object(Bucket=self._bucket, Key=key)
        )

    async def _call[T](self, function: Callable[[], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, function)
        except ClientError as error:
            raise _app_error(error) from error
        except (BotoCoreError, Boto3Error, OSError) as error:
            raise _unavailable() from error


def _app_error(error: ClientError) -> AppError:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    if status == 404:
        return AppError(ErrorCode.NOT_FOUND, "The stored object is gone.")
    return _unavailable()


def _unavailable() -> AppError:
    return AppError(
        ErrorCode.STORAGE_UNAVAILABLE, "The object store cannot be used just now."
    )


def _window_start(now: datetime, expires_at: datetime) -> datetime:
    """Begin a URL's life on the hour, so that it stays the same and caches hold it."""
    hour = now - timedelta(seconds=now.timestamp() % _SIGNING_WINDOW_SECONDS)
    return min(hour, expires_at - timedelta(seconds=1))


def _stat_of_head(key: str, head: "HeadObjectOutputTypeDef") -> ObjectStat:
    # The hash of an upload in parts is a hash of hashes: "…-3".
    checksum = head.get("ChecksumSHA256", "")
    whole = checksum and "-" not in checksum
    sha256 = b64decode(checksum).hex() if whole else None
    return ObjectStat(key, head["ContentLength"], head["LastModified"], sha256)


def _stat_of_listed(found: "ObjectTypeDef") -> ObjectStat:
    return ObjectStat(found["Key"], found["Size"], found["LastModified"])
