"""cancelJob and retryJob on the running system."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client
from tests.integration.conftest import NOISY_LAYERS, Parsed
from tests.integration.pictures import DOCUMENT
from tests.programs import PATIENCE_SECONDS, frozen, parsers
from tests.running import Running

PAYLOAD = """{
  job { id status attempt finishedAt retryOf { id } retriedAs { id } }
  cursor
  userErrors { field code message }
}"""
CANCEL = f"mutation ($id: ID!) {{ cancelJob(id: $id) {PAYLOAD} }}"
RETRY = f"mutation ($id: ID!) {{ retryJob(id: $id) {PAYLOAD} }}"
STATUS = "query ($id: ID!) { job(id: $id) { status retriedAs { id } retryOf { id } } }"


async def _cancel(client: Client, job_id: str) -> Any:
    return (await client.ask(CANCEL, id=job_id))["cancelJob"]


async def _retry(client: Client, job_id: str) -> Any:
    return (await client.ask(RETRY, id=job_id))["retryJob"]


def _refusal(code: str, message: str) -> dict[str, Any]:
    error = {"field": ["id"], "code": code, "message": message}
    return {"job": None, "cursor": None, "userErrors": [error]}


async def _canceled(
    running: Running, client: Client, file_id: str
) -> tuple[str, list[Any]]:
    """Cancel a parse when its first layers are there; return its id and events."""
    started = await client.parse(file_id, waitMs=0)
    job_id = started["job"]["id"]
    events: list[Any] = []
    async for event in client.job_events(job_id, started["cursor"]):
        events.append(event)
        kinds = [one["__typename"] for one in events]
        if kinds.count("PsdLayersExported") == 1 and kinds[-1] == "PsdLayersExported":
            with frozen(parsers(running.supervisor.pid)):
                canceled = await _cancel(client, job_id)
            assert canceled["userErrors"] == []
            assert canceled["job"]["status"] == "CANCELED"
            behind = await client.watch(job_id, canceled["cursor"])
            assert [one["__typename"] for one in behind][-1] == "JobCanceled"
    return job_id, events


async def test_a_running_job_stops_and_keeps_what_it_has(
    running: Running, client: Client, noisy: str
) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        job_id, events = await _canceled(running, client, noisy)
    kinds = [event["__typename"] for event in events]
    assert (kinds[-1], kinds.count("JobCanceled")) == ("JobCanceled", 1)
    told = [event for event in events if event["__typename"] == "PsdLayersExported"]
    exported = sorted(layer["id"] for event in told for layer in event["layers"])
    assert 0 < len(exported) < NOISY_LAYERS
    await asyncio.sleep(1)  # a worker that went on would have stored more by now
    job = (await client.ask(DOCUMENT, id=job_id))["job"]
    layers = job["result"]["layers"]["nodes"]
    assert job["status"] == "CANCELED"
    assert len(layers) == NOISY_LAYERS
    assert sorted(layer["id"] for layer in layers if layer["image"]) == exported


async def test_a_queued_job_never_starts(
    running: Running, client: Client, noisy: str
) -> None:
    with frozen(parsers(running.supervisor.pid)):
        jobs = [(await client.parse(noisy, waitMs=0))["job"]["id"] for _ in range(5)]
        last = jobs.pop()
        assert (await _cancel(client, last))["job"]["status"] == "CANCELED"
        for job_id in jobs:
            await _cancel(client, job_id)
    for job_id in jobs:
        assert (await client.watch(job_id))[-1]["job"]["status"] == "CANCELED"
    before = (await client.ask("{ eventCursor }"))["eventCursor"]
    await asyncio.sleep(1)  # its task comes up once the worker is free
    assert await client.watch(last, before) == []
    (snapshot,) = await client.watch(last)
    assert (snapshot["job"]["status"], snapshot["job"]["attempt"]) == ("CANCELED", 0)


@pytest.mark.parametrize("job_id", ["job_00000000000070008000000000000009", "", "x"])
async def test_an_unknown_job_cannot_be_steered(job_id: str, client: Client) -> None:
    unknown = _refusal("NOT_FOUND", "There is no such job.")
    assert await _cancel(client, job_id) == unknown
    assert await _retry(client, job_id) == unknown


async def test_a_job_that_has_succeeded_is_left_as_it_is(
    client: Client, parsed: Parsed
) -> None:
    assert await _cancel(client, parsed.job_id) == _refusal(
        "CONFLICT", "This job has ended already: it is SUCCEEDED."
    )
    assert await _retry(client, parsed.job_id) == _refusal(
        "CONFLICT",
        "Only a job that FAILED or was CANCELED can be retried; this one is SUCCEEDED.",
    )
    job = (await client.ask(STATUS, id=parsed.job_id))["job"]
    assert job == {"status": "SUCCEEDED", "retriedAs": None, "retryOf": None}


async def test_a_failed_job_is_retried_once_however_often_it_is_asked(
    client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "text.psd"
    path.write_text("no design")
    failed = await client.parse(await client.upload(path), waitMs=10_000)
    job_id = failed["job"]["id"]
    # Asked again and again until long behind the new job's end, which some of them meet.
    answers = [
        answer
        for _ in range(10)
        for answer in await asyncio.gather(*(_retry(client, job_id) for _ in range(12)))
    ]
    (new_id,) = {answer["job"]["id"] for answer in answers}
    (cursor,) = {answer["cursor"] for answer in answers}
    assert new_id != job_id
    assert all(answer["job"]["retryOf"] == {"id": job_id} for answer in answers)
    events = await client.watch(new_id, cursor)
    kinds = [event["__typename"] for event in events]
    assert kinds == ["JobQueued", "JobStarted", "JobFailed"]
    assert events[-1]["error"] == failed["job"]["error"]
    job = (await client.ask(STATUS, id=job_id))["job"]
    assert job == {"status": "FAILED", "retriedAs": {"id": new_id}, "retryOf": None}
    again = await _retry(client, job_id)
    assert (again["job"]["id"], again["cursor"]) == (new_id, cursor)


async def test_a_canceled_job_is_retried_to_its_end(
    running: Running, client: Client, noisy: str
) -> None:
    job_id, _ = await _canceled(running, client, noisy)
    retried = await _retry(client, job_id)
    events = await client.watch(retried["job"]["id"], retried["cursor"])
    assert [event["__typename"] for event in events][-1] == "JobSucceeded"
    job = (await client.ask(DOCUMENT, id=retried["job"]["id"]))["job"]
    layers = job["result"]["layers"]["nodes"]
    assert len(layers) == NOISY_LAYERS
    assert all(layer["image"] and layer["preview"] for layer in layers)
