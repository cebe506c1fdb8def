"""The base: users, jobs and their outbox, files, parsed PSDs."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "outbox",
    "users",
    "stored_objects",
    "source_files",
    "jobs",
    "dead_letters",
    "psd_documents",
    "psd_layers",
)
LOCAL_ADMINISTRATOR_ID = "user_00000000000070008000000000000001"


def upgrade() -> None:
    """Make all tables, and the local administrator."""
    _make_outbox()
    _make_users()
    _make_files()
    _make_jobs()
    _make_documents()
    _make_layers()


def downgrade() -> None:
    """Drop all tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column(
            "position", sa.BigInteger(), sa.Identity(always=True), nullable=False
        ),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("job_seq", sa.Integer(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column(
            "not_before",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_index(op.f("ix_outbox_job_id"), "outbox", ["job_id"], unique=False)
    op.create_index(
        op.f("ix_outbox_not_before"), "outbox", ["not_before"], unique=False
    )


def _make_users() -> None:
    op.create_table(
        "users",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
    )
    op.execute(
        sa.text(
            "insert into users "
            "(id, email, name, role, disabled, created_at, updated_at) values "
            "(:id, 'admin@localhost', 'Local administrator', 'ADMIN', false, now(), "
            "now())"
        ).bindparams(id=LOCAL_ADMINISTRATOR_ID)
    )


def _make_files() -> None:
    op.create_table(
        "stored_objects",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index(
        op.f("ix_stored_objects_expires_at"),
        "stored_objects",
        ["expires_at"],
        unique=False,
    )
    op.create_table(
        "source_files",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("announced_sha256", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("rejection", sa.String(), nullable=True),
        sa.Column("storage_key", sa.String(), nullable=False),
        sa.Column("upload_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("storage_key"),
    )
    op.create_index(
        "source_files_by_owner",
        "source_files",
        ["owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("source_files_by_time", "source_files", ["created_at", "id"])


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("mutation", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("input", postgresql.JSONB(), nullable=False),
        sa.Column("task_name", sa.String(), nullable=False),
        sa.Column("start_cursor", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("job_seq", sa.Integer(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("handed_back", sa.Boolean(), nullable=False),
        sa.Column("run_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("progress", postgresql.JSONB(), nullable=False),
        sa.Column("error", postgresql.JSONB(), nullable=True),
        sa.Column("result_type", sa.String(), nullable=True),
        sa.Column("result_id", sa.String(), nullable=True),
        sa.Column("retry_of", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["retry_of"],
            ["jobs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner_id", "mutation", "idempotency_key"),
        sa.UniqueConstraint("retry_of"),
    )
    op.create_index(
        "jobs_by_owner", "jobs", ["owner_id", "created_at", "id"], unique=False
    )
    op.create_index("jobs_by_time", "jobs", ["created_at", "id"])
    op.create_index("jobs_by_status", "jobs", ["status", "updated_at"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_dead_letters_job_id"), "dead_letters", ["job_id"], unique=False
    )


def _make_documents() -> None:
    op.create_table(
        "psd_documents",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner_id", sa.String(), nullable=False),
        sa.Column("job_id", sa.String(), nullable=False),
        sa.Column("file_id", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("color_mode", sa.String(), nullable=False),
        sa.Column("bit_depth", sa.Integer(), nullable=False),
        sa.Column("is_large", sa.Boolean(), nullable=False),
        sa.Column("dpi", sa.Float(), nullable=True),
        sa.Column("icc_profile", sa.String(), nullable=True),
        sa.Column("layer_count", sa.Integer(), nullable=False),
        sa.Column("fonts", postgresql.JSONB(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=True),
        sa.Column("preview_id", sa.String(), nullable=True),
        sa.Column("previews_published", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["source_files.id"],
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"],
            ["jobs.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
        ),
        sa.ForeignKeyConstraint(
            ["preview_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id"),
    )
    op.create_index(
        op.f("ix_psd_documents_file_id"), "psd_documents", ["file_id"], unique=False
    )
    op.create_index(
        "psd_documents_by_owner",
        "psd_documents",
        ["owner_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("psd_documents_by_time", "psd_documents", ["created_at", "id"])
    op.create_index("psd_documents_by_image", "psd_documents", ["image_id"])
    op.create_index("psd_documents_by_preview", "psd_documents", ["preview_id"])


def _make_layers() -> None:
    op.create_table(
        "psd_layers",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("document_id", sa.String(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("parent_index", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("path", postgresql.JSONB(), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("visible", sa.Boolean(), nullable=False),
        sa.Column("opacity", sa.Float(), nullable=False),
        sa.Column("blend_mode", sa.String(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("top", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("clipped", sa.Boolean(), nullable=False),
        sa.Column("has_mask", sa.Boolean(), nullable=False),
        sa.Column("has_vector_mask", sa.Boolean(), nullable=False),
        sa.Column("text", postgresql.JSONB(), nullable=True),
        sa.Column("effects", postgresql.JSONB(), nullable=False),
        sa.Column("fidelity", sa.String(), nullable=False),
        sa.Column("unsupported", postgresql.JSONB(), nullable=False),
        sa.Column("image_id", sa.String(), nullable=True),
        sa.Column("preview_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["psd_documents.id"], ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["preview_id"], ["stored_objects.id"], ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("psd_layers_by_image", "psd_layers", ["image_id"], unique=False)
    op.create_index(
        "psd_layers_by_index", "psd_layers", ["document_id", "index"], unique=True
    )
    op.create_index("psd_layers_by_preview", "psd_layers", ["preview_id"], unique=False)
