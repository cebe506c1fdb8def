"""Reading all jobs of an owner, in stream order; see docs/contract/event-log.md."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence

from core.base import utc_now
from events.cursor import EventCursor, Position
from events.heads import JobHead, JobRows
from events.live.hub import Hub
from events.live.watchers import Watchers
from events.readers.follower import HOLE, Follower, Hole
from events.readers.job_reader import Gap, JobItem, Snapshot, read_row
from events.readers.log_reader import LogReader
from events.recorded import Recorded
from events.schemas import JobBody


class JobFeedReader(LogReader[JobItem]):
    """Reads the jobs of one owner (None: everybody's), for one subscription.

    `kinds` may be empty: jobs of all kinds.
    """

    def __init__(
        self,
        hub: Hub,
        rows: JobRows,
        owner: str | None,
        kinds: Sequence[str] = (),
        after: EventCursor | None = None,
    ) -> None:
        super().__init__(hub, after)
        self._rows = rows
        self._owner = owner
        self._kinds = kinds
        # The last job_seq of each job that was told and of which more may come.
        self._seen: dict[str, int] = {}
        # Those that a snapshot told as ended: their last events may not be stored yet.
        self._ended: set[str] = set()
        if after is not None and after.job_id is not None:
            self._seen[after.job_id] = after.job_seq

    def watch(self, watchers: Watchers, follower: Follower[JobItem]) -> None:
        """Register for the owner's jobs."""
        watchers.watch_owner(self._owner, follower)

    def unwatch(self, watchers: Watchers, follower: Follower[JobItem]) -> None:
        """End it."""
        watchers.unwatch_owner(self._owner, follower)

    def checked_jobs(self) -> Collection[str]:
        """Return the jobs that were told and of which more may come."""
        return tuple(self._seen)

    def wants(self, event: Recorded) -> bool:
        """Tell whether an event is of one of the jobs, and not one that was told."""
        job = event.body.job if event.is_readable else None
        if not job:
            return False
        return self._covers(job) and job.job_seq > self._seen.get(job.id, 0)

    def show(self, event: Recorded) -> JobItem | Hole:
        """Return the event; a hole where it is not the next of its job."""
        job = event.body.job
        assert job
        if job.job_seq > self._seen.get(job.id, job.job_seq) + 1:
            return HOLE
        if event.is_terminal:
            self._forget(job.id)
        else:
            self._seen[job.id] = job.job_seq
        return event.happened

    async def gap(self) -> AsyncIterator[JobItem]:
        """Tell each job that runs, waits, or has changed since the cursor was made.

        All but the last carry the cursor that the client had: a drop repeats them.
        """
        had, here = self._cursor, await self._end_of_log()
        self._seen, self._ended = {}, set()
        last: Snapshot | None = None
        async for job in self._rows.changed(self._owner, self._kinds, had.made_at):
            if last is not None:
                yield last
            self._remember(job)
            self._hub.counts.gaps += 1
            yield Gap(job, had, utc_now())
            last = Snapshot(job, had, utc_now())
        self._position = here
        if last is not None:
            self._cursor = self._place(here, last.job.id, last.job.job_seq)
            yield last._replace(cursor=self._cursor)

    async def restarted(self) -> AsyncGenerator[JobItem, None]:
        """Tell the gap that a new log is, of jobs that were not seen yet, too."""
        async for item in self.gap():
            yield item
        async for item in self.recover():
            yield item

    async def hole(self, event: Recorded) -> AsyncIterator[JobItem]:
        """Tell that events of one job are lost, and where it stands."""
        async for item in self._told_anew(event.trailing_id):
            yield item

    def agrees(self, job_id: str, head: JobHead | None) -> bool:
        """Tell whether all was sent that must have been, and nothing else."""
        seen = self._seen.get(job_id)
        if seen is None or head is None:
            self._forget(job_id)
            return True
        if job_id in self._ended and head.published == seen:
            self._forget(job_id)
            return True
        return head.published <= seen <= head.job_seq

    async def compare(
        self, job_id: str, head: JobHead | None
    ) -> AsyncGenerator[JobItem, None]:
        """Read again what PostgreSQL says is there; tell a gap where it is not."""
        async for item in self.recover():
            yield item
        seen = self._seen.get(job_id)
        if head is None or seen is None:
            return
        if seen > head.job_seq:  # `head` may be older than an event
            row = await read_row(self._hub, self._rows, job_id)
            if row is None or row.job.job_seq >= seen:
                return
        elif seen >= head.published:
            return
        async for item in self._told_anew(job_id):
            yield item

    async def _end_of_log(self) -> Position:
        """Return the log's end as its leader knows it: the hub may follow a dead one."""
        return await self._hub.log.end(await self._hub.log.state())

    async def _told_anew(self, job_id: str) -> AsyncIterator[JobItem]:
        row = await read_row(self._hub, self._rows, job_id)
        if row is None or not self._covers(row.job):
            self._forget(job_id)
            return
        job, now = row.job, utc_now()
        self._hub.counts.gaps += 1
        yield Gap(job, self._cursor, now)
        self._remember(job)
        self._cursor = self._place(self._position, job.id, job.job_seq)
        yield Snapshot(job, self._cursor, now)

    @staticmethod
    def _place(position: Position | None, job_id: str, job_seq: int) -> EventCursor:
        return EventCursor(utc_now(), position, job_id, job_seq)

    def _covers(self, job: JobBody) -> bool:
        is_mine = job.owner == (self._owner or job.owner)
        return is_mine and (not self._kinds or job.kind in self._kinds)

    def _remember(self, job: JobBody) -> None:
        self._seen[job.id] = job.job_seq
        if job.finished_at is not None:
            self._ended.add(job.id)

    def _forget(self, job_id: str) -> None:
        self._seen.pop(job_id, None)
        self._ended.discard(job_id)
