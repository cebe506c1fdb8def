"""What is counted, counts once, and by the right name."""

import asyncio
import time

import pytest
from graphql import GraphQLError, OperationType
from hypothesis import given
from hypothesis import strategies as st

from core.errors import AppError, ErrorCode
from resolvers.counting import (
    BOUNDS,
    Durations,
    OperationCounts,
    Transport,
    outcome_of,
)
from resolvers.metrics.families import histogram
from resolvers.metrics.loop_lag import LoopLag


def _error(original: Exception | None) -> GraphQLError:
    return GraphQLError("x", original_error=original)


THEIRS = _error(AppError(ErrorCode.NOT_FOUND, "There is none."))
INVALID = _error(AppError(ErrorCode.CORRUPT_FILE, "It is corrupt."))
OURS = _error(RuntimeError("x"))
UNSTORED = _error(AppError(ErrorCode.STORAGE_UNAVAILABLE, "Later."))


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        (None, "ok"),
        ([], "ok"),
        ([THEIRS], "NOT_FOUND"),
        ([_error(THEIRS)], "NOT_FOUND"),
        ([_error(None)], "BAD_USER_INPUT"),
        ([INVALID, THEIRS], "BAD_USER_INPUT"),
        ([THEIRS, OURS], "INTERNAL"),
        ([UNSTORED], "INTERNAL"),
    ],
)
def test_an_outcome_is_a_code_that_clients_know(
    errors: list[GraphQLError] | None, outcome: str
) -> None:
    assert outcome_of(errors) == outcome


def test_an_operation_ends_once() -> None:
    counts = OperationCounts()
    running, other = (counts.begin(Transport.SSE) for _ in range(2))
    assert counts.running == {Transport.SSE: 2}
    running.kind = OperationType.QUERY
    running.ended("ok")
    running.ended("left")
    other.ended("refused")
    assert counts.running == {Transport.SSE: 0}
    assert counts.ended == {("query", "sse", "ok"): 1, ("unknown", "sse", "refused"): 1}
    assert sum(counts.durations[OperationType.QUERY].counts) == 1


def test_how_long_one_took_that_was_left_means_nothing() -> None:
    counts = OperationCounts()
    counts.finished(OperationType.QUERY, Transport.WEBSOCKET, "left", 1.0)
    counts.finished(OperationType.SUBSCRIPTION, Transport.WEBSOCKET, "ok", 1.0)
    assert all(sum(one.counts) == one.sum == 0 for one in counts.durations.values())


@given(st.lists(st.one_of(st.floats(0, 20), st.sampled_from(BOUNDS))))
def test_a_bucket_holds_all_within_its_bound(seconds: list[float]) -> None:
    durations = Durations()
    for one in seconds:
        durations.add(one)
    samples = histogram("x_seconds", "Some.", durations).samples
    buckets = {
        float(one.labels["le"]): one.value for one in samples if one.labels.get("le")
    }
    assert list(buckets) == [*BOUNDS, float("inf")]
    for bound, value in buckets.items():
        assert value == sum(one <= bound for one in seconds)
    assert durations.sum == pytest.approx(sum(seconds))


async def test_a_loop_that_is_held_up_is_late() -> None:
    lag = LoopLag()
    with lag.measured():
        time.sleep(0.6)
        async with asyncio.timeout(5):
            while not sum(lag.durations.counts):
                await asyncio.sleep(0.01)
    assert 0.3 <= lag.durations.sum
