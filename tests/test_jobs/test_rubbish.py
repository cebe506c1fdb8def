"""What a stranger publishes into the work queue: a dead letter each, never silence."""

import json
import pickle
import random
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.broker import NOT_UNDERSTOOD
from core.task_queue import TaskPriority, task_message, task_subject
from events.log import EventLog
from events.subjects import trailing_id
from features.jobs.utils import plain
from tests.test_jobs.plant import Plant, Site

NO_JOB: Final = "The message names a job that does not exist."
NOBODY: Final = "job_0198f0a1b2c37d4e8f00112233445566"
TASK: Final = "tests.sleep"

type Rubbish = dict[str, tuple[bytes, str]]


@pytest.fixture(scope="module", autouse=True)
def resident(plant: Plant) -> Iterator[None]:
    """Keep one worker running through all of these tests."""
    with plant.worker():
        yield


def _changed(job_id: str, **changes: Any) -> bytes:
    return json.dumps(json.loads(task_message(TASK, job_id)) | changes).encode()


def _rubbish(job_id: str) -> Rubbish:
    """Return messages and why each is buried; `job_id` is a job's that has ended."""
    not_understood = {
        "empty": b"",
        "bytes": random.Random(7).randbytes(300),
        "a megabyte": random.Random(8).randbytes(1_000_000),
        "a megabyte of letters": b"x" * 1_000_000,
        "nested without end": b"[" * 500_000,
        "nested in an object": b'{"x":' + b"[" * 100_000,
        "null": b"null",
        "a number": b"7",
        "a list": b"[]",
        "an object": b"{}",
        "no task": json.dumps({"task_id": job_id}).encode(),
        "no Unicode": task_message(TASK, "~").replace(b"~", b"\xff\xfe"),
        "pickled": pickle.dumps(json.loads(task_message(TASK, job_id))),
        "unknown task": task_message("tests.of_nobody", job_id),
        "unknown task and job": task_message("tests.of_nobody", NOBODY),
        "more arguments": _changed(job_id, args=[job_id, 2]),
        "no argument": _changed(job_id, args=[]),
        "another job's": _changed(job_id, args=[NOBODY]),
        "an argument by name": _changed(job_id, kwargs={"context": None}),
        "a timeout": _changed(job_id, labels={"timeout": 0.001}),
        "no timeout": _changed(job_id, labels={"timeout": "soon"}),
        "settled unseen": _changed(job_id, labels={"ack_type": "when_received"}),
        "labels that are no words": _changed(job_id, labels={"ack_type": 7, "x": [{}]}),
        "labels that are none": _changed(job_id, labels=7),
        "types of labels": _changed(job_id, labels={"x": "y"}, labels_types={"x": 1}),
    }
    of_no_job = {
        "unknown job": task_message(TASK, NOBODY),
        "no id": task_message(TASK, "1"),
        "an empty id": task_message(TASK, ""),
        "half a character": task_message(TASK, "~").replace(b"~", b"\\ud800"),
        "a zero byte": task_message(TASK, "job_\0"),
        "another's id": task_message(TASK, NOBODY.replace("job", "file")),
        "a long id": task_message(TASK, "作" * 100_000),
    }
    return {
        **{name: (message, NOT_UNDERSTOOD) for name, message in not_understood.items()},
        **{name: (message, NO_JOB) for name, message in of_no_job.items()},
    }


async def _buried(site: Site, messages: list[bytes]) -> list[tuple[str, str]]:
    """Publish messages; return message and reason of what became of them, sorted.

    Each dead letter has its one event.
    """
    log = EventLog(site.client)
    before = (await log.state()).last
    jetstream = site.client.jetstream()
    for number, message in enumerate(messages):
        await jetstream.publish(_subject(number), message)
    await site.queue_empties()
    letters = await site.bench.dead_letters()
    # The relay publishes their events before what is stored later.
    await site.statuses(await site.start(TASK))
    told = [one async for one in log.replay(before, "events.tasks.dead.failed.*")]
    assert sorted(trailing_id(one.subject) for one in told) == [
        letter.id for letter in letters
    ]
    assert len(letters) == len(messages)
    return sorted((letter.message, letter.reason) for letter in letters)


def _subject(number: int) -> str:
    priority = list(TaskPriority)[number % len(TaskPriority)]
    return task_subject(priority, f"rubbish-{number}")


def _kept(message: bytes) -> str:
    return plain(message[:4096].decode(errors="replace"))


async def test_rubbish_is_buried_and_harms_nobody(site: Site) -> None:
    job_id = await site.start(TASK)
    await site.has(job_id, "SUCCEEDED")
    [pid] = {note.pid for note in site.plant.notes(job_id)}
    before = (await site.job(job_id)).model_dump()
    rubbish = _rubbish(job_id)
    found = await _buried(site, [message for message, _ in rubbish.values()])
    assert found == sorted((_kept(one), reason) for one, reason in rubbish.values())
    named = [one for one in await site.bench.dead_letters() if one.job_id is not None]
    assert {letter.job_id for letter in named} == {job_id}
    assert (await site.job(job_id)).model_dump() == before
    assert len(site.plant.notes(job_id)) == 2  # begun and done, once

    after = await site.start(TASK)
    await site.has(after, "SUCCEEDED")
    assert {note.pid for note in site.plant.notes(after)} == {pid}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
# Like a task's message, but no part of it need be right.
TASKS = st.fixed_dictionaries(
    {"task_id": JSON | st.sampled_from(["", NOBODY])},
    optional={
        "task_name": JSON | st.sampled_from([TASK, "psd.parse_export"]),
        "labels": JSON | st.just({}),
        "labels_types": JSON | st.just({}),
        "args": JSON | st.just([NOBODY]),
        "kwargs": JSON | st.just({}),
    },
)
MESSAGES = st.binary(max_size=3000) | (JSON | TASKS).map(
    lambda value: json.dumps(value).encode()
)


@settings(
    max_examples=2,
    deadline=None,
    database=None,
    phases=[Phase.generate],  # to shrink an example takes longer than to read it
    suppress_health_check=list(HealthCheck),
)
@given(messages=st.lists(MESSAGES, min_size=60, max_size=80))
async def test_whatever_is_published_is_buried(
    site: Site, messages: list[bytes]
) -> None:
    await site.bench.execute("truncate dead_letters")
    found = await _buried(site, messages)
    assert [message for message, _ in found] == sorted(map(_kept, messages))
