"""Bodies of events: read back as written, bounded, and true to their subject."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events import subjects
from events.schemas import (
    MAX_BODY_BYTES,
    EventBody,
    JobBody,
    JobErrorBody,
    Progress,
    ResultRef,
    decode,
    encode,
)
from events.subjects import JobKind, Topic, Transition, transition_topic
from tests.test_events.bodies import BORN, new_job, next_event

WORDS = st.text(max_size=20)
NUMBERS = st.integers(0, 2**31)
TIMES = st.datetimes(
    datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)
)
PROGRESS = st.builds(
    Progress,
    fraction=st.floats(0, 1),
    stage=WORDS,
    done=NUMBERS,
    total=st.none() | NUMBERS,
    eta_seconds=st.none() | st.floats(0, 1e6),
    message=st.none() | WORDS,
)
ERRORS = st.builds(JobErrorBody, code=WORDS, message=WORDS, retryable=st.booleans())
JOBS = st.builds(
    JobBody,
    id=WORDS,
    kind=st.sampled_from(JobKind).map(str),
    owner=WORDS,
    job_seq=NUMBERS,
    status=WORDS,
    attempt=NUMBERS,
    max_attempts=NUMBERS,
    progress=PROGRESS,
    error=st.none() | ERRORS,
    created_at=TIMES,
    started_at=st.none() | TIMES,
    finished_at=st.none() | TIMES,
    result=st.none() | st.builds(ResultRef, type=WORDS, id=WORDS),
)
OWN_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "owner": st.none() | WORDS,
        "job": JOBS,
        "progress": PROGRESS,
        "error": ERRORS,
        "next_attempt_at": TIMES,
        "layer_ids": st.lists(WORDS, max_size=5),
        "document_id": WORDS,
        "errors": st.lists(st.dictionaries(WORDS, WORDS | NUMBERS), max_size=5),
        "reason": WORDS,
        "message": WORDS,
    },
)
TRANSITIONS = [
    transition_topic(kind, transition) for kind in JobKind for transition in Transition
]
OTHER_TOPICS = [
    subjects.LAYERS_EXPORTED,
    subjects.PREVIEW_READY,
    subjects.PREVIEW_PUBLISHED,
    subjects.ROWS_REJECTED,
    subjects.DEAD_LETTER,
]


def body_of(topic: Topic, **parts: Any) -> EventBody:
    return EventBody(
        event_id="event_1", timestamp=BORN, task_id="t", status=topic.status, **parts
    )


@given(OWN_PARTS)
def test_a_body_comes_back_as_it_was_written(parts: dict[str, Any]) -> None:
    body = body_of(subjects.PREVIEW_READY, **parts)
    data = encode(body)

    assert decode(data) == body
    assert set(msgspec.json.decode(data)) == {
        "event_version",
        "event_id",
        "timestamp",
        "task_id",
        "status",
        *parts,
    }


def test_a_body_is_told_in_the_contract_s_words() -> None:
    job = new_job()
    _, body, after = next_event(job)

    assert msgspec.json.decode(encode(body)) == {
        "event_version": "1",
        "event_id": body.event_id,
        "timestamp": "2026-01-02T03:04:06.678901Z",
        "task_id": job.id,
        "status": "progressed",
        "job": {
            "id": job.id,
            "kind": "PSD_PARSE",
            "owner": job.owner,
            "job_seq": 1,
            "status": "RUNNING",
            "attempt": 0,
            "max_attempts": 4,
            "progress": msgspec.to_builtins(after.progress),
            "error": None,
            "created_at": "2026-01-02T03:04:05.678901Z",
            "started_at": None,
            "finished_at": None,
            "result": None,
            "priority": "INTERACTIVE",
        },
    }


def test_a_body_of_16_kib_is_taken_and_one_byte_more_refused() -> None:
    frame = len(encode(body_of(subjects.DEAD_LETTER, message="")))
    room = MAX_BODY_BYTES - frame

    assert len(encode(body_of(subjects.DEAD_LETTER, message="x" * room))) == 16 * 1024
    with pytest.raises(
        ValueError, match=r"^an event of 16385 bytes; 16384 are allowed$"
    ):
        encode(body_of(subjects.DEAD_LETTER, message="x" * (room + 1)))


def test_bytes_count_and_not_characters() -> None:
    with pytest.raises(ValueError, match=r"bytes; 16384 are allowed$"):
        encode(body_of(subjects.DEAD_LETTER, message="层" * 6000))


BAD_TEXT = b'{"event_id": "\xff"}'
TOO_DEEP = b'{"errors": ' + b"[" * 100_000


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b'{"event_id": 1}', b"\xff", BAD_TEXT, TOO_DEEP],
    ids=["empty", "open", "list", "object", "number", "byte", "text", "deep"],
)
def test_what_is_no_body_is_refused(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(data)


@pytest.mark.parametrize("topic", [*TRANSITIONS, *OTHER_TOPICS], ids=str)
def test_the_body_s_status_is_the_subject_s(topic: Topic) -> None:
    subject = topic.subject("job_1")

    assert subject.split(".") == ["events", *str(topic).split("."), "job_1"]
    assert decode(encode(body_of(topic))).status == subject.split(".")[3]


def test_times_are_utc_to_the_microsecond() -> None:
    body = body_of(subjects.DEAD_LETTER)
    shifted = msgspec.structs.replace(
        body, next_attempt_at=BORN + timedelta(microseconds=1)
    )

    assert b'"2026-01-02T03:04:05.678902Z"' in encode(shifted)
    assert decode(encode(shifted)).next_attempt_at == BORN + timedelta(microseconds=1)
