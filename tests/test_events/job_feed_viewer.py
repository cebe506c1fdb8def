"""A client of `jobFeed`: for each job no repeat, no fall, and no hole without a gap."""

from collections.abc import AsyncGenerator

from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.readers.job_feed_reader import JobFeedReader
from events.readers.job_reader import Gap, JobItem, Snapshot
from events.recorded import Happened
from events.schemas import JobBody
from tests.test_events.bodies import Rows
from tests.test_events.following import follow
from tests.test_events.job_viewer import IsLost
from tests.test_events.lineage import Stored, between
from tests.test_events.log_server import LogServer
from tests.test_events.viewer import Viewer


class JobFeedViewer(Viewer[JobItem]):
    """Watches the jobs of one owner (None: of everybody), of some kinds or all."""

    def __init__(
        self,
        rows: Rows,
        server: LogServer,
        owner: str | None,
        kinds: list[str],
        after: EventCursor | None,
        is_latest: bool,
        is_lost: IsLost,
    ) -> None:
        super().__init__(after, is_latest)
        self._rows = rows
        self._server = server
        self._owner = owner
        self._kinds = kinds
        self._is_lost = is_lost
        self._seen: dict[str, int] = {}
        # What snapshots told: a cursor has room for one job's number, so that a
        # resume may tell a job's events again that its snapshot had been ahead of.
        self._shown: dict[str, int] = {}
        # The jobs that this connection told of. What was lost before it is told only of
        # these, or where the client's place is lost as well.
        self._heard: set[str] = set()
        # The job whose gap was told and whose snapshot has not come.
        self._in_gap: str | None = None
        # Told since the cursor that the client has; where that one held no more.
        self._told_anew: set[str] = set()
        self._has_lost_place = False
        self._hub: Hub | None = None
        self._epoch = 0
        self._faults = 0
        self._known: set[str] = set()

    def follow(self, hub: Hub, room: int) -> AsyncGenerator[JobItem, None]:
        """Subscribe behind the last cursor."""
        reader = JobFeedReader(hub, self._rows, self._owner, self._kinds, self.cursor)
        return follow(hub, reader, room=room, is_latest=self.is_latest)

    def see_start(self, hub: Hub) -> None:
        """Forget the gap that was broken off: it comes again."""
        self._in_gap = None
        own = self.cursor.job_id if self.cursor is not None else None
        for job_id in self._shown:
            self._seen.pop(job_id, None)
        if self.cursor is not None and own in self._shown:
            self._seen[own] = self.cursor.job_seq
        self._told_anew = set()
        self._has_lost_place = not self._is_in_line()
        self._hub, self._epoch = hub, hub.ring.epoch
        self._faults = self._server.faults
        self._known = set(self._rows.jobs)
        self._heard = {own} if own is not None else set()

    def see(self, item: JobItem) -> None:
        """Judge an item by what came before."""
        self.must(self._shows(item.job), "a job of somebody else, or of another kind")
        history = self._rows.history[item.job.id]
        self.must(item.job == history[item.job.job_seq], "a job as it never was")
        match item:
            case Gap():
                self._see_gap(item)
            case Snapshot():
                self._see_snapshot(item)
            case Happened():
                self._see_event(item)

    def judge_end(self) -> None:
        """Expect to have been told of all jobs that were seen, and all that came."""
        for job_id in {**self._seen, **self._shown}:
            last = self._rows.jobs[job_id].job_seq
            seen = self._last_of(job_id)
            is_told = seen == last or (
                job_id not in self._heard and self._is_lost(job_id, seen)
            )
            self.must(is_told, f"silence of {self._name(job_id)} before {last}")
        if self.cursor is None:
            return
        position = self.cursor.position
        self.must(self._in_gap is None, "a gap without a snapshot")
        if position is None or not self._server.is_in_line(position):
            self.must(not self._all_known(), "silence of a lost place")
            return
        for one in self._server.lineage.behind(position):
            if not self._is_told(one):
                self.must(False, f"silence of {self._word(one)}")

    def _see_gap(self, item: Gap) -> None:
        self.gaps += 1
        job_id, number = item.job.id, item.job.job_seq
        self.items.append(f"gap {self._name(job_id)} {number}")
        self.must(self._in_gap is None, "a gap in a gap")
        if self.cursor is not None:
            left_out = self._server.lineage.at(item.cursor.position)
            self.must(
                item.cursor == self.cursor
                or self.is_latest
                and left_out is not None
                and left_out.is_progress,
                "a gap's cursor is not the last",
            )
            self._has_lost_place |= not self._is_in_line()
        self.must(self._is_due(job_id), "a gap where nothing was lost")
        self._in_gap = job_id

    def _is_due(self, job_id: str) -> bool:
        assert self._hub is not None
        if self._hub.ring.epoch != self._epoch or self._server.faults > self._faults:
            return True
        if self.cursor is not None and not self._server.surely_holds(
            self.cursor.position
        ):
            return True
        return self._is_lost(job_id, self._seen.get(job_id, 0))

    def _see_snapshot(self, item: Snapshot) -> None:
        job_id, number = item.job.id, item.job.job_seq
        self.items.append(f"snapshot {self._name(job_id)} {number}")
        self.must(self._in_gap == job_id, "a snapshot out of place")
        self.must(number >= self._seen.get(job_id, 0), "a job's number falls")
        self._seen[job_id] = self._shown[job_id] = number
        self._heard.add(job_id)
        self._in_gap = None
        self._told_anew.add(job_id)
        if item.cursor == self.cursor:
            return
        self.items.append("here")
        own = (item.cursor.job_id, item.cursor.job_seq)
        self.must(own == (job_id, number), "a snapshot's cursor is another's")
        place = item.cursor.position
        if self._has_lost_place and place is not None and self._server.holds(place):
            self.must(not self._all_known() - self._told_anew, "jobs are left out")
        self._move(place)
        self._told_anew, self._has_lost_place = set(), False

    def _see_event(self, item: Happened) -> None:
        event, job_id, number = item.event, item.job.id, item.job.job_seq
        self.items.append(f"{self._name(job_id)} {number}")
        stored = self._server.lineage.at(event.position)
        self.must(
            stored is not None and stored.position == event.position,
            "an event that was never there",
        )
        assert stored is not None
        self.must(stored.written.data == event.data, "another event's body")
        self.must(item.cursor == event.cursor, "an event's cursor is another's")
        self.must(self._in_gap is None, "a gap without a snapshot")
        self.must(not self._told_anew, "an event amid a gap of many jobs")
        seen = self._seen.get(job_id)
        self.must(seen is None or number > seen, "a job's number falls")
        if seen is not None:
            lacking = range(seen + 1, number)
            self.must(
                all(self._may_lack(job_id, one) for one in lacking)
                or job_id not in self._heard
                and self._is_lost(job_id, seen),
                f"a hole behind {seen}",
            )
        self._seen[job_id] = number
        self._heard.add(job_id)
        if number > self._shown.get(job_id, 0):
            self._shown.pop(job_id, None)
        if self.cursor is not None:
            place = self.cursor.position
            found = between(place, stored) if place is not None else None
            is_gap_of_nothing = not self._all_known() and not self._server.surely_holds(
                place
            )
            self.must(
                found is not None or is_gap_of_nothing or self._server.forgets(place),
                "an event that is not behind the last",
            )
        self._move(event.position)

    def _move(self, to: Position | None) -> None:
        """Judge that all that is passed by was told."""
        end = self._server.lineage.at(to)
        start = self.cursor.position if self.cursor is not None else None
        if end is None or start is None or to is None:
            return
        if (to.creation, to.sequence) == (start.creation, start.sequence):
            return
        passed = between(start, end)
        if passed is None:
            passed = [one for one in end.ancestors() if self._server.keeps(one)]
        for one in [end, *passed]:
            if not self._is_told(one):
                self.must(False, f"{self._word(one)} is passed by")

    def _is_told(self, stored: Stored) -> bool:
        job = stored.body.job
        if not job or not self._shows(job):
            return True
        if job.job_seq <= self._last_of(job.id):
            return True
        return self._may_lack(job.id, job.job_seq)

    def _last_of(self, job_id: str) -> int:
        return max(self._seen.get(job_id, 0), self._shown.get(job_id, 0))

    def _may_lack(self, job_id: str, number: int) -> bool:
        """Tell whether an event may be left out: progress, if one behind it waits."""
        left_out = self._server.lineage.numbered(job_id, number)
        waits = self._server.lineage.numbered(job_id, number + 1)
        return (
            self.is_latest
            and left_out is not None
            and left_out.is_progress
            and waits is not None
        )

    def _is_in_line(self) -> bool:
        """Tell whether the client's place may hold; one that does not never will."""
        place = self.cursor.position if self.cursor is not None else None
        return self.cursor is None or (
            place is not None and self._server.is_in_line(place)
        )

    def _all_known(self) -> set[str]:
        """Return the jobs that a lost place is a gap of: all, as all changed of late."""
        jobs = self._rows.jobs
        return {job_id for job_id in self._known if self._shows(jobs[job_id])}

    def _shows(self, job: JobBody) -> bool:
        is_mine = self._owner in (None, job.owner)
        return is_mine and (not self._kinds or job.kind in self._kinds)

    def _name(self, job_id: str) -> str:
        return f"job{list(self._rows.jobs).index(job_id)}"

    def _word(self, stored: Stored) -> str:
        return f"{self._name(stored.written.job_id)} {stored.written.job_seq}"
