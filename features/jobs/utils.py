"""Pure helpers of jobs: a row as an event carries it, waits, times left."""

import random
from datetime import datetime
from typing import Final

import msgspec

from core.errors import ErrorCode
from events.schemas import JobBody, JobErrorBody, Progress, ResultRef
from features.jobs.models import Job

RETRY_WAITS_SECONDS: Final = (2.0, 8.0, 30.0)
JITTER: Final = 0.2


def body_of(job: Job) -> JobBody:
    """Return a job's row as its events carry it."""
    return JobBody(
        id=job.id,
        kind=job.kind,
        owner=job.owner_id,
        job_seq=job.job_seq,
        status=job.status,
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        progress=msgspec.convert(job.progress, Progress),
        error=msgspec.convert(job.error, JobErrorBody) if job.error else None,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        result=result_of(job),
    )


def result_of(job: Job) -> ResultRef | None:
    """Return the type and id of what the job made, once there is something."""
    if job.result_type is None or job.result_id is None:
        return None
    return ResultRef(job.result_type, job.result_id)


def retry_wait(attempt: int) -> float:
    """Return the seconds to wait after a failed attempt (1, 2, 3), with jitter."""
    wait = RETRY_WAITS_SECONDS[min(attempt, len(RETRY_WAITS_SECONDS)) - 1]
    return wait * random.uniform(1 - JITTER, 1 + JITTER)


def eta_seconds(fraction: float, started: datetime, now: datetime) -> float | None:
    """Return the seconds left at the rate so far; None until a rate can be told."""
    elapsed = (now - started).total_seconds()
    if fraction <= 0.02 or elapsed <= 0:
        return None
    return round(elapsed * (1 - fraction) / fraction, 1)


JOB_ERROR_CODES: Final = {
    ErrorCode.CORRUPT_FILE: "CORRUPT_FILE",
    ErrorCode.UNSUPPORTED_FORMAT: "UNSUPPORTED_FORMAT",
    ErrorCode.LIMIT_EXCEEDED: "LIMIT_EXCEEDED",
    ErrorCode.TOO_LARGE: "LIMIT_EXCEEDED",
    ErrorCode.INVALID: "INVALID_INPUT",
    ErrorCode.NOT_UPLOADED: "INVALID_INPUT",
    ErrorCode.NOT_FOUND: "INVALID_INPUT",
    ErrorCode.STORAGE_UNAVAILABLE: "STORAGE_UNAVAILABLE",
}
