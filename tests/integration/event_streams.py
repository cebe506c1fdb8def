"""Server-sent events as a test reads them: bytes, events, and streams that break."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from tests.integration.watching import PATIENCE_SECONDS, Cut

SSE = {"accept": "text/event-stream"}
OPENING = "retry: 1000\n\n"
END = "event: complete\nid: complete\ndata:\n\n"


class SentEvent(NamedTuple):
    """One `next` event: its id, and the result that it carries."""

    id: str | None
    result: Any

    @property
    def event(self) -> Any:
        """Return what the subscription's field shows."""
        (event,) = self.result["data"].values()
        return event


def event_text(sent: SentEvent, data: str) -> str:
    """Write an event as it must stand in the stream."""
    return f"event: next\nid: {sent.id}\ndata: {data}\n\n"


def read_event(text: str) -> SentEvent:
    """Read one `next` event, without the empty line behind it."""
    kind, *middle, data = text.split("\n")
    assert kind == "event: next" and data.startswith("data: "), text
    ids = [line.removeprefix("id: ") for line in middle]
    assert len(ids) <= 1 and all(line.startswith("id: ") for line in middle), text
    return SentEvent(ids[0] if ids else None, json.loads(data.removeprefix("data: ")))


def read_all(text: str) -> list[SentEvent]:
    """Read a stream that is whole, which has nothing in it but its events."""
    assert text.startswith(OPENING) and text.endswith(END), text
    whole = text.removeprefix(OPENING).removesuffix(END)
    assert whole == "" or whole.endswith("\n\n")
    return [read_event(one) for one in whole.split("\n\n")[:-1]]


class EventSource:
    """What a browser's EventSource does, less the waiting."""

    def __init__(self, url: str, document: str, **variables: Any) -> None:
        self._url = url
        self._params = {"query": document, "variables": json.dumps(variables)}
        self.last_event_id: str | None = None
        self.seen: list[SentEvent] = []

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[httpx.Response]:
        """Connect behind the last event."""
        headers = dict(SSE)
        if self.last_event_id is not None:
            headers["last-event-id"] = self.last_event_id
        async with (
            httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http,
            http.stream("GET", self._url, params=self._params, headers=headers) as got,
        ):
            yield got

    async def read(self, cuts: list[Cut]) -> list[SentEvent]:
        """Return all events up to `complete`, over sockets that break."""
        for cut in [*cuts, None]:
            if await self._read_once(cut):
                return self.seen
        raise AssertionError("it does not end")

    async def read_some(self, count: int) -> None:
        """Read so many events from one socket, and cut it."""
        assert not await self._read_once(count)

    async def _read_once(self, cut: Cut | None) -> bool:
        """Read from one socket; True at the end, False where it was cut."""
        try:
            async with asyncio.timeout(cut if isinstance(cut, float) else None):
                async with self.connected() as answer:
                    return await self._follow(answer, cut)
        except TimeoutError:
            return False

    async def _follow(self, answer: httpx.Response, cut: Cut | None) -> bool:
        if answer.status_code == 204:
            return True
        assert answer.status_code == 200
        most = len(self.seen) + cut if isinstance(cut, int) else None
        text = ""
        async for chunk in answer.aiter_text():
            *whole, text = (text + chunk).split("\n\n")
            for one in whole:
                if most == len(self.seen):
                    return False
                if f"{one}\n\n" == END:
                    return True
                if f"{one}\n\n" not in (OPENING, ":\n\n"):
                    self.seen.append(read_event(one))
                    self.last_event_id = self.seen[-1].id
                    if most == len(self.seen):
                        return False
        raise AssertionError("it broke off")
