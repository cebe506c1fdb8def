"""What the event consumer does when a parse has completed."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from core.config import SERVERS_FILE
from features.users.models import LOCAL_ADMINISTRATOR_ID
from tests.client import Client
from tests.integration.conftest import Parsed
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


def _database_url(data_dir: Path) -> str:
    lines = (data_dir / SERVERS_FILE).read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if "=" in line)
    return settings["ONEMANAGE_DATABASE_URL"].strip("\"'")


async def _stored(running: Running, job_id: str) -> Any:
    connection = await asyncpg.connect(_database_url(running.data_dir))
    try:
        return await connection.fetchrow(STORED, job_id)
    finally:
        await connection.close()


async def test_previews_are_published_and_live_a_day_from_then(
    running: Running, client: Client, parsed: Parsed
) -> None:
    after = (await client.ask("{ eventCursor }"))["eventCursor"]
    job_id = (await client.parse(parsed.file_id, waitMs=0))["job"]["id"]
    subject = "psd.preview.published"
    subscriber = Subscriber(running.base_url, EVENTS, subject=subject, after=after)
    (event,) = await subscriber.watch(until=lambda _event: True)

    document_id = (await client.ask(DOCUMENT, id=job_id))["job"]["result"]["id"]
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
