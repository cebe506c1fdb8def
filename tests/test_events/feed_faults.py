"""Ring, followers, lanes and feeds with one rule switched off: the model must notice."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, Final

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.live.job_lane import JobLane, LaneMember
from events.live.ring import Mark, Ring
from events.live.tail import Tail
from events.readers.feed_reader import FeedGap, FeedItem, FeedReader
from events.readers.follower import Follower
from events.readers.job_feed_reader import JobFeedReader
from events.readers.job_reader import Gap, JobItem, JobReader, Snapshot
from events.recorded import Recorded
from events.schemas import JobBody
from tests.test_events.faults import Fault

FEED_FAULTS: Final[dict[str, Fault]] = {}


def fault(owner: Any, name: str) -> Callable[[Any], Any]:
    """Register a function as a fault, named after the function."""

    def register(stand_in: Any) -> Any:
        FEED_FAULTS[stand_in.__name__] = Fault(owner, name, stand_in)
        return stand_in

    return register


@fault(Ring, "covers")
def the_ring_covers_all(self: Ring, position: Position | None) -> bool:
    return position is not None


@fault(Ring, "covers")
def the_ring_knows_no_other_stream(self: Ring, position: Position | None) -> bool:
    if position is None or self.floor is None or self.end is None:
        return False
    return self.floor.sequence <= position.sequence <= self.end.sequence


@fault(Ring, "reaches")
def the_ring_reaches_everything(self: Ring, mark: Mark) -> bool:
    return True


@fault(Follower, "_hold")
def what_is_held_is_forgotten(
    self: Follower[Any], event: Recorded, item: object
) -> None:
    self._is_live = False
    self._reader.mark = Mark(self._hub.ring.epoch, event.sequence)


@fault(Follower, "_is_stale")
def latest_leaves_out_any_event(self: Follower[Any], event: Recorded) -> bool:
    return self._hub.ring.newest_of(event.trailing_id) > event.sequence


@fault(Follower, "_is_stale")
def latest_leaves_out_the_last_progress(self: Follower[Any], event: Recorded) -> bool:
    return event.is_progress


@fault(Follower, "on_restart")
def a_restart_is_not_told(self: Follower[Any]) -> None:
    self.leave_lane()


_on_event = JobLane.on_event


@fault(JobLane, "on_event")
def a_lane_passes_over_holes(self: JobLane, event: Recorded) -> None:
    self.seen = max(self.seen, event.job_seq - 1)
    _on_event(self, event)


@fault(JobLane, "_send")
def whom_a_crowd_s_item_missed_is_passed_over(
    self: JobLane, member: LaneMember, event: Recorded
) -> None:
    """Send nothing to them."""


@fault(JobReader, "step_to")
def a_lane_is_left_where_it_was_joined(self: JobReader, lane: JobLane) -> None:
    """Forget what the lane has told."""


@fault(Tail, "_take")
async def what_expired_before_it_came_is_passed_over(self: Tail, message: Any) -> None:
    sequence = int(message.reply.split(".")[5])
    if self.position is not None and sequence > self.position.sequence + 1:
        self.position = Position(self.position.creation, sequence - 1, None)
    await _take(self, message)


_take = Tail._take


@fault(FeedReader, "gap")
async def a_feed_s_gap_is_silent(self: FeedReader) -> AsyncIterator[FeedItem]:
    state = await self._hub.log.state()
    self._position = Position(state.creation, max(state.first - 1, 0), None)
    nothing: tuple[FeedItem, ...] = ()
    for item in nothing:
        yield item


@fault(FeedReader, "gap")
async def a_feed_s_gap_passes_over_what_is_kept(
    self: FeedReader,
) -> AsyncIterator[FeedItem]:
    self._position = await self._hub.log.end(await self._hub.log.state())
    yield FeedGap(self._cursor)


@fault(FeedReader, "restarted")
async def every_restart_is_a_feed_s_gap(
    self: FeedReader,
) -> AsyncGenerator[FeedItem, None]:
    state = await self._hub.log.state()
    self._position = Position(state.creation, max(state.first - 1, 0), None)
    yield FeedGap(self._cursor)


@fault(JobFeedReader, "gap")
async def a_gap_moves_the_cursor_of_all(self: JobFeedReader) -> AsyncIterator[JobItem]:
    here = await self._hub.log.end(await self._hub.log.state())
    self._seen, self._ended = {}, set()
    async for job in self._rows.changed(self._owner, self._kinds, self._cursor.made_at):
        self._remember(job)
        yield Gap(job, self._cursor, utc_now())
        self._cursor = EventCursor(utc_now(), here, job.id, job.job_seq)
        yield Snapshot(job, self._cursor, utc_now())
    self._position = here


@fault(JobFeedReader, "_remember")
def an_ended_job_is_forgotten_at_once(self: JobFeedReader, job: JobBody) -> None:
    if job.finished_at is None:
        self._seen[job.id] = job.job_seq
    else:
        self._forget(job.id)


@fault(JobFeedReader, "hole")
async def one_job_s_hole_is_silent(
    self: JobFeedReader, event: Recorded
) -> AsyncIterator[JobItem]:
    self._seen[event.trailing_id] = event.job_seq - 1
    item = self.show(event)
    assert isinstance(item, tuple)
    yield item


@fault(JobFeedReader, "checked_jobs")
def a_feed_s_silence_is_not_checked(self: JobFeedReader) -> tuple[str, ...]:
    return ()
