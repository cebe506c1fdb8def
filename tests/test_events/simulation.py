"""Event log, rows, gateways and clients in one virtual world, with faults as methods.

EventLog, Tail, Hub, Follower and the readers are the real ones; the stream and
PostgreSQL are in memory. Time is virtual: a schedule of minutes takes milliseconds.
"""

import asyncio
import random
from typing import Any, Final

from core.base import new_id, utc_now
from events.cursor import EventCursor, Position
from events.live.hub import Hub
from events.subjects import DEAD_LETTER, PREVIEW_PUBLISHED, JobKind, Transition
from tests.test_events.bodies import OWNER, Written, plain_event
from tests.test_events.feed_viewer import FeedViewer
from tests.test_events.job_feed_viewer import JobFeedViewer
from tests.test_events.job_viewer import JobViewer
from tests.test_events.log_server import LogServer, connect, is_of
from tests.test_events.viewer import SlowRows, Viewer

JOBS: Final = 3
STEPS: Final = 70
OTHER: Final = "user_00000000000070008000000000000002"
# Who has the jobs of each lane, and of which kind they are.
LANES: Final = (
    (OWNER, JobKind.PSD_PARSE),
    (OWNER, JobKind.DATA_IMPORT),
    (OTHER, JobKind.PSD_PARSE),
)
TERMINAL: Final = (Transition.COMPLETED, Transition.FAILED, Transition.CANCELED)
PAUSES: Final = (0, 0.001, 0.01, 0.03, 0.3, 5, 32)
CURSORS: Final = ("none", "none", "mutation", "position", "another's", "no position")
PATTERNS: Final = (">", ">", "psd.>", "*.*.progressed", "psd.preview.published")


