"""The checker reports what was planted, and nothing where all went well."""

from collections.abc import Callable

import pytest

from tests.chaos.checker import check
from tests.chaos.facts import Accepted, Effect, Expected, Facts, OtherEvent, Seen
from tests.chaos.planting import (
    begin_twice,
    change_event,
    change_job,
    disorder_events,
    double_event,
    lose_event,
    lose_job,
    name_nothing,
    never_complete,
    see_disorder,
    see_gap,
    see_less,
    see_other_end,
    see_other_status,
    see_twice,
    snapshot_unasked,
    watch_nothing,
)
from tests.chaos.whole import (
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


FAULTS: dict[str, tuple[Plant, list[str]]] = {
    "a lost job": (lose_job, [f"{SLEEP}: accepted and lost: PostgreSQL has no such"]),
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
        lambda facts: change_job(facts, 2, status="RUNNING"),
        [
            f"{SLEEP}: has not ended: it is RUNNING",
            f"{SLEEP}: it is RUNNING, and its terminal event is canceled",
            *[f"{SLEEP}: a subscriber saw JobCanceled (CANCELED) last; the job is"] * 2,
        ],
    ),
    "a wrong terminal status": (
        lambda facts: change_job(facts, 0, status="FAILED", error={"code": "X"}),
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
        lambda facts: change_job(facts, 1, attempt=5, max_attempts=5),
        [f"{POISON}: 5 attempts"],
    ),
    "given up too early": (
        lambda facts: change_job(facts, 1, attempt=3),
        [f"{POISON}: a job (poison) that fails each time has ended FAILED INTERNAL"],
    ),
    "a lost event": (lose_event, [f"{PARSE}: in the stream, 4 of 5 events, lost: 3"]),
    "a doubled event": (
        double_event,
        [
            f"{PARSE}: in the stream, 6 of 5 events, twice: 4",
            f"{PARSE}: its last event is not the one terminal event: … started",
        ],
    ),
    "events in disorder": (
        disorder_events,
        [f"{PARSE}: in the stream, 5 of 5 events, out of order"],
    ),
    "a terminal event too early": (
        lambda facts: change_event(facts, 2, word="failed"),
        [f"{PARSE}: its last event is not the one terminal event: … queued started"],
    ),
    "attempts that go backwards": (
        lambda facts: change_event(facts, 2, attempt=2),
        [f"{PARSE}: the attempts in its events go backwards"],
    ),
    "a gap told": (see_gap, [f"{PARSE}: a subscriber was told of 1 gaps"]),
    "an event not seen": (
        see_less,
        [f"{PARSE}: a subscriber from its beginning: 4 of 5 events, lost: 3"],
    ),
    "an event seen twice": (
        see_twice,
        [f"{PARSE}: a subscriber from its beginning: 6 of 5 events, twice: 3"],
    ),
    "events seen in disorder": (
        see_disorder,
        [f"{PARSE}: a subscriber from its beginning: 5 of 5 events, out of order"],
    ),
    "another end seen": (
        see_other_end,
        [f"{PARSE}: a subscriber saw JobFailed (SUCCEEDED) last; the job is SUCCEEDED"],
    ),
    "another status seen": (
        see_other_status,
        [f"{PARSE}: a subscriber saw QUEUED in event 2, which is RUNNING"],
    ),
    "an end never told": (
        never_complete,
        [f"{PARSE}: a subscriber was never told that it has seen all"],
    ),
    "a snapshot unasked": (
        snapshot_unasked,
        [f"{PARSE}: a subscriber was given a snapshot that it did not ask for"],
    ),
    "a job without subscribers": (
        watch_nothing,
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
        name_nothing,
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
    "a place that is kept": (
        lambda facts: change_job(facts, 0, admitted=True),
        [f"{PARSE}: still holds a place"],
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
        begin_twice,
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
