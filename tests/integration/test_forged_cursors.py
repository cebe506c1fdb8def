"""Cursors that somebody made up: refused, or a place like any other; never our fault."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from core.base import utc_now
from events.recorded import EPOCH
from tests.client import Client, GraphQLErrors
from tests.integration.conftest import Parsed
from tests.integration.event_streams import SSE, read_event
from tests.integration.watching import EVENTS, JOB_EVENTS
from tests.running import Running
from tests.test_events.forging import forged

pytestmark = pytest.mark.timeout(120)

JOB_FEED = """
subscription ($after: EventCursor) {
  jobFeed(after: $after) { __typename cursor }
}
"""
HISTORY = """
query ($id: ID!, $after: EventCursor) {
  job(id: $id) { events(first: 1, after: $after) { gap } }
}
"""
DOCUMENTS = {"jobEvents": JOB_EVENTS, "events": EVENTS, "jobFeed": JOB_FEED}
NOW = utc_now()
MOST = 2**63 - 1
DAMAGED = (
    "This event cursor is damaged. Pass one exactly as it was received, or none for a "
    "fresh start."
)
WILD = {
    "naive": (datetime(2026, 1, 1), (1, 1, None), None, 0),
    "year 1": (datetime(1, 1, 1, tzinfo=UTC), (1, 1, None), None, 0),
    "1969": (datetime(1969, 12, 31, tzinfo=UTC), (1, 1, None), None, 0),
    "large sequence": (NOW, (1, MOST + 1, None), None, 0),
    "negative sequence": (NOW, (1, -1, None), None, 0),
    "large creation": (NOW, (MOST + 1, 1, None), None, 0),
    "large time": (NOW, (1, 1, 2**64 - 1), None, 0),
    "negative time": (NOW, (1, 1, -1), None, 0),
    "large job_seq": (NOW, None, "job", MOST + 1),
    "negative job_seq": (NOW, None, "job", -1),
    "NUL": (NOW, (1, 1, None), "job_\0", 0),
    "long": (NOW, (1, 1, None), "j" * 400, 0),
}
# The ends of what is allowed; the log holds none of these places.
EXTREME = {
    "first": (EPOCH, (0, 0, 0), None, 0),
    "last": (EPOCH, (MOST, MOST, MOST), None, 0),
    "last of its job": (EPOCH, (MOST, MOST, MOST), "job", MOST),
    "first of its job": (EPOCH, (0, 0, None), "job", 0),
}


async def ask(running: Running, field: str, job_id: str, after: str) -> Any:
    """Subscribe by SSE; return the first result, or None where none came."""
    variables = {"id": job_id, "subject": ">", "after": after}
    body = {"query": DOCUMENTS[field], "variables": variables}
    url = f"{running.base_url}/graphql"
    async with (
        httpx.AsyncClient(timeout=30) as http,
        http.stream("POST", url, json=body, headers=SSE) as answer,
    ):
        assert answer.status_code == 200
        text = ""
        async for chunk in answer.aiter_text():
            text += chunk
            for one in text.split("\n\n")[:-1]:
                if one.startswith("event: next"):
                    return read_event(one).result
    return None


def cursor(parts: Any, job_id: str) -> str:
    """Forge a cursor, of this job where it names any."""
    made_at, position, job, job_seq = parts
    return forged(made_at, position, job_id if job == "job" else job, job_seq)


@pytest.mark.parametrize("field", DOCUMENTS)
@pytest.mark.parametrize("how", WILD)
async def test_wild_values_are_refused(
    running: Running, parsed: Parsed, field: str, how: str
) -> None:
    result = await ask(running, field, parsed.job_id, cursor(WILD[how], parsed.job_id))
    (error,) = result["errors"]
    assert error["message"] == DAMAGED
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("field", DOCUMENTS)
@pytest.mark.parametrize("how", EXTREME)
async def test_a_place_that_never_was_is_a_gap(
    running: Running, parsed: Parsed, field: str, how: str
) -> None:
    after = cursor(EXTREME[how], parsed.job_id)
    result = await ask(running, field, parsed.job_id, after)
    assert result.keys() == {"data"}, result
    (event,) = result["data"].values()
    is_own = field == "jobEvents" and how.endswith("of its job")
    if is_own and how.startswith("first"):
        assert event["__typename"] == "JobQueued"
        return
    assert event.get("__typename", event.get("subject")) in ("EventGap", "events.gap")
    assert event["cursor"] == after


@pytest.mark.parametrize("how", WILD)
async def test_a_page_of_history_refuses_wild_values(
    client: Client, parsed: Parsed, how: str
) -> None:
    after = cursor(WILD[how], parsed.job_id)
    with pytest.raises(GraphQLErrors) as refused:
        await client.ask(HISTORY, id=parsed.job_id, after=after)
    (error,) = refused.value.errors
    assert error["message"] == DAMAGED
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