class World:
    """Everything there is; each method is one thing that may happen."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.server = LogServer(self.chance)
        self.rows = SlowRows(self.chance)
        self.jobs = [self.rows.add(*lane) for lane in LANES]
        self.published = dict.fromkeys(self.jobs, 0)
        self.viewers: list[Viewer[Any]] = []
        self.hubs = [Hub(connect(self.server), self.rows) for _ in range(2)]

    @property
    def has_lost(self) -> bool:
        """True once the stream has lost anything."""
        return self.server.faults > 0

    async def start(self) -> None:
        """Start both gateways."""
        for hub in self.hubs:
            await hub.start()

    async def let_pass(self, seconds: float) -> None:
        """Let time pass, then look at all clients."""
        await asyncio.sleep(seconds)
        for viewer in self.viewers:
            viewer.judge()

    def emit(self, lane: int, is_last: bool) -> None:
        """Have something happen to a lane's job; when it has ended, begin another."""
        job_id = self.jobs[lane]
        if self.rows.jobs[job_id].finished_at is not None:
            if is_last:
                return
            job_id = self.jobs[lane] = self.rows.add(*LANES[lane])
            self.published[job_id] = 0
        last = TERMINAL[lane % len(TERMINAL)]
        number = self.rows.jobs[job_id].job_seq
        others = (Transition.QUEUED, Transition.STARTED, Transition.RETRYING)
        # Fixed by the number: Hypothesis asks for the same again.
        usual = Transition.PROGRESSED if number % 4 else others[number // 4 % 3]
        self.rows.emit(job_id, last if is_last else usual)

    def emit_plain(self, number: int) -> None:
        """Have something happen that is no job's."""
        topic = DEAD_LETTER if number % 3 == 0 else PREVIEW_PUBLISHED
        owner = None if number % 3 == 0 else (OWNER, OTHER)[number % 2]
        self.rows.outbox.append(plain_event(topic, owner))

    def publish(self, place: int, dies: bool) -> None:
        """Relay the first row of some job's; a relay that dies leaves it there."""
        if self.server.is_away:
            return
        firsts: dict[str, Written] = {}
        for row in self.rows.outbox:
            firsts.setdefault(row.job_id, row)
        if firsts:
            row = list(firsts.values())[place % len(firsts)]
            self._store(row)
            if not dies:
                self.rows.outbox.remove(row)

    def _store(self, row: Written) -> None:
        if self.server.newest_of(row.job_id) < row.job_seq:
            self.server.append(row)
            self.published[row.job_id] = row.job_seq

    def open_viewer(self, lane: int, hub: int, kind: str, is_latest: bool) -> None:
        """Have a new client watch a job, behind some cursor or none."""
        job_id = self.jobs[lane]
        position = self.hubs[hub].position
        low, high = 0, 0
        if kind in ("position", "another's", "no position"):
            position = None if kind == "no position" else position
            low, high = self._bounds(job_id, position)
        viewer = JobViewer(
            self.rows,
            self.server.lineage,
            job_id,
            self._cursor(job_id, hub, kind),
            is_latest,
            self.is_lost,
        )
        viewer.stand_between(low, high)
        self._open(viewer, hub)

    def open_feed(self, hub: int, pattern: str, kind: str, is_member: bool) -> None:
        """Have a new client watch all events that a filter covers."""
        cursor = self._cursor(self.jobs[0], hub, kind)
        owner = OWNER if is_member else None
        self._open(FeedViewer(self.server, pattern, owner, cursor), hub)

    def open_job_feed(
        self, hub: int, kind: str, is_member: bool, has_kinds: bool, is_latest: bool
    ) -> None:
        """Have a new client watch many jobs."""
        viewer = JobFeedViewer(
            self.rows,
            self.server,
            OWNER if is_member else None,
            [JobKind.PSD_PARSE.value] if has_kinds else [],
            self._cursor(self.jobs[0], hub, kind),
            is_latest,
            self.is_lost,
        )
        self._open(viewer, hub)

    def _open(self, viewer: Viewer[Any], hub: int) -> None:
        viewer.connect(self.hubs[hub], self.chance)
        self.viewers.append(viewer)

    def _cursor(self, job_id: str, hub: int, kind: str) -> EventCursor | None:
        position = self.hubs[hub].position
        match kind:
            case "none":
                return None
            case "mutation":
                before = self._position_before(job_id)
                return EventCursor(utc_now(), before, job_id, 0)
            case "no position":
                position = None
        other = new_id("job") if kind == "another's" else None
        return EventCursor(utc_now(), position, other, 7)

    def _position_before(self, job_id: str) -> Position | None:
        """Return what a hub may have seen before a job's first event."""
        kept = self.server.kept
        firsts = [seq for seq in kept if is_of(kept[seq], job_id)]
        if not firsts or self.chance.random() < 0.3:
            return None
        before = kept.get(firsts[0] - 1)
        time = before.time if before else None
        return Position(self.server.creation, firsts[0] - 1, time)

    def _bounds(self, job_id: str, position: Position | None) -> tuple[int, int]:
        """Return the least and the greatest job_seq that a position may stand for."""
        if position is None:
            return 0, 0
        kept = [(seq, m) for seq, m in self.server.kept.items() if is_of(m, job_id)]
        before = [m.written.job_seq for seq, m in kept if seq <= position.sequence]
        behind = [m.written.job_seq for seq, m in kept if seq > position.sequence]
        high = behind[0] - 1 if behind else self.published[job_id]
        # Of a place without a time nobody can tell that it has been written anew.
        is_firm = position.time is not None
        return (before[-1] if before and is_firm else 0), high

    def is_lost(self, job_id: str, seen: int | None) -> bool:
        """Tell whether the log lacks an event behind `seen` (None: any event at all)."""
        if seen is None:
            return self.has_lost
        mine = [m for m in self.server.kept.values() if is_of(m, job_id)]
        kept = {m.written.job_seq for m in mine}
        waiting = {row.job_seq for row in self.rows.outbox if row.job_id == job_id}
        behind = range(seen + 1, self.published[job_id] + 1)
        return not kept | waiting >= set(behind)

    async def toggle(self, viewer: int, hub: int) -> None:
        """Break a client's connection, or have it resume at some gateway."""
        if not self.viewers:
            return
        one = self.viewers[viewer % len(self.viewers)]
        if one.is_connected:
            await one.drop()
        elif not one.is_complete:
            one.connect(self.hubs[hub], self.chance)

    def restart_nats(self) -> None:
        """Restart the server: consumers vanish, nothing else does."""
        self.server.restart()

    def take_nats_away(self) -> None:
        """Have the server go away, or come back."""
        self.server.is_away = not self.server.is_away
        self.server.restart()

    def lose_tail(self, count: int) -> None:
        """Lose the newest messages of the stream."""
        self.server.lose_tail(count)

    def lose_unseen(self, place: int) -> None:
        """Relay a row and lose its message before anyone has seen it."""
        last = self.server.last
        self.publish(place, dies=False)
        if self.server.last > last:
            self.server.lose_tail(1)

    def expire(self, count: int) -> None:
        """Lose the oldest messages of the stream, which takes days.

        No row waits for so long in the outbox, no hub to notice that the log was cut.
        """
        if not all(self._is_in_line(hub) for hub in self.hubs):
            return
        waiting = [(row.job_id, row.job_seq) for row in self.rows.outbox]
        old = [
            (kept.written.job_id, kept.written.job_seq) not in waiting
            for _, kept in sorted(self.server.kept.items())[:count]
        ]
        self.server.expire((*old, False).index(False))

    def _is_in_line(self, hub: Hub) -> bool:
        there = self.server.lineage.at(hub.position)
        if there is None:
            return True
        return self.server.lineage.line.get(there.sequence) is there

    def wipe(self) -> None:
        """Lose the stream."""
        self.server.wipe()

    async def settle(self, loss: bool) -> None:
        """Mend everything, reconnect all, and expect each client to be up to date.

        With a last loss that only the silence tells of.
        """
        self.server.is_away = False
        while self.rows.outbox:
            self.publish(0, dies=False)
        for viewer in self.viewers:
            viewer.losses = 0
            if not viewer.is_connected and not viewer.is_complete:
                viewer.connect(self.chance.choice(self.hubs), self.chance)
        await self.let_pass(20)
        for lane in range(JOBS if loss else 0):
            self.emit(lane, is_last=False)
            self.lose_unseen(0)
        await self.let_pass(60)
        for viewer in self.viewers:
            viewer.judge_end()
