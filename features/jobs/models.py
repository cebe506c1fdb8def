"""Jobs: the one table behind every piece of work."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import DateTime, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from core.base import TimestampMixin, new_id, utc_now
from core.task_queue import TaskPriority

MAX_ATTEMPTS: Final = 4


class JobStatus(StrEnum):
    """Where a job stands. The last three are for ever."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"

    @property
    def has_ended(self) -> bool:
        """True where nothing can happen to the job any more."""
        return self in (self.SUCCEEDED, self.FAILED, self.CANCELED)


class JobPriority(StrEnum):
    """Which jobs go first. The names sort backwards: the first to go comes last."""

    INTERACTIVE = "INTERACTIVE"
    BULK = "BULK"

    @property
    def task_priority(self) -> TaskPriority:
        """The priority of the job's task in the work queue."""
        return TaskPriority[self.name]


class Job(TimestampMixin, table=True):
    """One piece of work.

    `job_seq` is the number of the job's last event. `claim` is the fence: every
    takeover raises it, and a worker writes only while it holds the newest.
    `run_after` is the time before which a QUEUED job is not run. `handed_back` says
    that the next claim goes on with the same attempt. `admitted` says that the job has
    one of its owner's places, from when its task is enqueued to its end; a QUEUED job
    without one waits for it, and has no task.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("owner_id", "mutation", "idempotency_key"),
        Index("jobs_by_time", "created_at", "id"),
        Index("jobs_by_owner", "owner_id", "created_at", "id"),
        # Nothing that changes while a job is at work is in an index: PostgreSQL then
        # leaves all indexes alone.
        Index("jobs_admitted", "owner_id", postgresql_where=text("admitted")),
        Index(
            "jobs_to_admit",
            "owner_id",
            text("priority DESC"),
            "created_at",
            "id",
            postgresql_where=text("NOT admitted AND finished_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=lambda: new_id("job"), primary_key=True)
    kind: str
    owner_id: str = Field(foreign_key="users.id")
    mutation: str
    idempotency_key: str | None = None
    input: dict[str, Any] = Field(sa_type=JSONB)
    task_name: str
    start_cursor: str

    priority: str = JobPriority.INTERACTIVE.value
    admitted: bool = False
    status: str = JobStatus.QUEUED.value
    job_seq: int = 0
    claim: int = 0
    attempt: int = 0
    max_attempts: int = MAX_ATTEMPTS
    handed_back: bool = False
    run_after: datetime | None = Field(
        default=None,
        sa_type=DateTime(timezone=True),
    )
    heartbeat_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    progress: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, nullable=False
    )
    error: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    result_type: str | None = None
    result_id: str | None = None
    retry_of: str | None = Field(default=None, foreign_key="jobs.id", unique=True)
    started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    finished_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def has_ended(self) -> bool:
        """True where the job is SUCCEEDED, FAILED or CANCELED."""
        return JobStatus(self.status).has_ended


class DeadLetter(SQLModel, table=True):
    """A job that used up its attempts, or a message that no worker understood."""

    __tablename__ = "dead_letters"
    __table_args__ = (Index("dead_letters_by_time", "at", "id"),)

    id: str = Field(default_factory=lambda: new_id("deadletter"), primary_key=True)
    at: datetime = Field(
        default_factory=utc_now,
        sa_type=DateTime(timezone=True),
    )
    job_id: str | None = Field(default=None, foreign_key="jobs.id", index=True)
    reason: str
    message: str


class OpenJobs(NamedTuple):
    """How many jobs wait for a place of their owner's, wait for a worker, and run."""

    waiting: int
    queued: int
    running: int


class JobSelection(NamedTuple):
    """Which jobs a list shows; empty tuples and None leave a restriction out."""

    owner_id: str | None = None
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created_after: datetime | None = None
    created_before: datetime | None = None
