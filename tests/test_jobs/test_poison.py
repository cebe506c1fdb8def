"""A parse that fails each time: its dead letter, who is told, and what a retry does."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.storage import DiskStorage, Storage
from core.task_queue import task_message
from features.jobs.burial import Burial
from features.jobs.utils import used_up
from features.psd.services import PARSE_TASK
from tests.client import Client
from tests.integration.gateway import Gateway
from tests.integration.pictures import document_of
from tests.integration.watching import EVENTS, Subscriber
from tests.test_jobs.bench import ADMINISTRATOR
from tests.test_jobs.plant import Site, without_progress
from tests.test_psd.documents import small_document

AWAY = "The object store cannot be used just now."
POISONED = ["queued", "started", *["retrying", "started"] * 3, "failed"]
LETTERS = """
{
  deadLetters {
    totalCount
    nodes { id at reason message job { id status attempt retriedAs { id } } }
  }
}
"""
RETRY = """
mutation ($id: ID!) {
  retryJob(id: $id) { job { id retryOf { id } } cursor userErrors { message } }
}
"""


@contextmanager
def _blocked(storage: Storage, job_id: str) -> Iterator[None]:
    """Keep the store from taking anything of a job."""
    assert isinstance(storage, DiskStorage)
    shard = storage.local_path(f"jobs/{job_id}/1/document-image").parent
    shard.parent.mkdir(parents=True)
    shard.touch()
    yield
    shard.unlink()


async def _poison(site: Site, gate: Gateway, client: Client, path: Path) -> str:
    """Parse what the store does not take, to the end of all attempts."""
    small_document().save(path)
    parsed = await client.parse(await client.upload(path), waitMs=0)
    job_id: str = parsed["job"]["id"]
    with _blocked(gate.container.get(Storage), job_id):  # type: ignore[type-abstract]
        with site.plant.worker():
            for attempt in (1, 2, 3):
                await site.has_failed(job_id, attempt)
                await site.bench.pass_time(job_id)
            job = await site.has(job_id, "FAILED")
            assert (job.attempt, job.claim) == (4, 4)
            await site.queue_empties()
    return job_id


def _watch(gate: Gateway, after: str, subject: str) -> Subscriber:
    return Subscriber(gate.base_url, EVENTS, subject=subject, after=after)


async def test_a_poisoned_parse_is_told_of_and_retried(
    site: Site, gate: Gateway, tmp_path: Path
) -> None:
    async with Client(gate.base_url) as client:
        before = (await client.ask("{ eventCursor }"))["eventCursor"]
        live = asyncio.create_task(
            _watch(gate, before, "tasks.dead.failed").watch(until=bool)
        )
        job_id = await _poison(site, gate, client, tmp_path / "small.psd")
        told = await live
        await _check_letter(client, job_id, told)
        resumed = _watch(gate, before, "tasks.>")
        assert await resumed.watch([0, 0.2], until=bool) == told
        assert without_progress(await site.statuses(job_id)) == POISONED

        new_id = await _retry(site, client, job_id)
        assert len((await document_of(client, new_id))["layers"]["nodes"]) == 4
        assert without_progress(await site.statuses(job_id)) == POISONED
        first, again = await site.job(job_id), await site.job(new_id)
        assert (again.input, again.kind) == (first.input, first.kind)
        letters = (await client.ask(LETTERS))["deadLetters"]
        assert letters["totalCount"] == 1
        assert letters["nodes"][0]["job"]["retriedAs"] == {"id": new_id}


async def _check_letter(client: Client, job_id: str, told: list[Any]) -> None:
    """Hold the one dead letter to its job and to the one event that told of it."""
    [event] = told
    [letter] = (await client.ask(LETTERS))["deadLetters"]["nodes"]
    message = task_message(PARSE_TASK, job_id).decode()
    assert (letter["reason"], letter["message"]) == (AWAY + used_up(4), message)
    assert letter["job"] == {
        "id": job_id,
        "status": "FAILED",
        "attempt": 4,
        "retriedAs": None,
    }
    assert event["subject"] == "events.tasks.dead.failed"
    assert (event["status"], event["job"]) == ("failed", None)
    assert event["at"] == letter["at"]
    payload = event["payload"]
    assert (payload["reason"], payload["message"]) == (letter["reason"], message)
    assert (payload["letter_id"], payload["job_id"]) == (letter["id"], job_id)
    assert (payload["owner"], payload["task_id"]) == (None, event["eventId"])


async def _retry(site: Site, client: Client, job_id: str) -> str:
    """Retry a job twice at once; see the one new job to its end."""
    with site.plant.worker():
        answers = await asyncio.gather(
            *(client.ask(RETRY, id=job_id) for _ in range(2))
        )
        [new_id] = {answer["retryJob"]["job"]["id"] for answer in answers}
        cursor = answers[0]["retryJob"]["cursor"]
        events = await client.watch(new_id, cursor)
        assert events[0]["__typename"] == "JobQueued"
        assert events[-1]["__typename"] == "JobSucceeded"
        await site.queue_empties()
    return str(new_id)


async def test_a_member_hears_of_no_dead_letter(site: Site, gate: Gateway) -> None:
    member = await site.bench.new_member()
    async with Client(gate.base_url) as client:
        before = (await client.ask("{ eventCursor }"))["eventCursor"]
    await site.bench.container.get(Burial).bury(b"rubbish", AWAY)
    given = {"seconds": 0.0, "notes": str(site.plant.notes_file)}
    job = await site.bench.start(
        task_name="tests.sleep", input=given, owner_id=member.user_id
    )
    with site.plant.worker():
        await site.has(job.id, "SUCCEEDED")
    seen = {}
    for caller in (ADMINISTRATOR, member):
        gate.call_as(caller)
        events = await _watch(gate, before, ">").watch(until=_is_end)
        seen[caller] = [event["subject"] for event in events]
    assert "events.tasks.dead.failed" in seen[ADMINISTRATOR]
    assert seen[member] == [
        subject for subject in seen[ADMINISTRATOR] if ".dead." not in subject
    ]
    assert len(seen[member]) == len(seen[ADMINISTRATOR]) - 1


def _is_end(event: Any) -> bool:
    return bool(event["status"] == "completed")
