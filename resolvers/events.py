"""Subscriptions: what the hub's readers give, as the graph shows it."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import strawberry

from core.errors import AppError, ErrorCode
from core.validators import is_id
from events.cursor import EventCursor as Cursor
from events.cursor import decode_cursor, encode_cursor
from events.feed_reader import FeedReader
from events.hub import Hub
from events.job_reader import JobReader
from events.subjects import is_filter
from features.jobs.services import JobRowsService
from schema.context import Info
from schema.events import Event, JobEvent, job_event
from schema.scalars import EventCursor


def _cursor(info: Info, after: EventCursor | None) -> Cursor | None:
    text = info.context.resume_after or after
    return decode_cursor(text) if text is not None else None


@strawberry.type
class EventsSubscription:
    """Subscriptions to what happens."""

    @strawberry.subscription(
        description="One job: a snapshot, then all that happens to it, in order, "
        "without a gap; completes when it has ended."
    )
    async def job_events(
        self, info: Info, id: strawberry.ID, after: EventCursor | None = None
    ) -> AsyncGenerator[JobEvent, None]:
        """Watch one job."""
        rows = info.context.get(JobRowsService)
        cursor = _cursor(info, after)
        job = await rows.body(id) if is_id("job", id) else None
        if job is None or not info.context.caller.may_see(job.owner):
            raise AppError(ErrorCode.NOT_FOUND, "There is no such job.")
        reader = JobReader(info.context.get(Hub), rows, id)
        async with aclosing(reader.read(cursor)) as items:
            async for item in items:
                info.context.forget_loaded()
                info.context.cursor = encode_cursor(item.cursor)
                yield job_event(item)

    @strawberry.subscription(
        description="The EVENTS stream through a NATS subject filter below `events.`, "
        "such as `psd.>` or `*.*.failed`."
    )
    async def events(
        self, info: Info, subject: str = ">", after: EventCursor | None = None
    ) -> AsyncGenerator[Event, None]:
        """Watch all that happens below a filter."""
        if not is_filter(subject):
            raise AppError(
                ErrorCode.BAD_USER_INPUT,
                f"{subject!r} is no subject filter. Use words, `*` for any one word, "
                "and `>` at the end for all that follows, such as `psd.>`.",
            )
        hub, caller = info.context.get(Hub), info.context.caller
        reader = FeedReader(hub, subject, caller.may_see)
        async with aclosing(reader.read(_cursor(info, after))) as items:
            async for item in items:
                info.context.forget_loaded()
                info.context.cursor = encode_cursor(item.cursor)
                yield Event.of(item)
