"""Facts of a run in which all went well, for tests to plant a fault in."""

from tests.chaos.check_effects import PUBLISHED
from tests.chaos.designs import Effects
from tests.chaos.facts import (
    Accepted,
    DocumentRow,
    Effect,
    Expected,
    Facts,
    JobEvent,
    JobRow,
    LayerRow,
    ObjectRow,
    OtherEvent,
    Seen,
    Watched,
)

PARSE, POISON, SLEEP = "job_parse", "job_poison", "job_sleep"
DOCUMENT, LETTER = "psd_1", "deadletter_1"
ERROR = {"code": "INTERNAL", "retryable": True}
# Each job's events: the subject's word, the status, the attempt, the graph's type.
STORIES = {
    PARSE: [
        ("queued", "QUEUED", 0, "JobQueued"),
        ("started", "RUNNING", 1, "JobStarted"),
        ("ready", "RUNNING", 1, "PsdPreviewReady"),
        ("exported", "RUNNING", 1, "PsdLayersExported"),
        ("completed", "SUCCEEDED", 1, "JobSucceeded"),
    ],
    POISON: [
        ("queued", "QUEUED", 0, "JobQueued"),
        *(
            event
            for attempt in (1, 2, 3)
            for event in (
                ("started", "RUNNING", attempt, "JobStarted"),
                ("retrying", "QUEUED", attempt, "JobRetrying"),
            )
        ),
        ("started", "RUNNING", 4, "JobStarted"),
        ("failed", "FAILED", 4, "JobFailed"),
    ],
    SLEEP: [
        ("queued", "QUEUED", 0, "JobQueued"),
        ("started", "RUNNING", 1, "JobStarted"),
        ("canceled", "CANCELED", 1, "JobCanceled"),
    ],
}


def good_facts() -> Facts:
    """Make facts without a fault: a parse of 2 layers, poison, a cancelled sleep."""
    facts = Facts(
        accepted=[
            Accepted(PARSE, "parse", Expected.WORKS, Effects(2, frozenset({1}), True)),
            Accepted(POISON, "poison", Expected.POISON),
            Accepted(SLEEP, "sleep", Expected.WORKS, None, True, True),
        ],
        jobs=[
            JobRow(PARSE, "SUCCEEDED", 5, 1, 4, None, DOCUMENT),
            JobRow(POISON, "FAILED", 9, 4, 4, ERROR, None),
            JobRow(SLEEP, "CANCELED", 3, 1, 4, None, None),
        ],
        documents=[DocumentRow(DOCUMENT, PARSE, 2, "object_0", "object_1")],
        layers=[
            LayerRow(DOCUMENT, 0, None, None),
            LayerRow(DOCUMENT, 1, "object_2", "object_3"),
        ],
        objects=[
            ObjectRow(f"object_{n}", f"jobs/{n}", f"hash {n}", None) for n in range(4)
        ],
        stored={f"jobs/{n}": f"hash {n}" for n in range(4)},
        dead_letters={LETTER: POISON},
        other_events=[
            OtherEvent(PUBLISHED, DOCUMENT),
            OtherEvent("events.tasks.dead.failed", LETTER),
        ],
        effects=[Effect(POISON, claim, "begun") for claim in (1, 2, 3, 4)],
        unfinished={"consumer_on_something": 0},
    )
    for job_id in STORIES:
        facts.events += _events(job_id, len(facts.events))
        facts.watched += [_whole(job_id), _from_snapshot(job_id, 2)]
    return facts


def _events(job_id: str, behind: int) -> list[JobEvent]:
    return [
        JobEvent(behind + number, job_id, number, word, status, attempt)
        for number, (word, status, attempt, _) in enumerate(STORIES[job_id], 1)
    ]


def _seen(job_id: str) -> list[Seen]:
    return [
        Seen(typename, number, status)
        for number, (_, status, _, typename) in enumerate(STORIES[job_id], 1)
    ]


def _whole(job_id: str) -> Watched:
    return Watched(job_id, True, True, tuple(_seen(job_id)))


def _from_snapshot(job_id: str, number: int) -> Watched:
    before, *rest = _seen(job_id)[number - 1 :]
    snapshot = before._replace(typename="JobSnapshot")
    return Watched(job_id, False, True, (snapshot, *rest))
