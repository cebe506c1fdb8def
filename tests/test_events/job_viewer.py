"""A client of `jobEvents`."""

from collections.abc import AsyncGenerator, Callable

from events.cursor import EventCursor
from events.live.hub import Hub
from events.readers.job_reader import Gap, JobItem, Snapshot
from events.recorded import Happened
from events.schemas import JobBody
from tests.test_events.bodies import Rows
from tests.test_events.following import follow_job
from tests.test_events.lineage import Lineage
from tests.test_events.viewer import Viewer

type IsLost = Callable[[str, int | None], bool]


class JobViewer(Viewer[JobItem]):
    """Watches one job.

    `is_lost` tells whether the log lacks an event of the job behind a job_seq, or,
    without a job_seq, whether it has lost anything.
    """

    def __init__(
        self,
        rows: Rows,
        lineage: Lineage,
        job_id: str,
        after: EventCursor | None,
        is_latest: bool,
        is_lost: IsLost,
    ) -> None:
        super().__init__(after, is_latest)
        self.job_id = job_id
        self._rows = rows
        self._lineage = lineage
        self._is_lost = is_lost
        self._lowest = self._highest = 0
        self._in_gap = False

    def stand_between(self, lowest: int, highest: int) -> None:
        """Bound the job_seq that the client's first cursor stands for."""
        self._lowest, self._highest = lowest, highest

    def follow(self, hub: Hub, room: int) -> AsyncGenerator[JobItem, None]:
        """Subscribe behind the last cursor."""
        return follow_job(
            hub,
            self._rows,
            self.job_id,
            self.cursor,
            room=room,
            is_latest=self.is_latest,
        )

    def see_start(self, hub: Hub) -> None:
        """Forget the gap that was broken off: it comes again."""
        self._in_gap = False

    def see(self, item: JobItem) -> None:
        """Judge an item by what came before."""
        match item:
            case Snapshot():
                self._see_snapshot(item)
            case Happened():
                self._see_event(item)
            case Gap():
                self._see_gap(item)

    def see_end(self) -> None:
        """Judge that the subscription says that it is complete."""
        job = self._rows.jobs[self.job_id]
        self.must(job.finished_at is not None, "complete before the job's end")
        self.must(self._is_at(job.job_seq), "complete before the last")

    def judge_end(self) -> None:
        """Expect all of the job's events."""
        job = self._rows.jobs[self.job_id]
        has_ended = job.finished_at is not None
        self.must(self.is_complete == has_ended, "not complete, though ended")
        is_up_to_date = self.is_complete or self._is_at(job.job_seq)
        self.must(is_up_to_date, f"silence before {job.job_seq}")

    def _see_snapshot(self, item: Snapshot) -> None:
        number = item.job.job_seq
        self.items.append(f"snapshot {number}")
        self.must(self.cursor is None or self._in_gap, "a snapshot out of place")
        self.must(item.job == self._told(number), "a snapshot that never was")
        self.must(item.cursor.job_seq == number, "a snapshot's cursor is another's")
        self._in_gap = False
        self._lowest = self._highest = number

    def _see_event(self, item: Happened) -> None:
        number = item.job.job_seq
        self.items.append(f"event {number}")
        self.must(not self._in_gap, "a gap without a snapshot")
        self.must(self._lowest < number, "out of order")
        self.must(all(map(self._may_lack, range(self._highest + 1, number))), "a hole")
        self.must(item.job == self._told(number), "an event that never was")
        self.must(item.cursor.job_seq == number, "an event's cursor is another's")
        self._lowest = self._highest = number

    def _see_gap(self, item: Gap) -> None:
        self.gaps += 1
        self.items.append(f"gap at {item.job.job_seq}")
        self.must(not self._in_gap, "a gap in a gap")
        self.must(self._is_due(), "a gap where nothing was lost")
        is_last = item.cursor == self.cursor or self._may_lack(item.cursor.job_seq)
        self.must(is_last, "a gap's cursor is not the last")
        self._in_gap = True

    def _may_lack(self, number: int) -> bool:
        """Tell whether an event may be left out: progress, if one behind it waits."""
        left_out = self._lineage.numbered(self.job_id, number)
        waits = self._lineage.numbered(self.job_id, number + 1)
        return (
            self.is_latest
            and left_out is not None
            and left_out.is_progress
            and waits is not None
        )

    def _is_at(self, number: int) -> bool:
        return self._lowest <= number <= self._highest

    def _is_due(self) -> bool:
        """Tell whether a gap is told rightly."""
        cursor = self.cursor
        assert cursor is not None
        if cursor.job_id == self.job_id:
            return self._is_lost(self.job_id, cursor.job_seq)
        return cursor.position is None or self._is_lost(self.job_id, None)

    def _told(self, number: int) -> JobBody | None:
        history = self._rows.history[self.job_id]
        return history[number] if number < len(history) else None
