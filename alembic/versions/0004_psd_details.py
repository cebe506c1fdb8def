"""What is in a PSD beside its layers' pictures."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OF_DOCUMENTS = ("guides", "slices", "layer_comps", "swatches")
OF_LAYERS = ("fill", "line", "artboard", "smart_object")


def upgrade() -> None:
    """Add them, empty; documents parsed before stay without."""
    for name in OF_DOCUMENTS:
        op.add_column(
            "psd_documents",
            sa.Column(
                name,
                postgresql.JSONB(),
                nullable=False,
                server_default=sa.text("'[]'"),
            ),
        )
    for name in OF_LAYERS:
        op.add_column("psd_layers", sa.Column(name, postgresql.JSONB(), nullable=True))
    op.add_column("psd_layers", sa.Column("embedded_id", sa.String(), nullable=True))
    op.create_foreign_key(
        None,
        "psd_layers",
        "stored_objects",
        ["embedded_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index("psd_layers_by_embedded", "psd_layers", ["embedded_id"])


def downgrade() -> None:
    """Drop them; the embedded files are swept."""
    for name in ("embedded_id", *OF_LAYERS):
        op.drop_column("psd_layers", name)
    for name in OF_DOCUMENTS:
        op.drop_column("psd_documents", name)
