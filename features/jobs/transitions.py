"""A job's transitions: each changes the locked row and publishes its event beside it.

Nothing else writes events of a job: the row, its number and the outbox row are one
transaction, so that what a subscriber is told is what PostgreSQL holds.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from core.base import new_id
from core.outbox import OutboxRow, OutboxStream
from core.task_queue import task_message
from events.schemas import EventBody, JobErrorBody, Progress, encode
from events.subjects import (
    DEAD_LETTER,
    JobKind,
    Topic,
    Transition,
    transition_topic,
)
from features.jobs.models import DeadLetter, Job, JobStatus
from features.jobs.rows import body_of
from features.jobs.transaction import JobTransaction
from features.jobs.utils import plain, retry_wait, used_up

MESSAGE_BYTES: Final = 4096
# An event's body holds an error twice and a progress message twice.
TEXT_CHARACTERS: Final = 500
WORKER_LOST: Final = JobErrorBody(
    "WORKER_LOST", "The worker that ran this job died.", True
)


def record(at: JobTransaction, job: Job, topic: Topic, **parts: Any) -> None:
    """Number the next event of a locked job and publish it.

    `parts` are the event's own fields of `EventBody`.
    """
    job.job_seq += 1
    body = EventBody(
        event_id=new_id("event"),
        timestamp=at.now,
        task_id=job.id,
        status=topic.status,
        job=body_of(job),
        **parts,
    )
    at.publish(
        OutboxRow(
            OutboxStream.EVENTS,
            topic.subject(job.id),
            encode(body),
            message_id=f"{job.id}:{job.job_seq}",
            job_id=job.id,
            job_seq=job.job_seq,
        )
    )


def queued(at: JobTransaction, job: Job) -> None:
    """The job was accepted: its first event. Its task follows when it is admitted."""
    _transition(at, job, Transition.QUEUED)


def started(at: JobTransaction, job: Job) -> None:
    """A worker claimed the job: a new attempt, or one that was handed back goes on."""
    job.claim += 1
    if not job.handed_back:
        job.attempt += 1
        job.progress = msgspec.to_builtins(Progress(stage="starting"))
    job.handed_back = False
    job.status = JobStatus.RUNNING.value
    job.run_after = None
    job.heartbeat_at = at.now
    job.started_at = job.started_at or at.now
    _transition(at, job, Transition.STARTED)


def progressed(at: JobTransaction, job: Job, progress: Progress) -> None:
    """The worker got on."""
    advance(job, progress)
    shown = msgspec.convert(job.progress, Progress)
    _transition(at, job, Transition.PROGRESSED, progress=shown)


def advance(job: Job, progress: Progress) -> None:
    """Move a job's progress; what was reached stays shown until it is passed again."""
    reached = msgspec.convert(job.progress, Progress)
    if progress.fraction < reached.fraction:
        eta, message = progress.eta_seconds, progress.message
        progress = msgspec.structs.replace(reached, eta_seconds=eta, message=message)
    message = progress.message and plain(progress.message)[:TEXT_CHARACTERS]
    progress = msgspec.structs.replace(
        progress, fraction=min(progress.fraction, 1.0), message=message
    )
    job.progress = msgspec.to_builtins(progress)


def succeeded(at: JobTransaction, job: Job) -> None:
    """The job's result is stored whole."""
    job.error = None
    job.progress = {**job.progress, "fraction": 1.0, "eta_seconds": 0.0}
    _end(at, job, JobStatus.SUCCEEDED)
    _transition(at, job, Transition.COMPLETED)


def failed(at: JobTransaction, job: Job, error: JobErrorBody) -> None:
    """An attempt failed: another follows after a wait, or the job has FAILED."""
    error = _kept(error)
    if error.retryable and job.attempt < job.max_attempts:
        wait = timedelta(seconds=retry_wait(job.attempt))
        _retry(at, job, error, at.now + wait)
        return
    if error.retryable:
        error = _kept(error, used_up(job.max_attempts))
    _end_failed(at, job, error)
    if error.retryable:
        bury(at, error.message, task_message(job.task_name, job.id), job)


def buried(at: JobTransaction, job: Job, reason: str, message: bytes) -> None:
    """No worker knows the task of a QUEUED job: it has FAILED, its message is buried."""
    _end_failed(at, job, _kept(JobErrorBody("INTERNAL", reason, True)))
    bury(at, reason, message, job)


def handed_back(at: JobTransaction, job: Job) -> None:
    """The worker shuts down: the job waits for another, its attempt not used up."""
    job.status = JobStatus.QUEUED.value
    job.handed_back = True
    at.enqueue(job)


def worker_lost(at: JobTransaction, job: Job, *, has_message: bool) -> None:
    """The job's worker died: its attempt is used up, and the next may start at once.

    `has_message`: the caller holds the job's task, so that no other is needed.
    """
    if job.attempt < job.max_attempts:
        _retry(at, job, WORKER_LOST, at.now, has_message=has_message)
    else:
        failed(at, job, WORKER_LOST)


def canceled(at: JobTransaction, job: Job) -> None:
    """A person ended the job; the claim moves on, so its worker may write no more."""
    job.claim += 1
    _end(at, job, JobStatus.CANCELED)
    _transition(at, job, Transition.CANCELED)


def bury(at: JobTransaction, reason: str, message: bytes, job: Job | None) -> None:
    """Store a dead letter and publish its event, for administrators alone."""
    letter = DeadLetter(
        job_id=job.id if job is not None else None,
        reason=plain(reason)[:TEXT_CHARACTERS],
        message=plain(message[:MESSAGE_BYTES].decode(errors="replace")),
    )
    at.session.add(letter)
    event_id = new_id("event")
    body = EventBody(
        event_id=event_id,
        timestamp=letter.at,
        task_id=event_id,
        status=DEAD_LETTER.status,
        owner=None,
        letter_id=letter.id,
        job_id=letter.job_id,
        reason=letter.reason,
        message=letter.message,
    )
    at.publish(
        OutboxRow(
            OutboxStream.EVENTS,
            DEAD_LETTER.subject(letter.id),
            encode(body),
            message_id=event_id,
        )
    )


def _retry(
    at: JobTransaction,
    job: Job,
    error: JobErrorBody,
    run_after: datetime,
    *,
    has_message: bool = False,
) -> None:
    job.error = msgspec.to_builtins(error)
    job.status = JobStatus.QUEUED.value
    job.run_after = run_after
    _transition(at, job, Transition.RETRYING, error=error, next_attempt_at=run_after)
    if not has_message:
        at.enqueue(job)


def _end(at: JobTransaction, job: Job, status: JobStatus) -> None:
    job.status = status.value
    job.finished_at = at.now
    at.leave(job)


def _end_failed(at: JobTransaction, job: Job, error: JobErrorBody) -> None:
    job.error = msgspec.to_builtins(error)
    _end(at, job, JobStatus.FAILED)
    _transition(at, job, Transition.FAILED, error=error)


def _kept(error: JobErrorBody, more: str = "") -> JobErrorBody:
    """Return an error as it is stored; its message gives way to `more` behind it."""
    message = plain(error.message)[: TEXT_CHARACTERS - len(more)] + more
    return msgspec.structs.replace(error, message=message)


def _transition(
    at: JobTransaction, job: Job, transition: Transition, **parts: Any
) -> None:
    record(at, job, transition_topic(JobKind(job.kind), transition), **parts)
