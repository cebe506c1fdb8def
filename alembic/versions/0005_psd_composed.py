"""Whether a document's picture is composed of its layers, for want of an embedded one."""

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Pictures that are there already are told to be embedded ones."""
    op.add_column(
        "psd_documents",
        sa.Column(
            "image_is_composed", sa.Boolean(), nullable=False, server_default="false"
        ),
    )


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("psd_documents", "image_is_composed")
