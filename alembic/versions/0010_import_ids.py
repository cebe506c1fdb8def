"""Note which ids an import's rows were given, so that undo finds them without a search."""

import sqlalchemy as sa

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; of imports before nothing is known, and their rows are searched for."""
    op.add_column("imports", sa.Column("first_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("imports", "first_id")
