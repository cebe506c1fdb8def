"""One stored event, decoded at most once for all who read it."""

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, NamedTuple

import msgspec
from loguru import logger

from events.cursor import EventCursor, Position
from events.schemas import EventBody, JobBody, decode
from events.subjects import Transition, trailing_id, without_id

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EXPECTED_SEQUENCE: Final = "Nats-Expected-Last-Subject-Sequence"


class Recorded:
    """One stored event; `time` in microseconds since 1970, `creation` the stream's.

    `previous` is the sequence of the job's event before, 0 where the stream held none
    when this one was stored; it is known of events that were asked for by themselves.
    """

    def __init__(
        self,
        sequence: int,
        time: int,
        subject: str,
        data: bytes,
        *,
        creation: int,
        previous: int = 0,
    ) -> None:
        self.sequence = sequence
        self.time = time
        self.subject = subject
        self.data = data
        self.creation = creation
        self.previous = previous

    @cached_property
    def position(self) -> Position:
        """The place behind this event."""
        return Position(self.creation, self.sequence, self.time)

    @cached_property
    def cursor(self) -> EventCursor:
        """The cursor to resume behind this event; its body must be readable."""
        job = self.body.job
        if job:
            return EventCursor(self.at, self.position, job.id, job.job_seq)
        return EventCursor(self.at, self.position)

    @cached_property
    def job_seq(self) -> int:
        """The number of a job's event; 0 where it is none, or cannot be read."""
        job = self.body.job if self.is_readable else None
        return job.job_seq if job else 0

    @cached_property
    def happened(self) -> "Happened":
        """This event as an item of its job, the same one for all who read it."""
        job = self.body.job
        assert job
        return Happened(self, job, self.cursor)

    @cached_property
    def trailing_id(self) -> str:
        """The id that the subject ends in: the job's, for a job's event."""
        return trailing_id(self.subject)

    @cached_property
    def bare_subject(self) -> str:
        """The subject without the id."""
        return without_id(self.subject)

    @property
    def topic(self) -> str:
        """The subject without `events.` and the id."""
        return self.bare_subject.removeprefix("events.")

    @cached_property
    def is_terminal(self) -> bool:
        """True for a job's last event."""
        status = self.topic.rpartition(".")[2]
        return (
            self.is_readable
            and bool(self.body.job)
            and status in Transition
            and Transition(status).is_terminal
        )

    @cached_property
    def is_progress(self) -> bool:
        """True for a job's progress, which a later event makes stale."""
        is_progress = self.topic.endswith(f".{Transition.PROGRESSED}")
        return is_progress and self.is_readable and bool(self.body.job)

    @cached_property
    def body(self) -> EventBody:
        """The decoded body, shared by all who read this event."""
        return decode(self.data)

    @cached_property
    def is_readable(self) -> bool:
        """False where the body is none of ours, which is logged once."""
        try:
            return self.body is not None
        except msgspec.MsgspecError as error:
            logger.error("event {} on {}: {}", self.sequence, self.subject, error)
            return False

    @cached_property
    def payload(self) -> Any:
        """The body as plain JSON values, as it was published."""
        return msgspec.json.decode(self.data)

    @property
    def at(self) -> datetime:
        """When the stream stored the event."""
        return EPOCH + timedelta(microseconds=self.time)


class Happened(NamedTuple):
    """One recorded event of a job."""

    event: Recorded
    job: JobBody
    cursor: EventCursor


def microseconds(moment: datetime) -> int:
    """Return the whole microseconds from 1970 to `moment`."""
    return (moment - EPOCH) // timedelta(microseconds=1)
