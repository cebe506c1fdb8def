"""The checker reports what was planted, and nothing where all went well."""

from collections.abc import Callable

import pytest

from tests.chaos.checker import check
from tests.chaos.facts import Accepted, Effect, Expected, Facts, OtherEvent, Seen
from tests.chaos.planted import (
    DOCUMENT,
    LETTER,
    PARSE,
    POISON,
    SLEEP,
    good_facts,
)

type Plant = Callable[[Facts], object]


def test_where_all_went_well_there_is_nothing_to_report() -> None:
    assert check(good_facts()) == []


def _change_job(facts: Facts, place: int, **changes: object) -> None:
    facts.jobs[place] = facts.jobs[place]._replace(**changes)  # type: ignore[arg-type]


def _change_event(facts: Facts, place: int, **changes: object) -> None:
    facts.events[place] = facts.events[place]._replace(**changes)  # type: ignore[arg-type]


def _change_watched(facts: Facts, seen: list[Seen]) -> None:
    facts.watched[0] = facts.watched[0]._replace(seen=tuple(seen))


def _seen(facts: Facts) -> list[Seen]:
    """Return what the first subscriber saw of the parse."""
    return list(facts.watched[0].seen)


def _lose_job(facts: Facts) -> None:
    """Take a job away with all that PostgreSQL and the log knew of it."""
    facts.jobs = [row for row in facts.jobs if row.id != SLEEP]
    facts.events = [event for event in facts.events if event.job_id != SLEEP]


def _lose_event(facts: Facts) -> None:
    del facts.events[2]


def _double_event(facts: Facts) -> None:
    facts.events.append(facts.events[3]._replace(sequence=100))


def _disorder_events(facts: Facts) -> None:
    _change_event(facts, 1, sequence=3)
    _change_event(facts, 2, sequence=2)


def _see_gap(facts: Facts) -> None:
    seen = _seen(facts)
    seen[2] = seen[2]._replace(typename="EventGap")
    _change_watched(facts, seen)


def _see_less(facts: Facts) -> None:
    seen = _seen(facts)
    _change_watched(facts, seen[:2] + seen[3:])


def _see_twice(facts: Facts) -> None:
    seen = _seen(facts)
    _change_watched(facts, seen[:3] + seen[2:])


def _see_disorder(facts: Facts) -> None:
    seen = _seen(facts)
    _change_watched(facts, [seen[0], seen[2], seen[1], *seen[3:]])


def _see_other_end(facts: Facts) -> None:
    *seen, last = _seen(facts)
    _change_watched(facts, [*seen, last._replace(typename="JobFailed")])


def _see_other_status(facts: Facts) -> None:
    seen = _seen(facts)
    seen[1] = seen[1]._replace(status="QUEUED")
    _change_watched(facts, seen)


def _never_complete(facts: Facts) -> None:
    facts.watched[0] = facts.watched[0]._replace(is_complete=False)


def _snapshot_unasked(facts: Facts) -> None:
    seen = _seen(facts)
    seen[2] = seen[2]._replace(typename="JobSnapshot")
    _change_watched(facts, seen)


def _watch_nothing(facts: Facts) -> None:
    facts.watched = [one for one in facts.watched if one.job_id != SLEEP]


def _begin_twice(facts: Facts) -> None:
    facts.effects += [Effect(POISON, 4, "begun"), Effect(POISON, 4, "done")]


def _name_nothing(facts: Facts) -> None:
    facts.layers[1] = facts.layers[1]._replace(image_id=None)


