"""Dead letters of messages that no worker understood."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.task_queue import task_message
from events.schemas import JobErrorBody
from features.jobs.burial import Burial
from features.jobs.utils import plain
from tests.test_jobs.bench import Bench

REASON = "No worker understands this message."


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        (b"", ""),
        (b"plain \xe4\xbd\xa0\xe5\xa5\xbd\n", "plain 你好\n"),
        (b"\x00\x1b\xff", "\ufffd" * 3),
        (b'{"task_id": 7}', '{"task_id": 7}'),
        (b'{"task_id": "\xff"}', '{"task_id": "\ufffd"}'),
        (b'{"x":' + b"[" * 100_000, '{"x":' + "[" * 4091),
        (b'{"task_id": "job_1\\u0000"}', '{"task_id": "job_1\\u0000"}'),
        (b"\x01" * 5000, "\ufffd" * 4096),
        (b'"' * 5000, '"' * 4096),
    ],
)
async def test_a_message_is_stored_and_told_of(
    bench: Bench, message: bytes, kept: str
) -> None:
    await bench.container.get(Burial).bury(message, REASON)
    [letter] = await bench.dead_letters()
    assert (letter.job_id, letter.reason, letter.message) == (None, REASON, kept)
    [(subject, event)] = await bench.dead_letter_events()
    assert subject == "events.tasks.dead.failed"
    assert (event.owner, event.reason, event.message) == (None, REASON, kept)
    assert event.timestamp == letter.at


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(message=st.binary(max_size=6000), reason=st.text(max_size=3000))
async def test_every_message_can_be_buried(
    bench: Bench, message: bytes, reason: str
) -> None:
    await bench.execute("truncate dead_letters, outbox")
    await bench.container.get(Burial).bury(message, reason)
    [letter] = await bench.dead_letters()
    assert letter.reason == plain(reason)[:500]
    assert len(await bench.dead_letter_events()) == 1


async def test_a_queued_job_whose_task_nobody_knows_has_failed(bench: Bench) -> None:
    job_id = (await bench.start(task_name="tests.of_the_future")).id
    message = task_message("tests.of_the_future", job_id)
    await bench.container.get(Burial).bury(message, REASON)
    job = await bench.job(job_id)
    assert (job.status, job.attempt) == ("FAILED", 0)
    events = await bench.events(job_id)
    assert [one.status for one in events] == ["queued", "failed"]
    assert events[-1].error == JobErrorBody("INTERNAL", REASON, True)
    [letter] = await bench.dead_letters()
    assert (letter.job_id, letter.message) == (job_id, message.decode())


@pytest.mark.parametrize("runs", [True, False])
async def test_a_job_that_is_run_or_over_is_left_alone(
    bench: Bench, runs: bool
) -> None:
    job_id = (await bench.start()).id
    delivery = await bench.claim(job_id)
    if not runs:
        await delivery.end()
    before = await bench.job(job_id)
    await bench.container.get(Burial).bury(task_message("unknown", job_id), REASON)
    assert (await bench.job(job_id)).model_dump() == before.model_dump()
    [letter] = await bench.dead_letters()
    assert letter.job_id == job_id
    if runs:
        await delivery.end()


async def test_a_job_that_does_not_exist_is_not_named(bench: Bench) -> None:
    message = task_message("unknown", "job_0198f0a1b2c37d4e8f00112233445566")
    await bench.container.get(Burial).bury(message, REASON)
    [letter] = await bench.dead_letters()
    assert letter.job_id is None
    assert letter.message == message.decode()
