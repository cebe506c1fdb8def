"""Give each import of orders 2^32 ids at once: one for each row that its file may have."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the sequence go on by as many for each import."""
    op.execute("alter table orders alter column id set increment by 4294967296")


def downgrade() -> None:
    """Let it count rows again."""
    op.execute("alter table orders alter column id set increment by 1")
