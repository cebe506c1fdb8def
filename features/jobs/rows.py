"""A job's row as its events carry it."""

import msgspec

from events.schemas import JobBody, JobErrorBody, Progress, ResultRef
from features.jobs.models import Job


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
        priority=job.priority,
    )


def result_of(job: Job) -> ResultRef | None:
    """Return the type and id of what the job made, once there is something."""
    if job.result_type is None or job.result_id is None:
        return None
    return ResultRef(job.result_type, job.result_id)
