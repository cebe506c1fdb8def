"""The protocol under random schedules: no hole, repeat, disorder or silence, ever.

The real EventLog, Tail, Hub, Follower and readers run in a virtual world that loses,
expires and repeats what it can. Faults that are planted must be found, or the model is blind.
"""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from loguru import logger

from events.live import hub, watchers
from tests.test_events.conftest import shrink_ring
from tests.test_events.faults import FAULTS, Fault
from tests.test_events.feed_faults import FEED_FAULTS
from tests.test_events.schedules import run
from tests.test_events.simulation import CURSORS, JOBS, PATTERNS, PAUSES, World
from tests.test_events.viewer import Violation
from tests.test_events.virtual_time import VirtualLoop

SCHEDULES = 60
ALL_FAULTS = FAULTS | FEED_FAULTS
ENOUGH = 200
A_JOB = st.integers(0, JOBS - 1)
A_HUB = st.integers(0, 1)


@pytest.fixture(autouse=True)
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the many losses out of the log; hand events out one watcher at a time."""
    monkeypatch.setattr(hub, "WATCHERS_AT_ONCE", 1)
    monkeypatch.setattr(watchers, "MAX_MEMBERS", 2)
    logger.disable("events")
    yield
    logger.enable("events")


@pytest.mark.parametrize("events", [2, 30])
@pytest.mark.parametrize("loss", [False, True], ids=["lossless", "lossy"])
def test_random_schedules_wrong_no_client(
    events: int, loss: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, events)
    worlds = [run(seed, loss=loss) for seed in range(SCHEDULES)]

    viewers = [viewer for world in worlds for viewer in world.viewers]
    assert len(viewers) > SCHEDULES
    assert sum(viewer.is_complete for viewer in viewers) > SCHEDULES / 2
    assert any(world.has_lost for world in worlds) == loss


@pytest.mark.parametrize("fault", ALL_FAULTS.values(), ids=list(ALL_FAULTS))
def test_a_planted_fault_is_found(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink_ring(monkeypatch, 8)
    monkeypatch.setattr(fault.owner, fault.name, fault.stand_in)

    with pytest.raises(Violation):
        for seed in range(ENOUGH):
            run(seed, loss=seed % 4 > 0)


class Protocol(RuleBasedStateMachine):
    """The same world, steered by Hypothesis, which shrinks what it finds."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        self.runner.__enter__()
        self.world = World(seed=0)
        self.runner.run(self.world.start())

    @rule(job=A_JOB, count=st.integers(1, 5), is_last=st.booleans())
    def emit(self, job: int, count: int, is_last: bool) -> None:
        for number in range(count):
            self.world.emit(job, is_last and count == 1 and number == 0)

    @rule(number=st.integers(0, 5))
    def emit_plain(self, number: int) -> None:
        self.world.emit_plain(number)

    @rule(place=st.integers(0, 5), count=st.integers(1, 5), dies=st.booleans())
    def publish(self, place: int, count: int, dies: bool) -> None:
        async def publish() -> None:
            for _ in range(count):
                self.world.publish(place, dies)

        self.runner.run(publish())

    @rule(lane=A_JOB, hub=A_HUB, kind=st.sampled_from(CURSORS), is_latest=st.booleans())
    def open_viewer(self, lane: int, hub: int, kind: str, is_latest: bool) -> None:
        async def open_viewer() -> None:
            self.world.open_viewer(lane, hub, kind, is_latest)

        self.runner.run(open_viewer())

    @rule(
        hub=A_HUB,
        pattern=st.sampled_from(PATTERNS),
        kind=st.sampled_from(CURSORS),
        is_member=st.booleans(),
    )
    def open_feed(self, hub: int, pattern: str, kind: str, is_member: bool) -> None:
        async def open_feed() -> None:
            self.world.open_feed(hub, pattern, kind, is_member)

        self.runner.run(open_feed())

    @rule(
        hub=A_HUB,
        kind=st.sampled_from(CURSORS),
        is_member=st.booleans(),
        has_kinds=st.booleans(),
        is_latest=st.booleans(),
    )
    def open_job_feed(
        self, hub: int, kind: str, is_member: bool, has_kinds: bool, is_latest: bool
    ) -> None:
        async def open_job_feed() -> None:
            self.world.open_job_feed(hub, kind, is_member, has_kinds, is_latest)

        self.runner.run(open_job_feed())

    @precondition(lambda self: self.world.viewers)
    @rule(viewer=st.integers(0, 20), hub=A_HUB)
    def drop_or_resume(self, viewer: int, hub: int) -> None:
        self.runner.run(self.world.toggle(viewer, hub))

    @rule()
    def restart_nats(self) -> None:
        self.world.restart_nats()

    @rule()
    def take_nats_away(self) -> None:
        self.world.take_nats_away()

    @precondition(lambda self: self.world.server.kept)
    @rule(count=st.integers(1, 5))
    def lose_tail(self, count: int) -> None:
        self.world.lose_tail(count)

    @precondition(lambda self: self.world.server.kept)
    @rule(count=st.integers(1, 20))
    def expire(self, count: int) -> None:
        self.world.expire(count)

    @precondition(lambda self: self.world.server.kept)
    @rule()
    def wipe(self) -> None:
        async def wipe() -> None:
            self.world.wipe()

        self.runner.run(wipe())

    @rule(seconds=st.sampled_from(PAUSES))
    def let_pass(self, seconds: float) -> None:
        self.runner.run(self.world.let_pass(seconds))

    def teardown(self) -> None:
        try:
            self.runner.run(self.world.settle(loss=False))
        finally:
            self.runner.close()


TestProtocol = Protocol.TestCase
TestProtocol.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None
)
