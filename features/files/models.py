"""Files that people uploaded, and objects that jobs stored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Index, text
from sqlmodel import Field, SQLModel

from core.base import TimestampMixin, new_id, utc_now
from features.files.exceptions import hash_mismatch, size_mismatch


class FileStatus(StrEnum):
    """Where an upload stands; only a READY file's bytes may be read."""

    PENDING = "PENDING"
    READY = "READY"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class SourceFile(TimestampMixin, table=True):
    """A file that a person uploads. `size` is announced, and exact once READY.

    `sha256` (hex) is what was computed from the bytes, by this server, by the store or
    by a worker; `announced_sha256` is what the person said. EXPIRED is never recorded.
    """

    __tablename__ = "source_files"
    __table_args__ = (
        Index("source_files_by_owner", "owner_id", "created_at", "id"),
        Index("source_files_by_time", "created_at", "id"),
        Index("source_files_by_sha256", "owner_id", "sha256"),
    )

    id: str = Field(default_factory=lambda: new_id("file"), primary_key=True)
    owner_id: str = Field(foreign_key="users.id")
    filename: str
    content_type: str
    size: int = Field(sa_type=BigInteger)
    sha256: str | None = None
    announced_sha256: str | None = None
    recorded_status: str = Field(
        default=FileStatus.PENDING.value, sa_column_kwargs={"name": "status"}
    )
    rejection: str | None = None
    storage_key: str = Field(unique=True)
    upload_expires_at: datetime = Field(sa_type=DateTime(timezone=True))

    @property
    def status(self) -> FileStatus:
        """Return where the upload stands now: what is late without its bytes EXPIRED."""
        recorded = FileStatus(self.recorded_status)
        late = recorded is FileStatus.PENDING and self.upload_expires_at <= utc_now()
        return FileStatus.EXPIRED if late else recorded

    @property
    def absence(self) -> str:
        """Say why the bytes of a file that is not READY cannot be used."""
        match self.status:
            case FileStatus.REJECTED:
                return f"The upload of {self.filename!r} was rejected: {self.rejection}"
            case FileStatus.EXPIRED:
                return f"{self.filename!r} was not uploaded before its target expired."
            case _:
                return f"{self.filename!r} has not been uploaded yet."

    def fault_of(self, size: int, sha256: str | None) -> str | None:
        """Say how bytes differ from what was announced, or None where they do not."""
        expected = self.announced_sha256 or self.sha256
        if size != self.size:
            return size_mismatch(self.size, size)
        if expected is not None and sha256 is not None and expected != sha256:
            return hash_mismatch(expected, sha256)
        return None

    def settle(self, fault: str | None, sha256: str | None) -> None:
        """Make the file READY with its bytes' hash, or REJECTED for a fault in them."""
        status = FileStatus.READY if fault is None else FileStatus.REJECTED
        self.recorded_status = status.value
        self.sha256 = sha256 if fault is None else None
        self.rejection = fault


class StoredObject(SQLModel, table=True):
    """A job's result in the object store: `size` in bytes, `sha256` in hex.

    `width` and `height` are those of an image, in pixels. One with an `owner_id` may be
    named by whatever of that owner's shows the same bytes.
    """

    __tablename__ = "stored_objects"
    __table_args__ = (
        Index(
            "stored_objects_by_content",
            "owner_id",
            "sha256",
            postgresql_where=text("owner_id IS NOT NULL"),
        ),
    )

    id: str = Field(default_factory=lambda: new_id("object"), primary_key=True)
    owner_id: str | None = Field(default=None, foreign_key="users.id")
    key: str = Field(unique=True)
    content_type: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    width: int | None = None
    height: int | None = None
    expires_at: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),
        index=True,
    )
    created_at: datetime = Field(
        default_factory=utc_now, sa_type=DateTime(timezone=True)
    )

    @property
    def is_over(self) -> bool:
        """True where the object's life has ended and it may be swept at any moment."""
        return self.expires_at is not None and self.expires_at <= utc_now()
