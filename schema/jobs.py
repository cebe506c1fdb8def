"""Jobs in the graph."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from core.base import utc_now
from events.cursor import EventCursor as Cursor
from events.cursor import Position, decode_cursor, encode_cursor
from events.live.hub import Hub
from events.readers.job_history import read_history
from events.schemas import JobBody, JobErrorBody, Progress, ResultRef
from features.jobs.models import Job as JobRow
from features.jobs.rows import body_of
from features.jobs.services import StartedJob
from schema.context import Info
from schema.data_import import ImportRecord, load_import
from schema.errors import UserError
from schema.node import Node
from schema.paging import check_first
from schema.priority import JobPriority
from schema.psd import PsdDocument
from schema.psd_exports import PsdExport, load_export
from schema.scalars import BigInt, EventCursor
from schema.users import User

if TYPE_CHECKING:
    from schema.events import JobEventConnection


@strawberry.enum
class JobKind(Enum):
    """What a job does."""

    PSD_PARSE = "PSD_PARSE"
    PSD_EXPORT = "PSD_EXPORT"
    DATA_IMPORT = "DATA_IMPORT"
    BUSINESS_ANALYSIS = "BUSINESS_ANALYSIS"
    BACKGROUND_GENERATION = "BACKGROUND_GENERATION"


@strawberry.enum
class JobStatus(Enum):
    """Where a job stands."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@strawberry.enum
class JobErrorCode(Enum):
    """Why a job or an attempt failed."""

    CORRUPT_FILE = "CORRUPT_FILE"
    UNSUPPORTED_FORMAT = "UNSUPPORTED_FORMAT"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    INVALID_INPUT = "INVALID_INPUT"
    TIMEOUT = "TIMEOUT"
    WORKER_LOST = "WORKER_LOST"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    EXTERNAL_SERVICE = "EXTERNAL_SERVICE"
    INTERNAL = "INTERNAL"


@strawberry.type
class JobProgress:
    """How far a job is."""

    fraction: float = strawberry.field(
        description="0 to 1, never falling within an attempt."
    )
    stage: str = strawberry.field(
        description="What is being done now, such as 'layers' or 'rows'."
    )
    done: BigInt
    total: BigInt | None = strawberry.field(description="Null until it is known.")
    eta_seconds: float | None = strawberry.field(
        description="Null until a rate can be told."
    )
    message: str | None

    @classmethod
    def of(cls, progress: Progress) -> Self:
        """Show what a row or an event holds."""
        return cls(
            fraction=progress.fraction,
            stage=progress.stage,
            done=BigInt(progress.done),
            total=BigInt(progress.total) if progress.total is not None else None,
            eta_seconds=progress.eta_seconds,
            message=progress.message,
        )


@strawberry.type
class JobError:
    """Why a job or an attempt failed, in words that its owner can act on."""

    code: JobErrorCode
    message: str
    retryable: bool = strawberry.field(
        description="True where the same input may succeed later, so a retry makes "
        "sense."
    )

    @classmethod
    def of(cls, error: JobErrorBody) -> Self:
        """Show what a row or an event holds."""
        return cls(
            code=JobErrorCode(error.code),
            message=error.message,
            retryable=error.retryable,
        )


JobResult = Annotated[
    PsdDocument | PsdExport | ImportRecord, strawberry.union("JobResult")
]


