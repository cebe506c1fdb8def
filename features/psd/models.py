"""Parsed PSDs: documents and their layers."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import DateTime, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.base import TimestampMixin

# In a job's input, and false: what was parsed before is not taken.
REUSE: Final = "reuse"


def _listed() -> Any:
    """Make a column of JSON objects, of which rows from before it have none."""
    empty = {"server_default": text("'[]'")}
    return Field(default_factory=list, sa_type=JSONB, sa_column_kwargs=empty)


class PsdDocument(TimestampMixin, table=True):
    """A parsed PSD. Its id is derived from its job's, so that a retry finds it again.

    `previews_published` says that the previews' life has been counted from the parse's
    completion, `image_is_composed` that the file embeds no picture of the whole
    document, `previews_asked_at` since when somebody wants those made again whose life
    is over, and `engine_version` which engine has read it.
    """

    __tablename__ = "psd_documents"
    __table_args__ = (
        Index("psd_documents_by_owner", "owner_id", "created_at", "id"),
        Index("psd_documents_by_time", "created_at", "id"),
        Index("psd_documents_by_image", "image_id"),
        Index("psd_documents_by_preview", "preview_id"),
    )

    id: str = Field(primary_key=True)
    owner_id: str = Field(foreign_key="users.id")
    job_id: str = Field(foreign_key="jobs.id", unique=True)
    file_id: str = Field(foreign_key="source_files.id", index=True, ondelete="CASCADE")
    width: int
    height: int
    color_mode: str
    bit_depth: int
    is_large: bool
    dpi: float | None = None
    icc_profile: str | None = None
    layer_count: int
    fonts: list[str] = Field(sa_type=JSONB)
    guides: list[dict[str, Any]] = _listed()
    slices: list[dict[str, Any]] = _listed()
    layer_comps: list[dict[str, Any]] = _listed()
    swatches: list[dict[str, Any]] = _listed()
    image_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )
    preview_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )
    image_is_composed: bool = False
    previews_published: bool = False
    previews_asked_at: datetime | None = Field(
        default=None, sa_type=DateTime(timezone=True)
    )
    engine_version: int = 0


class PsdLayer(TimestampMixin, table=True):
    """One layer. Its id is derived from the document's and `index`.

    Bounds are in pixels from the canvas' top left corner, as stored in the file.
    `embedded_id` is the file in a smart object: one object, though many layers show it.
    """

    __tablename__ = "psd_layers"

    id: str = Field(primary_key=True)
    document_id: str = Field(foreign_key="psd_documents.id", ondelete="CASCADE")
    index: int
    parent_index: int | None = None
    name: str
    path: list[str] = Field(sa_type=JSONB)
    depth: int
    kind: str
    visible: bool
    opacity: float
    blend_mode: str
    left: int
    top: int
    width: int
    height: int
    clipped: bool
    has_mask: bool
    has_vector_mask: bool
    text: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    effects: list[dict[str, Any]] = Field(sa_type=JSONB)
    fidelity: str
    unsupported: list[str] = Field(sa_type=JSONB)
    fill: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    line: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    artboard: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True)
    )
    smart_object: dict[str, Any] | None = Field(
        default=None, sa_type=JSONB(none_as_null=True)
    )
    embedded_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )
    image_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )
    preview_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )

    __table_args__ = (
        Index("psd_layers_by_index", "document_id", "index", unique=True),
        Index("psd_layers_by_image", "image_id"),
        Index("psd_layers_by_preview", "preview_id"),
        Index("psd_layers_by_embedded", "embedded_id"),
    )


class PsdExport(TimestampMixin, table=True):
    """Pictures drawn of a document. Its id is derived from its job's.

    Its stored objects live until `expires_at`; `archive_name` is a file's name.
    """

    __tablename__ = "psd_exports"
    __table_args__ = (
        Index("psd_exports_by_document", "document_id", "created_at", "id"),
        Index("psd_exports_by_archive", "archive_id"),
    )

    id: str = Field(primary_key=True)
    document_id: str = Field(foreign_key="psd_documents.id", ondelete="CASCADE")
    job_id: str = Field(foreign_key="jobs.id", unique=True)
    format: str
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    archive_name: str
    archive_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )


class PsdExportPicture(SQLModel, table=True):
    """One picture of an export; of the whole document where no layer is named.

    Its id is derived from the export's and `index`; `name` is its path in an archive.
    """

    __tablename__ = "psd_export_pictures"

    id: str = Field(primary_key=True)
    export_id: str = Field(foreign_key="psd_exports.id", ondelete="CASCADE")
    index: int
    layer_id: str | None = Field(
        default=None, foreign_key="psd_layers.id", ondelete="CASCADE"
    )
    name: str
    scale: float
    fidelity: str
    unsupported: list[str] = Field(sa_type=JSONB)
    image_id: str | None = Field(
        default=None, foreign_key="stored_objects.id", ondelete="SET NULL"
    )

    __table_args__ = (
        Index("psd_export_pictures_by_index", "export_id", "index", unique=True),
        Index("psd_export_pictures_by_layer", "layer_id"),
        Index("psd_export_pictures_by_image", "image_id"),
    )


class LayerSelection(NamedTuple):
    """Which of a document's layers a page shows; None leaves a restriction out."""

    kinds: tuple[str, ...] | None = None
    visible: bool | None = None


class Pictures(NamedTuple):
    """The stored objects of a layer's image and preview."""

    image_id: str
    preview_id: str
