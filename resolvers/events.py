"""Subscriptions: what the hub's readers give, as the graph shows it."""

from collections.abc import AsyncGenerator
from typing import Any, cast

import strawberry

from core.errors import AppError, ErrorCode
from core.validators import is_id
from events.cursor import EventCursor as Cursor
from events.cursor import decode_cursor
from events.live.hub import Hub
from events.readers.feed_reader import FeedReader
from events.readers.job_feed_reader import JobFeedReader
from events.readers.job_reader import JobReader, read_row
from events.subjects import ROOT, is_filter, may_match
from features.jobs.reading import JobRowsService
from resolvers.subscriptions.source import EventSource
from schema.context import Info
from schema.events import Delivery, Event, JobEvent, job_event
from schema.jobs import JobKind
from schema.scalars import EventCursor


def _cursor(info: Info, after: EventCursor | None) -> Cursor | None:
    """Return where to go on: a reconnect's own place wins over the argument."""
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
        self,
        info: Info,
        id: strawberry.ID,
        after: EventCursor | None = None,
        delivery: Delivery = Delivery.ALL,
    ) -> AsyncGenerator[JobEvent, None]:
        """Watch one job."""
        hub, rows = info.context.get(Hub), info.context.get(JobRowsService)
        cursor = _cursor(info, after)
        row = await read_row(hub, rows, id) if is_id("job", id) else None
        if row is None or not info.context.caller.may_see(row.job.owner):
            raise AppError(ErrorCode.NOT_FOUND, "There is no such job.")
        reader = JobReader(hub, rows, row, cursor)
        return _source(EventSource(hub, reader, job_event, delivery))

    @strawberry.subscription(
        description="The caller's jobs, all of them, from now on or after a cursor."
    )
    async def job_feed(
        self,
        info: Info,
        kind: list[JobKind] | None = None,
        after: EventCursor | None = None,
        delivery: Delivery = Delivery.LATEST,
    ) -> AsyncGenerator[JobEvent, None]:
        """Watch all jobs."""
        hub, rows = info.context.get(Hub), info.context.get(JobRowsService)
        kinds = sorted({one.value for one in kind or ()})
        cursor, owner = _cursor(info, after), info.context.owner_id
        reader = JobFeedReader(hub, rows, owner, kinds, cursor)
        return _source(EventSource(hub, reader, job_event, delivery))

    @strawberry.subscription(
        description="The EVENTS stream through a NATS subject filter below `events.`, "
        "such as `psd.>` or `*.*.failed`."
    )
    async def events(
        self, info: Info, subject: str = ">", after: EventCursor | None = None
    ) -> AsyncGenerator[Event, None]:
        """Watch all that happens below a filter."""
        _check_filter(subject)
        hub, caller = info.context.get(Hub), info.context.caller
        reader = FeedReader(hub, subject, caller.may_see, _cursor(info, after))
        return _source(EventSource(hub, reader, Event.of, Delivery.ALL))


def _check_filter(subject: str) -> None:
    """Raise BAD_USER_INPUT for a filter that nothing will ever come through."""
    if not is_filter(subject):
        problem = (
            f"{subject!r} is no subject filter. Use words, `*` for any one word, and "
            "`>` at the end for all that follows, such as `psd.>`."
        )
    elif subject.split(".")[0] == ROOT:
        problem = (
            f"{subject!r} begins with `{ROOT}`. Leave that off: a filter begins with "
            "the next word, such as `psd.>`."
        )
    elif not may_match(subject):
        problem = (
            f"{subject!r} covers no event. A filter has three words, such as "
            "`psd.parse_export.completed` (leave the id off), or fewer and `>` at its "
            "end, such as `psd.>`."
        )
    else:
        return
    raise AppError(ErrorCode.BAD_USER_INPUT, problem)


def _source(source: EventSource[Any, Any]) -> AsyncGenerator[Any, None]:
    # Strawberry knows a subscription by its return type.
    return cast(AsyncGenerator[Any, None], source)
