"""Subscribers whose sockets break: each goes on behind the last cursor it has seen."""

import asyncio
from collections.abc import Callable
from typing import Any

from events.cursor import decode_cursor
from tests.integration.sockets import Socket, dial

JOB_EVENTS = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    job {
      id
      kind
      status
      attempt
      maxAttempts
      cursor
      createdAt
      startedAt
      finishedAt
      error { code message retryable }
      progress { fraction stage done total etaSeconds message }
      result { ... on PsdDocument { id layerCount } }
    }
    ... on JobStarted { attempt }
    ... on JobProgressed { progress { fraction stage done total etaSeconds message } }
    ... on PsdLayersExported { layers { id index name } }
    ... on PsdPreviewReady { document { id } }
  }
}
"""
EVENTS = """
subscription ($subject: String!, $after: EventCursor) {
  events(subject: $subject, after: $after) {
    cursor
    subject
    eventId
    eventVersion
    at
    status
    payload
    job { id status }
  }
}
"""

PATIENCE_SECONDS = 90.0

# Where a socket breaks: after so many events, or after so many seconds.
type Cut = int | float


class Subscriber:
    """One subscription over as many sockets as it takes."""

    def __init__(self, base_url: str, document: str, **variables: Any) -> None:
        self._base_url = base_url
        self._document = document
        self._variables = variables
        self.seen: list[Any] = []

    async def watch(
        self,
        cuts: list[Cut] | None = None,
        *,
        until: Callable[[Any], bool] = lambda _event: False,
    ) -> list[Any]:
        """Return all events up to `complete`, or to the one that `until` holds of."""
        for cut in cuts or []:
            if await self._read_once(cut, until):
                return self.seen
        assert await self._read_once(None, until)
        return self.seen

    async def _read_once(self, cut: Cut | None, until: Callable[[Any], bool]) -> bool:
        """Read from one socket; True at the end, False where the socket was cut."""
        async with dial(self._base_url) as socket:
            await socket.init()
            variables = dict(self._variables)
            if self.seen:
                variables["after"] = self.seen[-1]["cursor"]
            await socket.subscribe("1", self._document, **variables)
            try:
                async with asyncio.timeout(
                    cut if isinstance(cut, float) else PATIENCE_SECONDS
                ):
                    return await self._read(socket, cut, until)
            except TimeoutError:
                assert isinstance(cut, float), "it does not end"
                return False
            finally:
                socket.abort()

    async def _read(
        self, socket: Socket, cut: Cut | None, until: Callable[[Any], bool]
    ) -> bool:
        most = len(self.seen) + cut if isinstance(cut, int) else None
        while most is None or len(self.seen) < most:
            message = await socket.receive()
            if message["type"] == "complete":
                return True
            assert message["type"] == "next", message
            (event,) = message["payload"].pop("data").values()
            assert message["payload"] == {}, message
            self.seen.append(event)
            if until(event):
                return True
        return False


def numbers(events: list[Any]) -> list[int]:
    """Return the job_seq of each event of a job."""
    return [decode_cursor(event["cursor"]).job_seq for event in events]