@strawberry.type
class Job(Node):
    """One piece of work, as its row or an event shows it."""

    body: strawberry.Private[JobBody]
    kind: JobKind
    status: JobStatus
    priority: JobPriority
    progress: JobProgress
    attempt: int = strawberry.field(
        description="0 until the first run, 1 during it and until the next; at most "
        "maxAttempts, 4."
    )
    max_attempts: int
    error: JobError | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cursor: EventCursor = strawberry.field(
        description="The position in the event log that this snapshot reflects: "
        "subscribe after it and miss nothing."
    )

    @classmethod
    def of(cls, body: JobBody, cursor: Cursor) -> Self:
        """Show a row's or an event's body, at a place in the log."""
        return cls(
            id=strawberry.ID(body.id),
            body=body,
            kind=JobKind(body.kind),
            status=JobStatus(body.status),
            priority=JobPriority(body.priority),
            progress=JobProgress.of(body.progress),
            attempt=body.attempt,
            max_attempts=body.max_attempts,
            error=JobError.of(body.error) if body.error is not None else None,
            created_at=body.created_at,
            started_at=body.started_at,
            finished_at=body.finished_at,
            cursor=EventCursor(encode_cursor(cursor)),
        )

    @classmethod
    def of_row(cls, row: JobRow, position: Position | None) -> Self:
        """Show a row; `position` is what the hub had seen before it was read."""
        return cls.of(body_of(row), Cursor(utc_now(), position, row.id, row.job_seq))

    @strawberry.field(description="The job that this one runs again.")
    async def retry_of(self, info: Info) -> "Job | None":
        """The job before."""
        read = await info.context.loaders.jobs.load(self.body.id)
        if read is None or read.row.retry_of is None:
            return None
        return await load_job(info, read.row.retry_of)

    @strawberry.field(description="The job that ran this one again.")
    async def retried_as(self, info: Info) -> "Job | None":
        """The job after."""
        row = await info.context.loaders.retries.load(self.body.id)
        return await load_job(info, row.id) if row is not None else None

    @strawberry.field(
        description="Null until the job has something to show; partial results are "
        "visible while it runs."
    )
    async def result(self, info: Info) -> JobResult | None:
        """What the job made."""
        match self.body.result:
            case ResultRef("PsdDocument", document_id):
                document = await info.context.loaders.documents.load(document_id)
                return PsdDocument.of(document) if document is not None else None
            case ResultRef("PsdExport", export_id):
                return await load_export(info, export_id)
            case ResultRef("ImportRecord", import_id):
                return await load_import(info, import_id)
            case _:  # none yet, or of a later version
                return None

    @strawberry.field(
        description="The job's history, for as long as events are kept (7 days)."
    )
    async def events(
        self, info: Info, first: int = 100, after: EventCursor | None = None
    ) -> Annotated["JobEventConnection", strawberry.lazy("schema.events")]:
        """What has happened to the job."""
        # There, events hold jobs.
        from schema.events import JobEventConnection

        check_first(first)
        cursor = decode_cursor(after) if after is not None else None
        hub = info.context.get(Hub)
        return JobEventConnection.of(
            await read_history(hub, self.body.id, first, cursor)
        )

    @strawberry.field
    async def created_by(self, info: Info) -> User:
        """Who started the job."""
        row = await info.context.loaders.users.load(self.body.owner)
        assert row is not None
        return User.of(row)


async def load_job(info: Info, job_id: str) -> Job | None:
    """Show a job by its id."""
    read = await info.context.loaders.jobs.load(job_id)
    return Job.of_row(read.row, read.position) if read is not None else None


@strawberry.input
class JobFilter:
    """Which jobs a list shows; what is left out restricts nothing."""

    kind: list[JobKind] | None = None
    status: list[JobStatus] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


@strawberry.type(description="What every mutation that starts or steers a job answers.")
class JobPayload:
    """A job, or what is wrong."""

    job: Job | None = strawberry.field(
        default=None,
        description="As it stands when the wait is over: ended, or still under way.",
    )
    cursor: EventCursor | None = strawberry.field(
        default=None,
        description="Subscribe after this and see everything that has happened to the "
        "job since it was accepted (cancelJob: since just before).",
    )
    user_errors: list[UserError] = strawberry.field(default_factory=list)

    @classmethod
    def of(cls, started: StartedJob) -> Self:
        """Show a started job."""
        job = Job.of_row(started.job, started.position)
        return cls(job=job, cursor=EventCursor(started.cursor))

    @classmethod
    def refused(cls, errors: Sequence[UserError]) -> Self:
        """Show what is wrong."""
        return cls(user_errors=list(errors))
