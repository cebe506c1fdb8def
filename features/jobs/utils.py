"""Pure helpers of jobs: waits, times left, codes."""

import random
import re
from datetime import datetime
from typing import Final

from core.errors import AppError, ErrorCode
from events.schemas import JobErrorBody

RETRY_WAITS_SECONDS: Final = (2.0, 8.0, 30.0)
JITTER: Final = 0.2
_NOT_PLAIN: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(text: str) -> str:
    """Return `text` with what JSONB cannot hold, or JSON makes long, replaced.

    These are control characters, new lines and tabs apart, and lone surrogates.
    """
    return _NOT_PLAIN.sub("\N{REPLACEMENT CHARACTER}", text)


def retry_wait(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt (1, 2, 3), with jitter."""
    wait = RETRY_WAITS_SECONDS[min(attempt, len(RETRY_WAITS_SECONDS)) - 1]
    return wait * random.uniform(1 - JITTER, 1 + JITTER)


def used_up(attempts: int) -> str:
    """Return what is said behind the reason of a job's last failure."""
    return (
        f" All {attempts} attempts are used up; retryJob runs the same input again as a "
        "new job."
    )


def places(per_user: int, priority: str) -> int:
    """Return how many of a person's jobs may be at work for one of `priority` to begin.

    The last place is kept for those that the person waits for.
    """
    return per_user if priority == "INTERACTIVE" else max(per_user - 1, 1)


def eta_seconds(fraction: float, started: datetime, now: datetime) -> float | None:
    """Return the seconds left at the rate so far; None until a rate can be told."""
    elapsed = (now - started).total_seconds()
    if fraction <= 0.02 or elapsed <= 0:
        return None
    return round(elapsed * (1 - fraction) / fraction, 1)


def error_of(error: AppError) -> JobErrorBody:
    """Return what a job tells of an error; one that is not for people is INTERNAL."""
    code = _JOB_ERROR_CODES.get(error.code)
    if code is None:
        return INTERNAL
    retryable = error.code is ErrorCode.STORAGE_UNAVAILABLE
    return JobErrorBody(code, error.message, retryable)


INTERNAL: Final = JobErrorBody("INTERNAL", "Something went wrong on our side.", True)
_JOB_ERROR_CODES: Final = {
    ErrorCode.CORRUPT_FILE: "CORRUPT_FILE",
    ErrorCode.UNSUPPORTED_FORMAT: "UNSUPPORTED_FORMAT",
    ErrorCode.LIMIT_EXCEEDED: "LIMIT_EXCEEDED",
    ErrorCode.TOO_LARGE: "LIMIT_EXCEEDED",
    ErrorCode.INVALID: "INVALID_INPUT",
    ErrorCode.NOT_UPLOADED: "INVALID_INPUT",
    ErrorCode.NOT_FOUND: "INVALID_INPUT",
    ErrorCode.STORAGE_UNAVAILABLE: "STORAGE_UNAVAILABLE",
}
