"""How long a failed attempt is followed by nothing, and which failures are final."""

from itertools import pairwise

import pytest

from core.errors import AppError, ErrorCode
from events.schemas import JobErrorBody
from features.jobs.models import MAX_ATTEMPTS
from features.jobs.utils import (
    INTERNAL,
    JITTER,
    RETRY_WAITS_SECONDS,
    error_of,
    retry_wait,
)

FOR_PEOPLE = {
    ErrorCode.CORRUPT_FILE: "CORRUPT_FILE",
    ErrorCode.UNSUPPORTED_FORMAT: "UNSUPPORTED_FORMAT",
    ErrorCode.LIMIT_EXCEEDED: "LIMIT_EXCEEDED",
    ErrorCode.TOO_LARGE: "LIMIT_EXCEEDED",
    ErrorCode.INVALID: "INVALID_INPUT",
    ErrorCode.NOT_UPLOADED: "INVALID_INPUT",
    ErrorCode.NOT_FOUND: "INVALID_INPUT",
    ErrorCode.STORAGE_UNAVAILABLE: "STORAGE_UNAVAILABLE",
}


def test_waits_grow_and_never_fall_together() -> None:
    waits = [
        [retry_wait(attempt) for _ in range(1000)] for attempt in range(1, MAX_ATTEMPTS)
    ]
    for drawn, middle in zip(waits, RETRY_WAITS_SECONDS, strict=True):
        assert (
            middle * (1 - JITTER) <= min(drawn) <= max(drawn) <= middle * (1 + JITTER)
        )
        # A thousand jobs that failed at one moment are spread over most of the span.
        assert max(drawn) - min(drawn) > middle * JITTER
    assert all(max(former) < min(later) for former, later in pairwise(waits))
    assert max(waits[-1]) <= 36


def test_no_attempt_waits_longer_than_after_the_third() -> None:
    longest = RETRY_WAITS_SECONDS[-1] * (1 + JITTER)
    assert all(retry_wait(attempt) <= longest for attempt in range(1, 100))


@pytest.mark.parametrize("code", ErrorCode)
def test_only_what_may_pass_by_itself_is_tried_again(code: ErrorCode) -> None:
    told = error_of(AppError(code, "Why."))
    if code in FOR_PEOPLE:
        may_pass = code is ErrorCode.STORAGE_UNAVAILABLE
        assert told == JobErrorBody(FOR_PEOPLE[code], "Why.", may_pass)
    else:
        assert told == INTERNAL
        assert told.retryable
