"""Root fields of jobs."""

import strawberry

from core.base import utc_now
from core.errors import AppError
from events.cursor import EventCursor as Cursor
from events.cursor import encode_cursor
from events.live.hub import Hub
from features.jobs.dead_letters import DeadLettersService
from features.jobs.models import JobSelection
from features.jobs.services import JobsService
from schema.context import Info
from schema.dead_letters import DeadLetter
from schema.errors import user_errors
from schema.jobs import Job, JobFilter, JobPayload, load_job
from schema.paging import Connection, check_first, connect, read_time_key
from schema.scalars import EventCursor


async def load_visible_job(info: Info, job_id: str) -> Job | None:
    """Show a job that the caller may see."""
    job = await load_job(info, job_id)
    if job is None or not info.context.caller.may_see(job.body.owner):
        return None
    return job


async def load_dead_letter(info: Info, letter_id: str) -> DeadLetter | None:
    """Show a dead letter to an administrator."""
    if not info.context.caller.is_admin:
        return None
    row = await info.context.loaders.dead_letters.load(letter_id)
    return DeadLetter.of(row) if row is not None else None


NODES = {"job": load_visible_job, "deadletter": load_dead_letter}


def _selection(owner_id: str | None, wanted: JobFilter | None) -> JobSelection:
    if wanted is None:
        return JobSelection(owner_id)
    return JobSelection(
        owner_id,
        tuple({kind.value for kind in wanted.kind or ()}),
        tuple({status.value for status in wanted.status or ()}),
        wanted.created_after,
        wanted.created_before,
    )


@strawberry.type
class JobsQuery:
    """Queries of jobs."""

    @strawberry.field
    async def job(self, info: Info, id: strawberry.ID) -> Job | None:
        """One job."""
        return await load_visible_job(info, id)

    @strawberry.field
    async def jobs(
        self,
        info: Info,
        filter: JobFilter | None = None,
        first: int = 20,
        after: str | None = None,
    ) -> Connection[Job]:
        """The caller's jobs, newest first."""
        check_first(first)
        jobs = info.context.get(JobsService)
        selection = _selection(info.context.owner_id, filter)
        position = info.context.get(Hub).position
        return connect(
            await jobs.page(selection, first + 1, read_time_key(after)),
            first,
            after=after,
            key=lambda row: (row.created_at, row.id),
            node=lambda row: Job.of_row(row, position),
            count=lambda: jobs.count(selection),
        )

    @strawberry.field(
        description="Jobs that used up their attempts, and messages that no worker "
        "understood, newest first. For administrators: null for anybody else."
    )
    async def dead_letters(
        self, info: Info, first: int = 20, after: str | None = None
    ) -> Connection[DeadLetter] | None:
        """What could not be worked on."""
        check_first(first)
        key = read_time_key(after)
        if not info.context.caller.is_admin:
            return None
        letters = info.context.get(DeadLettersService)
        return connect(
            await letters.page(first + 1, key),
            first,
            after=after,
            key=lambda row: (row.at, row.id),
            node=DeadLetter.of,
            count=letters.count,
        )

    @strawberry.field(
        description="Where the event log stands now: subscribe after it to see all "
        "that comes later."
    )
    async def event_cursor(self, info: Info) -> EventCursor:
        """The log's end, as the hub has seen it."""
        position = await info.context.get(Hub).reach_soon()
        cursor = Cursor(utc_now(), position)
        return EventCursor(encode_cursor(cursor))


@strawberry.type
class JobsMutation:
    """Mutations of jobs."""

    @strawberry.mutation(
        description="Ends a job that has not ended. One that has is left as it is, "
        "with a CONFLICT."
    )
    async def cancel_job(self, info: Info, id: strawberry.ID) -> JobPayload:
        """End a job."""
        try:
            return JobPayload.of(
                await info.context.get(JobsService).cancel(info.context.caller, id)
            )
        except AppError as error:
            return JobPayload.refused(user_errors(error))

    @strawberry.mutation(
        description="Starts a new job with the input of one that FAILED or was "
        "CANCELED; a second call answers with the same new job."
    )
    async def retry_job(self, info: Info, id: strawberry.ID) -> JobPayload:
        """Run a job's input again."""
        try:
            return JobPayload.of(
                await info.context.get(JobsService).retry(info.context.caller, id)
            )
        except AppError as error:
            return JobPayload.refused(user_errors(error))
