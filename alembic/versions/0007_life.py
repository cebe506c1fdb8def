"""Files go with what was made of them; previews come again; bytes are kept once."""

import sqlalchemy as sa

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

FILE_KEY = "psd_documents_file_id_fkey"
OWNER_KEY = "stored_objects_owner_id_fkey"


def upgrade() -> None:
    """Have documents go with their file, and tell which engine has read them."""
    _replace_key("CASCADE")
    op.add_column(
        "psd_documents", sa.Column("previews_asked_at", sa.DateTime(timezone=True))
    )
    op.add_column(
        "psd_documents",
        sa.Column("engine_version", sa.Integer(), nullable=False, server_default="0"),
    )
    op.alter_column("psd_documents", "engine_version", server_default=None)
    op.create_index("source_files_by_sha256", "source_files", ["owner_id", "sha256"])
    op.add_column("stored_objects", sa.Column("owner_id", sa.String()))
    op.create_foreign_key(OWNER_KEY, "stored_objects", "users", ["owner_id"], ["id"])
    op.create_index(
        "stored_objects_by_content",
        "stored_objects",
        ["owner_id", "sha256"],
        postgresql_where=sa.text("owner_id IS NOT NULL"),
    )


def downgrade() -> None:
    """Have documents keep their file, and forget the rest."""
    op.drop_index("stored_objects_by_content", table_name="stored_objects")
    op.drop_constraint(OWNER_KEY, "stored_objects", type_="foreignkey")
    op.drop_column("stored_objects", "owner_id")
    op.drop_index("source_files_by_sha256", table_name="source_files")
    op.drop_column("psd_documents", "engine_version")
    op.drop_column("psd_documents", "previews_asked_at")
    _replace_key(None)


def _replace_key(ondelete: str | None) -> None:
    op.drop_constraint(FILE_KEY, "psd_documents", type_="foreignkey")
    op.create_foreign_key(
        FILE_KEY,
        "psd_documents",
        "source_files",
        ["file_id"],
        ["id"],
        ondelete=ondelete,
    )
