"""The endpoint, and a job that has ended."""

import asyncio
from typing import Any, NamedTuple

import pytest

from core.base import utc_now
from events.cursor import EventCursor, encode_cursor
from tests.integration.conftest import Parsed, parsed
from tests.integration.watching import JOB_EVENTS, Subscriber
from tests.running import Running

__all__ = ["parsed"]


class Ended(NamedTuple):
    """An ended job: how to ask for all its events, and what they are."""

    request: dict[str, Any]
    events: list[Any]

    def behind(self, place: int) -> dict[str, Any]:
        """Return what asks for the events behind so many."""
        after = self.events[place - 1]["cursor"]
        variables = self.request["variables"] | {"after": after}
        return {"query": JOB_EVENTS, "variables": variables}


@pytest.fixture
def url(running: Running) -> str:
    """Return the endpoint's address."""
    return f"{running.base_url}/graphql"


@pytest.fixture(scope="session")
def ended(running: Running, parsed: Parsed) -> Ended:
    """Give a job that has ended, and all its events as they come over WebSocket."""
    start = encode_cursor(EventCursor(utc_now(), None, parsed.job_id, 0))
    variables = {"id": parsed.job_id, "after": start}
    subscriber = Subscriber(running.base_url, JOB_EVENTS, **variables)
    request = {"query": JOB_EVENTS, "variables": variables}
    return Ended(request, asyncio.run(subscriber.watch()))
