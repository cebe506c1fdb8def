"""The ring: a stretch of the log without a hole, bounded, and honest about its ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.cursor import Position
from events.live import ring as rings
from events.live.ring import OVERHEAD_BYTES, Mark, Ring
from events.recorded import Recorded

CREATION = 7


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def event(sequence: int, job: str = "job_1", size: int = 0) -> Recorded:
    subject = f"events.psd.parse_export.progressed.{job}"
    time = sequence * 10
    return Recorded(sequence, time, subject, b"x" * size, creation=CREATION)


def ring_of(*sequences: int, floor: int = 0, clock: Clock | None = None) -> Ring:
    ring = Ring(clock or Clock())
    ring.reset(Position(CREATION, floor, floor * 10))
    for sequence in sequences:
        ring.append(event(sequence))
    return ring


def test_an_empty_ring_covers_where_it_begins_alone() -> None:
    ring = ring_of(floor=5)

    assert ring.covers(Position(CREATION, 5, 50))
    assert ring.covers(Position(CREATION, 5, None))
    assert not ring.covers(Position(CREATION, 4, 40))
    assert not ring.covers(Position(CREATION, 6, 60))
    assert not ring.covers(None)


def test_a_ring_before_the_log_was_reached_covers_nothing() -> None:
    assert not Ring(Clock()).covers(Position(CREATION, 0, None))


def test_another_stream_s_position_or_another_time_is_not_covered() -> None:
    ring = ring_of(6, 7, 8, floor=5)

    assert ring.covers(Position(CREATION, 7, 70))
    assert not ring.covers(Position(CREATION, 7, 71))
    assert not ring.covers(Position(CREATION, 5, 51))
    assert not ring.covers(Position(CREATION + 1, 7, 70))


def test_what_is_too_much_is_dropped_from_the_front(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rings, "MAX_BYTES", 3 * (OVERHEAD_BYTES + 10))
    ring = ring_of()
    for sequence in range(1, 6):
        ring.append(event(sequence, size=10))

    assert ring.floor == Position(CREATION, 2, 20)
    assert not ring.covers(Position(CREATION, 1, 10))
    assert not ring.reaches(Mark(ring.epoch, 1))
    assert ring.reaches(Mark(ring.epoch, 2))
    assert (found := ring.next_of("job_1", 2)) is not None and found.sequence == 3


def test_what_is_too_old_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rings, "MAX_AGE_SECONDS", 10.0)
    clock = Clock()
    ring = ring_of(1, 2, clock=clock)
    clock.now = 11.0
    ring.append(event(3, job="job_2"))

    assert ring.floor == Position(CREATION, 2, 20)
    assert ring.next_of("job_1", 0) is None
    assert ring.newest_of("job_1") == 0


def test_a_reset_is_a_new_epoch() -> None:
    ring = ring_of(1, 2, 3)
    mark = ring.mark
    ring.reset(Position(CREATION + 1, 0, None))

    assert not ring.reaches(mark)
    assert ring.next_that(lambda _: True, 0) is None
    assert ring.bottom == ring.mark == Mark(mark.epoch + 1, 0)


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), max_size=60),
    st.integers(1, 20),
    st.integers(0, 150),
)
def test_the_next_of_a_job_is_the_first_that_is_kept_behind_a_place(
    steps: list[tuple[int, int]], room: int, after: int
) -> None:
    stored, sequence = [], 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rings, "MAX_BYTES", room * OVERHEAD_BYTES)
        ring = ring_of()
        for skipped, job in steps:
            sequence += skipped
            stored.append(event(sequence, job=f"job_{job}"))
            ring.append(stored[-1])
    kept = stored[-room:]
    behind = [one for one in kept if one.sequence > after]

    assert ring.next_that(lambda _: True, after) is (behind[0] if behind else None)
    for job_id in ("job_0", "job_1", "job_2"):
        mine = [one for one in kept if one.trailing_id == job_id]
        later = [one for one in mine if one.sequence > after]
        assert ring.next_of(job_id, after) is (later[0] if later else None)
        assert ring.newest_of(job_id) == (mine[-1].sequence if mine else 0)
