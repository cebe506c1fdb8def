"""The promises, held against what was collected. Pure: facts in, violations out."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from tests.chaos.check_effects import EFFECT_CHECKS
from tests.chaos.facts import Accepted, Expected, Facts, JobEvent, JobRow, Watched

MAX_ATTEMPTS: Final = 4
ENDS: Final = {
    "SUCCEEDED": ("completed", "JobSucceeded"),
    "FAILED": ("failed", "JobFailed"),
    "CANCELED": ("canceled", "JobCanceled"),
}
_TERMINAL_WORDS: Final = frozenset(word for word, _ in ENDS.values())


def check(facts: Facts) -> list[str]:
    """Return every violation, each in words with the job that it is about."""
    return list(chain.from_iterable(one(facts) for one in CHECKS))


def _jobs(facts: Facts) -> Iterator[str]:
    """Every accepted job is there once, and there is no other."""
    told = Counter(one.job_id for one in facts.accepted)
    rows = {row.id for row in facts.jobs}
    for job_id, number in told.items():
        if number > 1:
            yield f"{job_id}: {number} clients were each told of it as their own"
        if job_id not in rows:
            yield f"{job_id}: accepted and lost: PostgreSQL has no such job"
    for job_id in sorted(rows - told.keys()):
        yield f"{job_id}: nobody asked for this job"
    yield from facts.complaints


def _ends(facts: Facts) -> Iterator[str]:
    """Every job has ended as its kind must."""
    accepted = {one.job_id: one for one in facts.accepted}
    for row in facts.jobs:
        if row.attempt > MAX_ATTEMPTS:
            yield f"{row.id}: {row.attempt} attempts"
        if row.status not in ENDS:
            yield f"{row.id}: has not ended: it is {row.status}"
        elif (one := accepted.get(row.id)) and not _is_due_end(one, row):
            code = (row.error or {}).get("code")
            yield (
                f"{row.id}: a job ({one.kind}) that {one.expected.value} has ended "
                f"{row.status} {code} in attempt {row.attempt}"
            )


def _is_due_end(one: Accepted, row: JobRow) -> bool:
    if one.is_cancel_told or row.status == "CANCELED":
        return one.is_cancel_asked and row.status == "CANCELED"
    if row.status == "SUCCEEDED":
        return one.expected is Expected.WORKS
    error = row.error or {}
    if error.get("retryable"):
        return row.attempt == row.max_attempts
    return one.expected is Expected.CORRUPT and error.get("code") == "CORRUPT_FILE"


def _events(facts: Facts) -> Iterator[str]:
    """Each event is in the stream once, in order, behind the one before."""
    by_job = _by_job(facts)
    rows = {row.id: row for row in facts.jobs}
    for job_id in sorted(by_job.keys() - rows.keys()):
        yield f"{job_id}: events of a job that is not there"
    for job_id, row in rows.items():
        events = by_job[job_id]
        numbers = [event.job_seq for event in events]
        if fault := sequence_fault(numbers, row.job_seq):
            yield f"{job_id}: in the stream, {fault}"
        yield from (f"{job_id}: {fault}" for fault in _story_faults(events, row))


def _story_faults(events: list[JobEvent], row: JobRow) -> Iterator[str]:
    if any(now.attempt < before.attempt for before, now in zip(events, events[1:])):
        yield "the attempts in its events go backwards"
    if events and max(event.attempt for event in events) > MAX_ATTEMPTS:
        yield "its events tell of too many attempts"
    terminal = [event for event in events if event.word in _TERMINAL_WORDS]
    if len(terminal) != 1 or terminal != events[-1:]:
        words = " ".join(event.word for event in events[-5:])
        yield f"its last event is not the one terminal event: … {words}"
        return
    due, _ = ENDS.get(row.status, (None, None))
    if terminal[0].word != due or terminal[0].status != row.status:
        yield f"it is {row.status}, and its terminal event is {terminal[0].word}"


def _subscribers(facts: Facts) -> Iterator[str]:
    """Every subscriber saw one sequence that ends in the job's own end."""
    by_job = _by_job(facts)
    rows = {row.id: row for row in facts.jobs}
    watched = {one.job_id for one in facts.watched if one.is_whole}
    for one in facts.accepted:
        if one.job_id not in watched:
            yield f"{one.job_id}: nobody watched it from its beginning"
    for watch in facts.watched:
        events = {event.job_seq: event for event in by_job[watch.job_id]}
        row = rows.get(watch.job_id)
        for fault in _watch_faults(watch, events, row):
            yield f"{watch.job_id}: a subscriber {fault}"


