"""What a subscriber sees."""

from collections.abc import Callable
from datetime import datetime
from enum import Enum
from typing import Any, Final, Self

import strawberry

from core.base import new_id, utc_now
from events.cursor import EventCursor as Cursor
from events.cursor import encode_cursor
from events.readers.feed_reader import FeedEvent, FeedGap, FeedItem
from events.readers.job_history import HistoryPage
from events.readers.job_reader import Gap, JobItem, Snapshot
from events.recorded import Happened
from events.schemas import EventBody
from events.subjects import (
    LAYERS_EXPORTED,
    PICTURES_EXPORTED,
    PREVIEW_READY,
    ROWS_REJECTED,
    Transition,
)
from schema.context import Info
from schema.data_import import ImportError
from schema.jobs import Job, JobError, JobProgress
from schema.psd import PsdDocument, PsdLayer
from schema.psd_exports import PsdExportedPicture
from schema.scalars import BigInt, EventCursor


@strawberry.enum
class Delivery(Enum):
    """How much a client wants that falls behind."""

    ALL = strawberry.enum_value("ALL", description="Every event.")
    LATEST = strawberry.enum_value(
        "LATEST",
        description="Under pressure, of several waiting progress events only the "
        "newest; every other event always.",
    )


@strawberry.interface(
    description="Something that happened to a job. Every event carries the cursor to "
    "resume after it. `job` is the job as the event left it (status, attempt, progress "
    "and error are in the event); `job.result` and what hangs on it are read when they "
    "are asked for."
)
class JobEvent:
    """What all events of a job have."""

    cursor: EventCursor
    at: datetime
    job: Job


@strawberry.type(
    description="First on a subscription without a cursor, and after a gap: the job "
    "as it stands."
)
class JobSnapshot(JobEvent):
    """The job's row."""


@strawberry.type(description="The job was accepted: its first event.")
class JobQueued(JobEvent):
    """Accepted."""


@strawberry.type
class JobStarted(JobEvent):
    """A worker began an attempt."""

    attempt: int


@strawberry.type
class JobProgressed(JobEvent):
    """The worker got on."""

    progress: JobProgress


@strawberry.type(description="The attempt failed, and another follows.")
class JobRetrying(JobEvent):
    """Failed, but not for good."""

    error: JobError
    next_attempt_at: datetime


@strawberry.type
class JobSucceeded(JobEvent):
    """Done; the result is stored whole."""


@strawberry.type
class JobFailed(JobEvent):
    """Failed for good."""

    error: JobError


@strawberry.type
class JobCanceled(JobEvent):
    """Ended by a person."""


@strawberry.type(
    description="Layers whose images have been stored since the last such event: they "
    "can be shown while the rest is still being exported."
)
class PsdLayersExported(JobEvent):
    """Layers to show."""

    layer_ids: strawberry.Private[list[str]]

    @strawberry.field
    async def layers(self, info: Info) -> list[PsdLayer]:
        """The layers; one whose document was deleted is left out."""
        rows = await info.context.loaders.layers.load_many(self.layer_ids)
        return [PsdLayer.of(row) for row in rows if row is not None]


@strawberry.type(
    description="The document's flattened preview has been stored and can be shown; "
    "before JobSucceeded."
)
class PsdPreviewReady(JobEvent):
    """A picture to show."""

    document_id: strawberry.Private[str]

    @strawberry.field
    async def document(self, info: Info) -> PsdDocument | None:
        """The document."""
        row = await info.context.loaders.documents.load(self.document_id)
        return PsdDocument.of(row) if row is not None else None


@strawberry.type(
    description="Pictures of an export that have been stored since the last such "
    "event: they can be downloaded while the rest is still being drawn."
)
class PsdPicturesExported(JobEvent):
    """Pictures to download."""

    picture_ids: strawberry.Private[list[str]]

    @strawberry.field
    async def pictures(self, info: Info) -> list[PsdExportedPicture]:
        """The pictures; one whose document was deleted is left out."""
        loader = info.context.loaders.export_pictures
        rows = await loader.load_many(self.picture_ids)
        return [PsdExportedPicture.of(row) for row in rows if row is not None]


@strawberry.type(
    description="Rows that an import has rejected since the last such event: up to 20 "
    "of what is wrong with them, long values cut; the import's `errors` has all."
)
class ImportRowsRejected(JobEvent):
    """Rows to mend."""

    told: strawberry.Private[list[dict[str, Any]]]
    rejected: BigInt = strawberry.field(
        description="How many rows the import has rejected so far."
    )

    @strawberry.field
    def errors(self) -> list[ImportError]:
        """What is wrong with the first of them."""
        return [ImportError.of_event(one) for one in self.told]


@strawberry.type(
    description="The position asked for is not in the log any more, or is another "
    "log's. A JobSnapshot follows at once."
)
class EventGap(JobEvent):
    """Events are missing."""


@strawberry.type
class JobEventConnection:
    """One page of a job's history."""

    nodes: list[JobEvent]
    end_cursor: EventCursor | None = strawberry.field(
        description="Cursor of the last node; pass it as `after`."
    )
    has_next_page: bool
    gap: bool = strawberry.field(
        description="True where events between `after` and the first node are not kept "
        "any more."
    )

    @classmethod
    def of(cls, page: HistoryPage) -> Self:
        """Show a page."""
        nodes = [job_event(item) for item in page.events]
        return cls(
            nodes=nodes,
            end_cursor=nodes[-1].cursor if nodes else None,
            has_next_page=page.has_next,
            gap=page.has_gap,
        )


