"""Bodies of events as a job's transitions make them, and rows kept in memory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from core.base import new_id
from events.heads import JobHead
from events.schemas import EventBody, JobBody, Progress, encode
from events.subjects import JobKind, Topic, Transition, transition_topic

OWNER = "user_00000000000070008000000000000001"
BORN = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def new_job(owner: str = OWNER, kind: JobKind = JobKind.PSD_PARSE) -> JobBody:
    """Return a job before its first event."""
    return JobBody(
        id=new_id("job"),
        kind=kind.value,
        owner=owner,
        job_seq=0,
        status="QUEUED",
        attempt=0,
        max_attempts=4,
        progress=Progress(),
        error=None,
        created_at=BORN,
        started_at=None,
        finished_at=None,
        result=None,
    )


def next_event(
    job: JobBody, transition: Transition = Transition.PROGRESSED
) -> tuple[str, EventBody, JobBody]:
    """Return the subject and body of a job's next event, and the job behind it."""
    number = job.job_seq + 1
    at = BORN + timedelta(seconds=number)
    after = msgspec.structs.replace(
        job,
        job_seq=number,
        status="SUCCEEDED" if transition.is_terminal else "RUNNING",
        progress=Progress(min(number / 1000, 1.0), "exporting", number, 1000),
        finished_at=at if transition.is_terminal else None,
    )
    topic = transition_topic(JobKind(job.kind), transition)
    body = EventBody(
        event_id=new_id("event"),
        timestamp=at,
        task_id=job.id,
        status=topic.status,
        job=after,
    )
    return topic.subject(job.id), body, after


class Written(msgspec.Struct):
    """One event that was born: its subject and its body's bytes."""

    subject: str
    job_id: str
    job_seq: int
    data: bytes


def plain_event(topic: Topic, owner: str | None) -> Written:
    """Return an event that is no job's."""
    event_id, trailing_id = new_id("event"), new_id("psd")
    body = EventBody(
        event_id=event_id,
        timestamp=BORN,
        task_id=event_id,
        status=topic.status,
        owner=owner,
    )
    return Written(topic.subject(trailing_id), trailing_id, 1, encode(body))


class Rows:
    """PostgreSQL's part in memory: the rows of jobs, and what waits in the outbox."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobBody] = {}
        self.history: dict[str, list[JobBody]] = {}
        self.outbox: list[Written] = []

    def add(self, owner: str = OWNER, kind: JobKind = JobKind.PSD_PARSE) -> str:
        """Store a job without events; return its id."""
        job = new_job(owner, kind)
        self.jobs[job.id] = job
        self.history[job.id] = [job]
        return job.id

    def emit(
        self, job_id: str, transition: Transition = Transition.PROGRESSED
    ) -> Written:
        """Change a job's row and put the event into the outbox, in one step."""
        subject, body, after = next_event(self.jobs[job_id], transition)
        written = Written(subject, job_id, after.job_seq, encode(body))
        self.jobs[job_id] = after
        self.history[job_id].append(after)
        self.outbox.append(written)
        return written

    async def body(self, job_id: str) -> JobBody | None:
        """Return a job's row as an event would carry it."""
        return self.jobs.get(job_id)

    async def heads(self, job_ids: Sequence[str]) -> Mapping[str, JobHead]:
        """Return where the jobs stand that exist."""
        return {
            job_id: JobHead(self.jobs[job_id].job_seq, self.first_waiting(job_id))
            for job_id in job_ids
            if job_id in self.jobs
        }

    async def changed(
        self, owner: str | None, kinds: Sequence[str], since: datetime
    ) -> AsyncIterator[JobBody]:
        """Yield an owner's jobs (None: everybody's) that run, wait, or ended since."""
        for job in list(self.jobs.values()):
            is_wanted = owner in (None, job.owner) and (not kinds or job.kind in kinds)
            if is_wanted and (job.finished_at is None or job.finished_at > since):
                yield job

    def first_waiting(self, job_id: str) -> int | None:
        """Return the lowest job_seq that is still in the outbox."""
        waiting = [row.job_seq for row in self.outbox if row.job_id == job_id]
        return min(waiting, default=None)