def _watch_faults(
    watch: Watched, events: dict[int, JobEvent], row: JobRow | None
) -> Iterator[str]:
    if row is None:
        return
    if not watch.is_complete:
        yield "was never told that it has seen all"
    gaps = sum(seen.typename == "EventGap" for seen in watch.seen)
    if gaps:
        yield f"was told of {gaps} gaps"
    snapshots = [seen.typename == "JobSnapshot" for seen in watch.seen]
    if any(snapshots[0 if watch.is_whole else 1 :]):
        yield "was given a snapshot that it did not ask for"
    numbers = [seen.job_seq for seen in watch.seen]
    first = 1 if watch.is_whole else (numbers[0] if numbers else 1)
    if fault := sequence_fault(numbers, row.job_seq, first):
        yield f"{'from its beginning' if watch.is_whole else 'from a snapshot'}: {fault}"
    for seen in watch.seen:
        if (event := events.get(seen.job_seq)) and event.status != seen.status:
            yield f"saw {seen.status} in event {seen.job_seq}, which is {event.status}"
    if watch.seen and not _is_end(watch, row):
        last = watch.seen[-1]
        yield f"saw {last.typename} ({last.status}) last; the job is {row.status}"


def _is_end(watch: Watched, row: JobRow) -> bool:
    last = watch.seen[-1]
    _, typename = ENDS.get(row.status, (None, None))
    ends = {typename} if watch.is_whole else {typename, "JobSnapshot"}
    return last.typename in ends and last.status == row.status


def sequence_fault(numbers: list[int], last: int, first: int = 1) -> str | None:
    """Say how numbers differ from `first`, `first` + 1, … `last`, or return None."""
    due = list(range(first, last + 1))
    if numbers == due:
        return None
    lost = sorted(set(due) - set(numbers))
    double = sorted(number for number, n in Counter(numbers).items() if n > 1)
    strange = sorted(set(numbers) - set(due))
    faults = [("lost", lost), ("twice", double), ("unknown", strange)]
    words = [f"{word}: {_shown(found)}" for word, found in faults if found]
    return f"{len(numbers)} of {len(due)} events, {', '.join(words) or 'out of order'}"


def _left_behind(facts: Facts) -> Iterator[str]:
    """Nothing waits any more."""
    if facts.outbox:
        yield f"{facts.outbox} rows are left in the outbox"
    for row in facts.jobs:
        if row.admitted:
            yield f"{row.id}: still holds a place"
    for subject in facts.task_messages:
        yield f"a message is left in TASKS: {subject}"
    for consumer, number in facts.unfinished.items():
        if number:
            yield f"{consumer} has {number} messages to go"


def _dead_letters(facts: Facts) -> Iterator[str]:
    """The dead letters are those of jobs that used up their attempts."""
    due = [
        row.id
        for row in facts.jobs
        if row.status == "FAILED" and (row.error or {}).get("retryable")
    ]
    yield from _differences("dead letters", facts.dead_letters.values(), due)
    told = [e.id for e in facts.other_events if e.subject == "events.tasks.dead.failed"]
    yield from _differences("events of dead letter", told, list(facts.dead_letters))


def _differences(
    what: str, found: Iterable[str | None], due: Iterable[str]
) -> Iterator[str]:
    has, wants = Counter(str(one) for one in found), Counter(due)
    for one in sorted(has | wants):
        if has[one] != wants[one]:
            yield f"{one}: {has[one]} {what}, {wants[one]} are due"


def _by_job(facts: Facts) -> defaultdict[str, list[JobEvent]]:
    found: defaultdict[str, list[JobEvent]] = defaultdict(list)
    for event in sorted(facts.events, key=lambda event: event.sequence):
        found[event.job_id].append(event)
    return found


def _shown(numbers: list[int]) -> str:
    more = f" and {len(numbers) - 10} more" if len(numbers) > 10 else ""
    return ", ".join(map(str, numbers[:10])) + more


CHECKS: Final = (
    _jobs,
    _ends,
    _events,
    _subscribers,
    _left_behind,
    _dead_letters,
    *EFFECT_CHECKS,
)
