"""Exports of parsed PSDs, and their pictures."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_exports()
    _make_pictures()


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("psd_export_pictures")
    op.drop_table("psd_exports")


def _make_exports() -> None:
    op.create_table(
        "psd_exports",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archive_name", sa.String(), nullable=False),
        sa.Column("archive_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["psd_documents.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.ForeignKeyConstraint(
            ["archive_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id"),
    )
    op.create_index(
        "psd_exports_by_document", "psd_exports", ["document_id", "created_at", "id"]
    )
    op.create_index("psd_exports_by_archive", "psd_exports", ["archive_id"])


def _make_pictures() -> None:
    op.create_table(
        "psd_export_pictures",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("export_id", sa.String(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("layer_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.Column("fidelity", sa.String(), nullable=False),
        sa.Column("unsupported", postgresql.JSONB(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["export_id"], ["psd_exports.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["layer_id"], ["psd_layers.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["image_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, columns, unique in (
        ("psd_export_pictures_by_index", ["export_id", "index"], True),
        ("psd_export_pictures_by_layer", ["layer_id"], False),
        ("psd_export_pictures_by_image", ["image_id"], False),
    ):
        op.create_index(name, "psd_export_pictures", columns, unique=unique)
