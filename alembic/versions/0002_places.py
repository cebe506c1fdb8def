"""Jobs' priorities, and the places that a person's jobs take turns at."""

import sqlalchemy as sa

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Jobs at work keep going; those that wait are admitted anew by maintenance."""
    op.add_column(
        "jobs",
        sa.Column(
            "priority", sa.String(), nullable=False, server_default="INTERACTIVE"
        ),
    )
    op.add_column(
        "jobs",
        sa.Column("admitted", sa.Boolean(), nullable=False, server_default="false"),
    )
    op.alter_column("jobs", "priority", server_default=None)
    op.alter_column("jobs", "admitted", server_default=None)
    op.execute("update jobs set admitted = true where status = 'RUNNING'")
    # Of jobs that wait, on subjects that no worker reads any more.
    op.execute("delete from outbox where stream = 'TASKS'")
    op.drop_index("jobs_by_status", "jobs")
    # Room for a page's rows to change in place.
    op.execute("alter table jobs set (fillfactor = 80)")
    op.create_index(
        "jobs_admitted", "jobs", ["owner_id"], postgresql_where=sa.text("admitted")
    )
    op.create_index(
        "jobs_to_admit",
        "jobs",
        ["owner_id", sa.text("priority DESC"), "created_at", "id"],
        postgresql_where=sa.text("NOT admitted AND finished_at IS NULL"),
    )


def downgrade() -> None:
    """Drop both."""
    op.execute("alter table jobs reset (fillfactor)")
    op.create_index("jobs_by_status", "jobs", ["status", "updated_at"])
    op.drop_index("jobs_to_admit", "jobs")
    op.drop_index("jobs_admitted", "jobs")
    op.drop_column("jobs", "admitted")
    op.drop_column("jobs", "priority")
