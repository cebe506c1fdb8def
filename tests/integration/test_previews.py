"""What the event consumer does when a parse has completed."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.client import Client
from tests.integration.conftest import Parsed, database_url
from tests.integration.designs import noisy_design
from tests.integration.watching import EVENTS, Subscriber
from tests.running import Running

STORED = """
select d.previews_published, array_agg(distinct p.expires_at) as previews,
       count(distinct p.id) as number, array_agg(distinct i.expires_at) as images
from psd_documents d
join psd_layers l on l.document_id = d.id
join stored_objects p on p.id in (l.preview_id, d.preview_id)
join stored_objects i on i.id in (l.image_id, d.image_id)
where d.job_id = $1
group by d.id
"""
DOCUMENT = "query ($id: ID!) { job(id: $id) { result { ... on PsdDocument { id } } } }"


async def _stored(running: Running, job_id: str) -> Any:
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        return await connection.fetchrow(STORED, job_id)
    finally:
        await connection.close()


async def test_previews_are_published_and_live_a_day_from_then(
    running: Running, client: Client, parsed: Parsed
) -> None:
    after = (await client.ask("{ eventCursor }"))["eventCursor"]
    job_id = (await client.parse(parsed.file_id, waitMs=0))["job"]["id"]
    await client.watch(job_id)
    document_id = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]["id"]
    subject = "psd.preview.published"
    subscriber = Subscriber(running.base_url, EVENTS, subject=subject, after=after)
    # Those of other parses may still be on their way.
    *_, event = await subscriber.watch(
        until=lambda one: one["payload"]["document_id"] == document_id
    )

    assert event["subject"] == "events.psd.preview.published"
    assert (event["status"], event["job"]) == ("published", None)
    assert event["payload"] == {
        "event_version": event["eventVersion"],
        "event_id": event["eventId"],
        "task_id": event["eventId"],
        "timestamp": event["at"],
        "status": "published",
        "owner": LOCAL_ADMINISTRATOR_ID,
        "document_id": document_id,
    }
    stored = await _stored(running, job_id)
    assert stored["previews_published"] is True
    assert (stored["number"], stored["images"]) == (4, [None])
    (expires_at,) = stored["previews"]
    life = expires_at - datetime.fromisoformat(event["at"])
    assert abs(life - timedelta(hours=24)) < timedelta(seconds=1)


OVER = """
with ended as (
  update stored_objects set expires_at = now() - interval '1 second'
  where id in (
    select preview_id from psd_layers where document_id = $1
    union select preview_id from psd_documents where id = $1
  )
  returning id
)
select count(*) from ended
"""
SHOWN = """
query ($id: ID!) {
  psdDocument(id: $id) {
    preview { url width height size contentType }
    layers { nodes { image { url } preview { url width height size contentType } } }
  }
}
"""


async def _shown(client: Client, document_id: str) -> dict[str, Any]:
    document: dict[str, Any] = (await client.ask(SHOWN, id=document_id))["psdDocument"]
    return document


async def _downloaded(running: Running, document: dict[str, Any]) -> list[bytes]:
    nodes = [document, *document["layers"]["nodes"]]
    async with httpx.AsyncClient(base_url=running.base_url) as http:
        answers = [
            await http.get(node["preview"]["url"]) for node in nodes if node["preview"]
        ]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content for answer in answers]


async def _end_previews(running: Running, document_id: str) -> int:
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        count: int = await connection.fetchval(OVER, document_id)
        return count
    finally:
        await connection.close()


async def test_previews_whose_time_is_over_are_made_again_when_asked_for(
    running: Running, client: Client, tmp_path: Path
) -> None:
    file_id = await client.upload(noisy_design(tmp_path / "old.psd", 3, 700))
    job_id = (await client.parse(file_id, waitMs=0))["job"]["id"]
    await client.watch(job_id)
    document_id = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]["id"]
    first = await _downloaded(running, await _shown(client, document_id))
    after = (await client.ask("{ eventCursor }"))["eventCursor"]
    assert await _end_previews(running, document_id) == len(first) == 4

    # All at once, as a page of a busy console does: they are made once.
    shown = await asyncio.gather(*(_shown(client, document_id) for _ in range(5)))
    subject = "psd.preview.published"
    subscriber = Subscriber(running.base_url, EVENTS, subject=subject, after=after)
    (event,) = await subscriber.watch(until=lambda _event: True)
    assert event["payload"]["document_id"] == document_id
    again = await _shown(client, document_id)
    assert await _downloaded(running, again) == first
    assert all(one in (None, again["preview"]) for one in [s["preview"] for s in shown])


GONE = """
update stored_objects set key = key || '-gone'
where id = (select image_id from psd_layers where document_id = $1 and index = 1)
"""
ASKED = "select previews_asked_at from psd_documents where id = $1"


async def test_an_image_that_is_gone_holds_up_no_other_preview(
    running: Running, client: Client, tmp_path: Path
) -> None:
    file_id = await client.upload(noisy_design(tmp_path / "gone.psd", 3, 530))
    job_id = (await client.parse(file_id, waitMs=10_000))["job"]["id"]
    document_id = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]["id"]
    first = await _downloaded(running, await _shown(client, document_id))
    after = (await client.ask("{ eventCursor }"))["eventCursor"]
    assert await _end_previews(running, document_id) == len(first) == 4
    connection = await asyncpg.connect(database_url(running.data_dir))
    try:
        assert await connection.execute(GONE, document_id) == "UPDATE 1"
        await _shown(client, document_id)
        subject = "psd.preview.published"
        subscriber = Subscriber(running.base_url, EVENTS, subject=subject, after=after)
        (event,) = await subscriber.watch(until=lambda _event: True)
        assert event["payload"]["document_id"] == document_id

        again = await _shown(client, document_id)
        layers = again["layers"]["nodes"]
        assert [one["preview"] is None for one in layers] == [False, True, False]
        assert await _downloaded(running, again) == [first[0], first[1], first[3]]
        # Nobody asks a worker for it again before an hour has passed.
        asked = await connection.fetchval(ASKED, document_id)
        assert asked > datetime.now(UTC) + timedelta(minutes=57)
        await _shown(client, document_id)
        assert await connection.fetchval(ASKED, document_id) == asked
    finally:
        await connection.close()
