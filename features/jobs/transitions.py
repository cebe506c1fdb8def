"""A job's transitions: each changes the locked row and stores its event beside it.

Nothing else writes events of a job: the row, its number and the outbox row are one
transaction, so that what a subscriber is told is what PostgreSQL holds.
"""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from core import outbox
from core.base import new_id
from core.database_async import Session
from core.outbox import OutboxStream
from core.task_queue import task_message, task_subject
from events.schemas import EventBody, JobErrorBody, Progress, encode
from events.subjects import (
    DEAD_LETTER,
    JobKind,
    Topic,
    Transition,
    transition_topic,
)
from features.jobs import crud
from features.jobs.models import DeadLetter, Job, JobStatus
from features.jobs.rows import body_of
from features.jobs.utils import plain, retry_wait

MESSAGE_BYTES: Final = 4096
# An event's body holds an error twice and a progress message twice.
TEXT_CHARACTERS: Final = 500
WORKER_LOST: Final = JobErrorBody(
    "WORKER_LOST",
    "The worker that ran this job died. Another attempt may succeed.",
    True,
)


async def record(session: Session, job: Job, topic: Topic, **parts: Any) -> None:
    """Number the next event of a locked job and put it into the outbox.

    `parts` are the event's own fields of `EventBody`.
    """
    job.job_seq += 1
    await session.flush()
    body = EventBody(
        event_id=new_id("event"),
        timestamp=await crud.now(session),
        task_id=job.id,
        status=topic.status,
        job=body_of(job),
        **parts,
    )
    await outbox.append(
        session,
        OutboxStream.EVENTS,
        topic.subject(job.id),
        encode(body),
        message_id=f"{job.id}:{job.job_seq}",
        job_id=job.id,
        job_seq=job.job_seq,
    )


async def queued(session: Session, job: Job) -> None:
    """The job was accepted: its first event, and the task that runs it."""
    await _transition(session, job, Transition.QUEUED)
    await enqueue(session, job)


async def enqueue(session: Session, job: Job) -> None:
    """Put the job's task into the outbox, for the time when it may run."""
    await outbox.append(
        session,
        OutboxStream.TASKS,
        task_subject(job.id),
        task_message(job.task_name, job.id),
        job_id=job.id,
        not_before=job.run_after,
    )


async def started(session: Session, job: Job, now: datetime) -> None:
    """A worker claimed the job: a new attempt, or one that was handed back goes on."""
    job.claim += 1
    if not job.handed_back:
        job.attempt += 1
        job.progress = msgspec.to_builtins(Progress(stage="starting"))
    job.handed_back = False
    job.status = JobStatus.RUNNING.value
    job.run_after = None
    job.heartbeat_at = now
    job.started_at = job.started_at or now
    await _transition(session, job, Transition.STARTED)


async def progressed(session: Session, job: Job, progress: Progress) -> None:
    """The worker got on."""
    advance(job, progress)
    shown = msgspec.convert(job.progress, Progress)
    await _transition(session, job, Transition.PROGRESSED, progress=shown)


def advance(job: Job, progress: Progress) -> None:
    """Move a job's progress; the fraction never falls."""
    fraction = max(progress.fraction, job.progress.get("fraction", 0.0))
    message = progress.message and plain(progress.message)[:TEXT_CHARACTERS]
    progress = msgspec.structs.replace(
        progress, fraction=min(fraction, 1.0), message=message
    )
    job.progress = msgspec.to_builtins(progress)


async def succeeded(session: Session, job: Job, now: datetime) -> None:
    """The job's result is stored whole."""
    job.status = JobStatus.SUCCEEDED.value
    job.error = None
    job.progress = {**job.progress, "fraction": 1.0, "eta_seconds": 0.0}
    job.finished_at = now
    await _transition(session, job, Transition.COMPLETED)


async def failed(
    session: Session, job: Job, now: datetime, error: JobErrorBody
) -> None:
    """An attempt failed: another follows after a wait, or the job has FAILED."""
    error = _kept(error)
    if error.retryable and job.attempt < job.max_attempts:
        wait = timedelta(seconds=retry_wait(job.attempt))
        await _retry(session, job, error, now + wait)
        return
    await _end_failed(session, job, now, error)
    if error.retryable:
        await bury(session, error.message, task_message(job.task_name, job.id), job)


async def buried(
    session: Session, job: Job, now: datetime, reason: str, message: bytes
) -> None:
    """No worker knows the task of a QUEUED job: it has FAILED, its message is buried."""
    await _end_failed(session, job, now, _kept(JobErrorBody("INTERNAL", reason, True)))
    await bury(session, reason, message, job)


async def handed_back(session: Session, job: Job) -> None:
    """The worker shuts down: the job waits for another, its attempt not used up."""
    job.status = JobStatus.QUEUED.value
    job.handed_back = True
    await enqueue(session, job)


async def worker_lost(
    session: Session, job: Job, now: datetime, *, has_message: bool
) -> None:
    """The job's worker died: its attempt is used up, and the next may start at once.

    `has_message`: the caller holds the job's task, so that no other is needed.
    """
    if job.attempt < job.max_attempts:
        await _retry(session, job, WORKER_LOST, now, has_message=has_message)
    else:
        await failed(session, job, now, WORKER_LOST)


async def canceled(session: Session, job: Job, now: datetime) -> None:
    """A person ended the job; the claim moves on, so its worker may write no more."""
    job.status = JobStatus.CANCELED.value
    job.claim += 1
    job.finished_at = now
    await _transition(session, job, Transition.CANCELED)


async def bury(session: Session, reason: str, message: bytes, job: Job | None) -> None:
    """Store a dead letter and publish its event, for administrators alone."""
    letter = DeadLetter(
        job_id=job.id if job is not None else None,
        reason=plain(reason)[:TEXT_CHARACTERS],
        message=plain(message[:MESSAGE_BYTES].decode(errors="replace")),
    )
    await crud.add_dead_letter(session, letter)
    event_id = new_id("event")
    body = EventBody(
        event_id=event_id,
        timestamp=letter.at,
        task_id=event_id,
        status=DEAD_LETTER.status,
        owner=None,
        reason=letter.reason,
        message=letter.message,
    )
    await outbox.append(
        session,
        OutboxStream.EVENTS,
        DEAD_LETTER.subject(letter.id),
        encode(body),
        message_id=event_id,
    )


async def _retry(
    session: Session,
    job: Job,
    error: JobErrorBody,
    run_after: datetime,
    *,
    has_message: bool = False,
) -> None:
    job.error = msgspec.to_builtins(error)
    job.status = JobStatus.QUEUED.value
    job.run_after = run_after
    await _transition(
        session, job, Transition.RETRYING, error=error, next_attempt_at=run_after
    )
    if not has_message:
        await enqueue(session, job)


async def _end_failed(
    session: Session, job: Job, now: datetime, error: JobErrorBody
) -> None:
    job.error = msgspec.to_builtins(error)
    job.status = JobStatus.FAILED.value
    job.finished_at = now
    await _transition(session, job, Transition.FAILED, error=error)


def _kept(error: JobErrorBody) -> JobErrorBody:
    message = plain(error.message)[:TEXT_CHARACTERS]
    return msgspec.structs.replace(error, message=message)


async def _transition(
    session: Session, job: Job, transition: Transition, **parts: Any
) -> None:
    await record(session, job, transition_topic(JobKind(job.kind), transition), **parts)