FAULTS: dict[str, tuple[Plant, list[str]]] = {
    "a lost job": (_lose_job, [f"{SLEEP}: accepted and lost: PostgreSQL has no such"]),
    "a doubled job": (
        lambda facts: facts.jobs.append(facts.jobs[0]._replace(id="job_other")),
        [
            "job_other: nobody asked for this job",
            "job_other: in the stream, 0 of 5 events, lost: 1, 2, 3, 4, 5",
            "job_other: its last event is not the one terminal event",
            f"{DOCUMENT}: published 1 times, 2 are due",
        ],
    ),
    "a job told to two": (
        lambda facts: facts.accepted.append(facts.accepted[0]),
        [f"{PARSE}: 2 clients were each told of it as their own"],
    ),
    "a job that has not ended": (
        lambda facts: _change_job(facts, 2, status="RUNNING"),
        [
            f"{SLEEP}: has not ended: it is RUNNING",
            f"{SLEEP}: it is RUNNING, and its terminal event is canceled",
            *[f"{SLEEP}: a subscriber saw JobCanceled (CANCELED) last; the job is"] * 2,
        ],
    ),
    "a wrong terminal status": (
        lambda facts: _change_job(facts, 0, status="FAILED", error={"code": "X"}),
        [
            f"{PARSE}: a job (parse) that works has ended FAILED X in attempt 1",
            f"{PARSE}: it is FAILED, and its terminal event is completed",
            *[f"{PARSE}: a subscriber saw JobSucceeded (SUCCEEDED) last; the job"] * 2,
            f"{DOCUMENT}: published 1 times, 0 are due",
        ],
    ),
    "a job cancelled by nobody": (
        lambda facts: facts.accepted.__setitem__(
            2, Accepted(SLEEP, "sleep", Expected.WORKS)
        ),
        [f"{SLEEP}: a job (sleep) that works has ended CANCELED None in attempt 1"],
    ),
    "too many attempts": (
        lambda facts: _change_job(facts, 1, attempt=5, max_attempts=5),
        [f"{POISON}: 5 attempts"],
    ),
    "given up too early": (
        lambda facts: _change_job(facts, 1, attempt=3),
        [f"{POISON}: a job (poison) that fails each time has ended FAILED INTERNAL"],
    ),
    "a lost event": (_lose_event, [f"{PARSE}: in the stream, 4 of 5 events, lost: 3"]),
    "a doubled event": (
        _double_event,
        [
            f"{PARSE}: in the stream, 6 of 5 events, twice: 4",
            f"{PARSE}: its last event is not the one terminal event: … started",
        ],
    ),
    "events in disorder": (
        _disorder_events,
        [f"{PARSE}: in the stream, 5 of 5 events, out of order"],
    ),
    "a terminal event too early": (
        lambda facts: _change_event(facts, 2, word="failed"),
        [f"{PARSE}: its last event is not the one terminal event: … queued started"],
    ),
    "attempts that go backwards": (
        lambda facts: _change_event(facts, 2, attempt=2),
        [f"{PARSE}: the attempts in its events go backwards"],
    ),
    "a gap told": (_see_gap, [f"{PARSE}: a subscriber was told of 1 gaps"]),
    "an event not seen": (
        _see_less,
        [f"{PARSE}: a subscriber from its beginning: 4 of 5 events, lost: 3"],
    ),
    "an event seen twice": (
        _see_twice,
        [f"{PARSE}: a subscriber from its beginning: 6 of 5 events, twice: 3"],
    ),
    "events seen in disorder": (
        _see_disorder,
        [f"{PARSE}: a subscriber from its beginning: 5 of 5 events, out of order"],
    ),
    "another end seen": (
        _see_other_end,
        [f"{PARSE}: a subscriber saw JobFailed (SUCCEEDED) last; the job is SUCCEEDED"],
    ),
    "another status seen": (
        _see_other_status,
        [f"{PARSE}: a subscriber saw QUEUED in event 2, which is RUNNING"],
    ),
    "an end never told": (
        _never_complete,
        [f"{PARSE}: a subscriber was never told that it has seen all"],
    ),
    "a snapshot unasked": (
        _snapshot_unasked,
        [f"{PARSE}: a subscriber was given a snapshot that it did not ask for"],
    ),
    "a job without subscribers": (
        _watch_nothing,
        [f"{SLEEP}: nobody watched it from its beginning"],
    ),
    "a document twice": (
        lambda facts: facts.documents.append(
            facts.documents[0]._replace(id="psd_2", image_id=None, preview_id=None)
        ),
        [f"{PARSE}: 2 documents; its result is {DOCUMENT}"],
    ),
    "a layer twice": (
        lambda facts: facts.layers.append(facts.layers[0]),
        [f"{PARSE}: 3 layers of 2: [0, 0, 1]"],
    ),
    "a lost layer": (
        lambda facts: facts.layers.pop(0),
        [f"{PARSE}: 1 layers of 2: [1]"],
    ),
    "a picture without a name": (
        _name_nothing,
        [
            f"{PARSE}: pictures of layers are missing, or were not asked for: [1]",
            "jobs/2: an orphan: no row names it",
        ],
    ),
    "an orphaned object": (
        lambda facts: facts.stored.update({"jobs/9": "hash"}),
        ["jobs/9: an orphan: it has no row"],
    ),
    "a missing object": (
        lambda facts: facts.stored.pop("jobs/3"),
        ["jobs/3: its object is missing"],
    ),
    "other bytes": (
        lambda facts: facts.stored.update({"jobs/3": "torn"}),
        ["jobs/3: its bytes are not those that were stored"],
    ),
    "previews published twice": (
        lambda facts: facts.other_events.append(facts.other_events[0]),
        [f"{DOCUMENT}: published 2 times, 1 are due"],
    ),
    "previews never published": (
        lambda facts: facts.other_events.pop(0),
        [f"{DOCUMENT}: published 0 times, 1 are due"],
    ),
    "a row in the outbox": (
        lambda facts: setattr(facts, "outbox", 1),
        ["1 rows are left in the outbox"],
    ),
    "a message left": (
        lambda facts: facts.task_messages.append("tasks.default.job_1"),
        ["a message is left in TASKS: tasks.default.job_1"],
    ),
    "an event not handled": (
        lambda facts: facts.unfinished.update(consumer_on_something=1),
        ["consumer_on_something has 1 messages to go"],
    ),
    "no dead letter": (
        lambda facts: facts.dead_letters.clear(),
        [
            f"{POISON}: 0 dead letters, 1 are due",
            f"{LETTER}: 1 events of dead letter, 0 are due",
        ],
    ),
    "a dead letter of nobody": (
        lambda facts: facts.dead_letters.update({"deadletter_2": None}),
        [
            "None: 1 dead letters, 0 are due",
            "deadletter_2: 0 events of dead letter, 1 are due",
        ],
    ),
    "a dead letter told twice": (
        lambda facts: facts.other_events.append(
            OtherEvent("events.tasks.dead.failed", LETTER)
        ),
        [f"{LETTER}: 2 events of dead letter, 1 are due"],
    ),
    "a claim that ran twice": (
        _begin_twice,
        [
            f"{POISON}: claim 4 began 2 times",
            f"{POISON}: done, and the job has not SUCCEEDED",
        ],
    ),
    "a complaint": (lambda facts: facts.complaints.append("no answer"), ["no answer"]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_planted_is_reported(name: str) -> None:
    plant, due = FAULTS[name]
    facts = good_facts()
    plant(facts)
    found = check(facts)
    assert len(found) == len(due), found
    for violation, beginning in zip(found, due):
        assert violation.startswith(beginning)