@strawberry.type(description="One message of the EVENTS stream, as it was published.")
class Event:
    """One message."""

    body: strawberry.Private[EventBody | None]
    place: strawberry.Private[Cursor]
    cursor: EventCursor
    subject: str = strawberry.field(
        description="Such as events.psd.parse_export.completed, without the job's id."
    )
    event_id: strawberry.ID
    event_version: str
    at: datetime
    status: str
    payload: strawberry.scalars.JSON

    @strawberry.field
    def job(self) -> Job | None:
        """The job as the event left it; null for what is not a job's."""
        if self.body is None or not self.body.job:
            return None
        return Job.of(self.body.job, self.place)

    @classmethod
    def of(cls, item: FeedItem) -> Self:
        """Show an item of the feed."""
        match item:
            case FeedEvent():
                return cls._recorded(item)
            case FeedGap(cursor):
                return cls._gap(cursor)

    @classmethod
    def _recorded(cls, item: FeedEvent) -> Self:
        body = item.event.body
        return cls(
            body=body,
            place=item.cursor,
            cursor=EventCursor(encode_cursor(item.cursor)),
            subject=item.event.bare_subject,
            event_id=strawberry.ID(body.event_id),
            event_version=body.event_version,
            at=body.timestamp,
            status=body.status,
            payload=item.event.payload,
        )

    @classmethod
    def _gap(cls, cursor: Cursor) -> Self:
        return cls(
            body=None,
            place=cursor,
            cursor=EventCursor(encode_cursor(cursor)),
            subject="events.gap",
            event_id=strawberry.ID(new_id("event")),
            event_version="1",
            at=utc_now(),
            status="gap",
            payload=strawberry.scalars.JSON({}),
        )


type _Parts = dict[str, object]


def _nothing(_body: EventBody) -> _Parts:
    return {}


def _attempt(body: EventBody) -> _Parts:
    assert body.job
    return {"attempt": body.job.attempt}


def _progress(body: EventBody) -> _Parts:
    assert body.progress
    return {"progress": JobProgress.of(body.progress)}


def _error(body: EventBody) -> _Parts:
    assert body.error
    return {"error": JobError.of(body.error)}


def _error_and_next(body: EventBody) -> _Parts:
    return {**_error(body), "next_attempt_at": body.next_attempt_at}


# The graph's type of each transition, and its own fields from the event's body.
TRANSITIONS: Final[
    dict[Transition, tuple[type[JobEvent], Callable[[EventBody], _Parts]]]
] = {
    Transition.QUEUED: (JobQueued, _nothing),
    Transition.STARTED: (JobStarted, _attempt),
    Transition.PROGRESSED: (JobProgressed, _progress),
    Transition.RETRYING: (JobRetrying, _error_and_next),
    Transition.COMPLETED: (JobSucceeded, _nothing),
    Transition.FAILED: (JobFailed, _error),
    Transition.CANCELED: (JobCanceled, _nothing),
}


# What a feature tells beside the transitions: the graph's type, and how it names what
# of the event's body is its own.
OWN_EVENTS: Final[dict[str, tuple[type[JobEvent], dict[str, str]]]] = {
    str(LAYERS_EXPORTED): (PsdLayersExported, {"layer_ids": "layer_ids"}),
    str(PREVIEW_READY): (PsdPreviewReady, {"document_id": "document_id"}),
    str(PICTURES_EXPORTED): (PsdPicturesExported, {"picture_ids": "picture_ids"}),
    str(ROWS_REJECTED): (
        ImportRowsRejected,
        {"errors": "told", "rejected": "rejected"},
    ),
}

JOB_EVENT_TYPES: Final = (
    JobSnapshot,
    JobQueued,
    JobStarted,
    JobProgressed,
    JobRetrying,
    JobSucceeded,
    JobFailed,
    JobCanceled,
    PsdLayersExported,
    PsdPreviewReady,
    PsdPicturesExported,
    ImportRowsRejected,
    EventGap,
)


def job_event(item: JobItem) -> JobEvent:
    """Show an item of a job's reader."""
    common = {
        "cursor": EventCursor(encode_cursor(item.cursor)),
        "job": Job.of(item.job, item.cursor),
    }
    match item:
        case Snapshot():
            return JobSnapshot(at=item.at, **common)  # type: ignore[arg-type]
        case Gap():
            return EventGap(at=item.at, **common)  # type: ignore[arg-type]
        case Happened():
            return _happened(item, common)


def _happened(item: Happened, common: _Parts) -> JobEvent:
    body = item.event.body
    topic = item.event.topic
    if topic in OWN_EVENTS:
        kind, fields = OWN_EVENTS[topic]
        own_parts = {name: getattr(body, field) for field, name in fields.items()}
        parts = {**common, **own_parts}
        return kind(at=body.timestamp, **parts)
    if body.status not in Transition:  # of a later version, which tells more
        return JobSnapshot(at=body.timestamp, **common)  # type: ignore[arg-type]
    shown, own = TRANSITIONS[Transition(body.status)]
    return shown(at=body.timestamp, **common, **own(body))  # type: ignore[arg-type]
