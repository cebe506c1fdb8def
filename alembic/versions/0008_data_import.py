"""Imports of spreadsheets: records, rejected rows, datasets, and orders."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)
FORGET = """
create function forget_import_previous() returns trigger language plpgsql as $$ begin
    delete from import_previous
        where import_id = substr(old.id, length('import_') + 1)::uuid;
    return null;
end $$
"""
TRIGGER = """
create trigger forget_import_previous after delete on imports
    for each row execute function forget_import_previous()
"""

# With an import, that is with its file, goes the dataset that it has made.
DROP_DATASET = """
create function drop_import_dataset() returns trigger language plpgsql as $$
declare made text;
begin
    delete from datasets where id = old.dataset_id and target is null
        returning table_name into made;
    if made is not null then
        execute format('drop table if exists datasets.%I', made);
    end if;
    return null;
end $$
"""
DROP_TRIGGER = """
create trigger drop_import_dataset after delete on imports
    for each row execute function drop_import_dataset()
"""


def upgrade() -> None:
    """Make the tables, and a schema for those that are made from files."""
    op.execute("create schema datasets")
    _make_datasets()
    _make_imports()
    _make_errors()
    _make_previous()
    _make_orders()


def downgrade() -> None:
    """Drop all of it, datasets included."""
    op.execute("drop schema datasets cascade")
    op.drop_table("orders")
    for table in ("import_previous", "import_errors", "imports", "datasets"):
        op.drop_table(table)
    op.execute("drop function forget_import_previous()")
    op.execute("drop function drop_import_dataset()")


def _make_datasets() -> None:
    op.create_table(
        "datasets",
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("target"),
        sa.UniqueConstraint("table_name"),
    )
    op.create_index("datasets_by_owner", "datasets", ["owner_id", "created_at", "id"])
    op.create_index("datasets_by_time", "datasets", ["created_at", "id"])


def _make_imports() -> None:
    counts = ("rows_read", "rows_inserted", "rows_updated", "rows_rejected")
    op.create_table(
        "imports",
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("dataset_id", sa.String(), nullable=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in counts),
        sa.Column("stored_at", TIME, nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.Column("report_name", sa.String(), nullable=True),
        sa.Column("report_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"]),
        sa.ForeignKeyConstraint(["file_id"], ["source_files.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["dataset_id"], ["datasets.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["report_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id"),
    )
    for name, columns in (
        ("imports_by_owner", ["owner_id", "created_at", "id"]),
        ("imports_by_time", ["created_at", "id"]),
        ("imports_by_report", ["report_id"]),
        ("imports_by_dataset", ["dataset_id"]),
        (op.f("ix_imports_file_id"), ["file_id"]),
    ):
        op.create_index(name, "imports", columns)


def _make_errors() -> None:
    op.create_table(
        "import_errors",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("column", sa.String(), nullable=True),
        sa.Column("value", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("import_id", "row", "position"),
        sa.UniqueConstraint("id"),
    )


def _make_previous() -> None:
    op.create_table(
        "import_previous",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("previous", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row_id"),
    )
    op.execute(FORGET)
    op.execute(TRIGGER)
    op.execute(DROP_DATASET)
    op.execute(DROP_TRIGGER)


def _make_orders() -> None:
    key = ("order_number", "platform", "sku")
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False, server_default="")
            for name in key
        ),
        sa.Column("shop", sa.Text()),
        sa.Column("product", sa.Text()),
        sa.Column("quantity", sa.BigInteger()),
        sa.Column("unit_price", sa.Numeric()),
        sa.Column("amount", sa.Numeric()),
        sa.Column("currency", sa.Text()),
        sa.Column("status", sa.Text()),
        sa.Column("paid_at", TIME),
        sa.Column("created_at", TIME),
        sa.Column("province", sa.Text()),
        sa.Column("city", sa.Text()),
        sa.Column("buyer_hash", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("orders_by_key", "orders", list(key), unique=True)
