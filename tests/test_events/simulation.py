"""Event log, rows, gateways and clients in one virtual world, with faults as methods.

EventLog, Tail, Hub and JobReader are the real ones; the stream and PostgreSQL are in
memory. Time is virtual: a schedule of minutes takes milliseconds.
"""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from core.base import new_id, utc_now
from events.cursor import EventCursor, Position
from events.hub import Hub
from events.subjects import Transition
from tests.test_events.bodies import Written
from tests.test_events.log_server import LogServer, connect, is_of
from tests.test_events.viewer import SlowRows, Viewer, Violation
from tests.test_events.virtual_time import VirtualLoop

JOBS: Final = 3
STEPS: Final = 70
TERMINAL: Final = (Transition.COMPLETED, Transition.FAILED, Transition.CANCELED)
PAUSES: Final = (0, 0.001, 0.01, 0.03, 0.3, 5, 32)
CURSORS: Final = ("none", "none", "mutation", "position", "another's", "no position")


class World:
    """Everything there is; each method is one thing that may happen."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.server = LogServer(self.chance)
        self.rows = SlowRows(self.chance)
        self.jobs = [self.rows.add() for _ in range(JOBS)]
        self.published = dict.fromkeys(self.jobs, 0)
        self.viewers: list[Viewer] = []
        self.has_lost = False
        self.hubs = [Hub(connect(self.server), self.rows) for _ in range(2)]

    async def start(self) -> None:
        """Start both gateways."""
        for hub in self.hubs:
            await hub.start()

    async def let_pass(self, seconds: float) -> None:
        """Let time pass, then look at all clients."""
        await asyncio.sleep(seconds)
        for viewer in self.viewers:
            viewer.judge()

    def emit(self, job: int, is_last: bool) -> None:
        """Have something happen to a job, unless it has ended."""
        job_id = self.jobs[job]
        if self.rows.jobs[job_id].finished_at is None:
            last = TERMINAL[job % len(TERMINAL)]
            self.rows.emit(job_id, last if is_last else Transition.PROGRESSED)

    def publish(self, job: int, dies: bool) -> None:
        """Relay a job's oldest waiting row; a relay that dies leaves it there."""
        if self.server.is_away:
            return
        waiting = [row for row in self.rows.outbox if row.job_id == self.jobs[job]]
        if waiting:
            self._store(waiting[0])
            if not dies:
                self.rows.outbox.remove(waiting[0])

    def _store(self, row: Written) -> None:
        if self.server.newest_of(row.job_id) < row.job_seq:
            self.server.append(row)
            self.published[row.job_id] = row.job_seq

    def open_viewer(self, job: int, hub: int, kind: str) -> None:
        """Have a new client subscribe with some cursor, or none."""
        job_id = self.jobs[job]
        position = self.hubs[hub].position
        after, low, high = None, 0, 0
        if kind == "mutation":
            after = EventCursor(utc_now(), self._position_before(job_id), job_id, 0)
        elif kind != "none":
            other = new_id("job") if kind == "another's" else None
            position = None if kind == "no position" else position
            after = EventCursor(utc_now(), position, other, 7)
            low, high = self._bounds(job_id, position)
        viewer = Viewer(self.rows, job_id, after, self.is_lost)
        viewer.stand_between(low, high)
        viewer.connect(self.hubs[hub], self.chance)
        self.viewers.append(viewer)

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
        self.has_lost = True
        self.server.lose_tail(count)

    def expire(self, count: int) -> None:
        """Lose the oldest messages of the stream; no row waits for days in the outbox."""
        self.has_lost = True
        waiting = [(row.job_id, row.job_seq) for row in self.rows.outbox]
        old = [
            (kept.written.job_id, kept.written.job_seq) not in waiting
            for _, kept in sorted(self.server.kept.items())[:count]
        ]
        self.server.expire((*old, False).index(False))

    def wipe(self) -> None:
        """Lose the stream."""
        self.has_lost = True
        self.server.wipe()

    async def settle(self) -> None:
        """Mend everything, reconnect all, and expect each client to be up to date."""
        self.server.is_away = False
        while self.rows.outbox:
            self.publish(self.jobs.index(self.rows.outbox[0].job_id), dies=False)
        for viewer in self.viewers:
            viewer.losses = 0
            if not viewer.is_connected and not viewer.is_complete:
                viewer.connect(self.chance.choice(self.hubs), self.chance)
        await self.let_pass(60)
        for viewer in self.viewers:
            job = self.rows.jobs[viewer.job_id]
            if viewer.is_complete != (job.finished_at is not None):
                raise Violation(f"not complete, though ended: {viewer.items}")
            if not viewer.is_complete and not viewer.is_at(job.job_seq):
                raise Violation(f"silence before {job.job_seq}: {viewer.items}")


def run(seed: int, *, steps: int = STEPS, loss: bool = True) -> World:
    """Run one random schedule; raise Violation where a client is wronged."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(_run(World(seed), steps, loss))


async def _run(world: World, steps: int, loss: bool) -> World:
    await world.start()
    for _ in range(steps):
        await _step(world, loss)
    await world.settle()
    for viewer in world.viewers:
        if viewer.is_connected:
            await viewer.drop()
    for hub in world.hubs:
        await hub.close()
    return world


async def _step(world: World, loss: bool) -> None:
    chance = world.chance
    pick = chance.randrange
    losses: list[Callable[[], None]] = [
        lambda: world.lose_tail(pick(1, 5)),
        lambda: world.expire(pick(1, 20)),
        world.wipe,
    ]
    match chance.choices(range(7), (30, 30, 12, 20, 1, 1, 3))[0]:
        case 0:
            for job in chance.choices(range(JOBS), k=pick(1, 6)):
                world.emit(job, chance.random() < 0.02)
        case 1:
            for job in chance.choices(range(JOBS), k=pick(1, 8)):
                world.publish(job, chance.random() < 0.2)
        case 2:
            world.open_viewer(pick(JOBS), pick(2), chance.choice(CURSORS))
        case 3:
            await world.toggle(pick(100), pick(2))
        case 4:
            world.restart_nats()
        case 5:
            world.take_nats_away()
        case _ if loss:
            chance.choice(losses)()
    await world.let_pass(chance.choices(PAUSES, (4, 4, 4, 4, 2, 1, 1))[0])
