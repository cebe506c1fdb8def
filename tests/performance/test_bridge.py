"""The benchmark's own judgement: a disorder is seen, a figure is the right one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.performance.bridge.frames import TEXT, frames, server_frame
from tests.performance.bridge.pace import percentile
from tests.performance.bridge.question import next_message, progressed, snapshot
from tests.performance.bridge.sequence import Disorder, Sequence
from tests.performance.bridge.table import at_least, at_most, shown


def _take(sequence: Sequence, message: bytes) -> bool:
    return sequence.take(message, 0, len(message))


def _event(number: int) -> bytes:
    return next_message(progressed(number))


@given(st.integers(0, 10**6), st.integers(1, 20))
def test_every_event_in_order_is_taken(seen: int, count: int) -> None:
    sequence = Sequence(seen)
    for number in range(seen + 1, seen + count + 1):
        assert _take(sequence, _event(number))
    assert sequence.seen == seen + count


def test_spaces_between_json_tokens_change_nothing() -> None:
    sequence = Sequence(8)
    assert _take(sequence, _event(9).replace(b":", b": ").replace(b",", b", "))
    assert _take(sequence, _event(10))


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_any_other_event_is_a_disorder(seen: int, number: int) -> None:
    sequence = Sequence(seen)
    if number == seen + 1:
        assert _take(sequence, _event(number))
        return
    with pytest.raises(Disorder, match=f"^behind event {seen} came "):
        _take(sequence, _event(number))


@pytest.mark.parametrize(
    "message",
    [
        b'{"id":"1","type":"complete"}',
        b'{"id":"1","type":"error","payload":[]}',
        b'{"id":"2","type":"next","payload":{"data":{"jobEvents":'
        b'{"__typename":"JobSnapshot"}}}}',
        next_message({"__typename": "EventGap"}),
    ],
)
def test_what_is_no_event_is_a_disorder(message: bytes) -> None:
    with pytest.raises(Disorder):
        _take(Sequence(0), message)


def test_a_snapshot_comes_at_most_once() -> None:
    sequence = Sequence(0)
    message = next_message(snapshot())
    assert not _take(sequence, message)
    with pytest.raises(Disorder):
        _take(sequence, message)


@given(st.lists(st.binary(max_size=70_000), max_size=4), st.data())
def test_frames_are_found_wherever_the_data_is_cut(
    payloads: list[bytes], data: st.DataObject
) -> None:
    whole = b"".join(server_frame(payload) for payload in payloads)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=6))
    places = [0, *sorted(cuts), len(whole)]
    found, rest = [], b""
    for start, stop in pairwise(places):
        rest += whole[start:stop]
        place = 0
        for opcode, first, place in frames(rest):
            assert opcode == TEXT
            found.append(rest[first:place])
        rest = rest[place:]
    assert (found, rest) == (payloads, b"")


@given(st.lists(st.integers(), min_size=1), st.integers(1, 100))
def test_a_percentile_is_the_least_value_that_so_many_reach(
    values: list[int], percent: int
) -> None:
    ordered = sorted(values)
    found = percentile(ordered, percent)
    assert 100 * sum(value <= found for value in values) >= percent * len(values)
    assert 100 * sum(value < found for value in values) < percent * len(values)


def test_a_table_says_what_is_met() -> None:
    lines = [
        at_least("a", "much", 24.96, "times", 25),
        at_most("a", "little", 1234.5, "ms", 2000),
    ]
    assert shown(lines) == (
        "|  | measured | aim |  |\n"
        "| --- | --- | --- | --- |\n"
        "| **a** |  |  |  |\n"
        "| much | 25.0 times | >= 25 times | not met |\n"
        "| little | 1,234 ms | < 2000 ms | met |"
    )
