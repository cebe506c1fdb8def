"""The store that the settings ask for."""

from core.config import Settings
from core.errors import AppError, ErrorCode
from core.storage.disk import DiskStorage
from core.storage.interface import Storage
from core.storage.tokens import TokenSigner


def make_storage(settings: Settings) -> Storage:
    """Make the store that the settings name; AppError where they are incomplete."""
    if not settings.uses_s3:
        return _make_disk(settings)
    from core.storage.s3_factory import make_s3  # boto3 costs every start half a second

    return make_s3(settings)


def _make_disk(settings: Settings) -> DiskStorage:
    secret = settings.secret_key.get_secret_value()
    if not secret:
        raise AppError(
            ErrorCode.INVALID,
            "ONEMANAGE_SECRET_KEY is empty: the built-in store signs its URLs with it. "
            "Set it to a long random text, the same for every process.",
        )
    return DiskStorage(
        settings.data_dir / "objects",
        base_url=settings.base_url,
        signer=TokenSigner(secret),
    )
