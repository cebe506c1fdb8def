"""An index for the order in which dead letters are listed."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index."""
    op.create_index("dead_letters_by_time", "dead_letters", ["at", "id"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("dead_letters_by_time", table_name="dead_letters")
