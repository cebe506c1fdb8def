"""A client that watches a job over each transport, and resumes after every cut.

A watcher keeps each result's bytes as they came, less what the transport puts around
them, so that live and replayed ones can be held against one another.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, Final

import httpx

from events.cursor import decode_cursor
from tests.integration.sockets import dial
from tests.integration.watching import Cut

DOCUMENT: Final = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    job {
      id
      status
      attempt
      startedAt
      finishedAt
      cursor
      progress { fraction stage done total etaSeconds message }
    }
    ... on JobStarted { attempt }
    ... on JobProgressed { progress { fraction stage done total etaSeconds message } }
  }
}
"""
PATIENCE_SECONDS: Final = 40.0


class Watcher(ABC):
    """Watches one job `after` a cursor, over as many connections as it takes."""

    document: str = DOCUMENT

    def __init__(self, job_id: str, after: str | None) -> None:
        self.payloads: list[bytes] = []
        self._job_id = job_id
        self._after = after
        self._last = after

    @property
    def events(self) -> list[Any]:
        """What came, read."""
        return [json.loads(payload)["data"]["jobEvents"] for payload in self.payloads]

    @property
    def numbers(self) -> list[int]:
        """The job_seq of each event."""
        return [decode_cursor(event["cursor"]).job_seq for event in self.events]

    async def watch(self, base_url: str, cut: Cut | None = None) -> bool:
        """Read from one connection; True at the end, False where it was cut.

        A cut is after so many events, or after so many seconds.
        """
        most = len(self.payloads) + cut if isinstance(cut, int) else None
        seconds = cut if isinstance(cut, float) else PATIENCE_SECONDS
        try:
            async with (
                asyncio.timeout(seconds),
                aclosing(self._connected(base_url)) as results,
            ):
                while most is None or len(self.payloads) < most:
                    if (payload := await anext(results, None)) is None:
                        return True
                    self._take(payload)
        except TimeoutError:
            assert isinstance(cut, float), f"nothing came behind {self.numbers}"
        return False

    def _take(self, payload: bytes) -> None:
        result = json.loads(payload)
        assert result.keys() == {"data"}, result
        self.payloads.append(payload)
        self._last = result["data"]["jobEvents"]["cursor"]

    def _variables(self, after: str | None) -> dict[str, str]:
        return {"id": self._job_id} | ({"after": after} if after is not None else {})

    @abstractmethod
    def _connected(self, base_url: str) -> AsyncGenerator[bytes, None]:
        """Subscribe behind the last event; yield payloads up to the protocol's end."""


class WebSocketWatcher(Watcher):
    """graphql-transport-ws."""

    async def _connected(self, base_url: str) -> AsyncGenerator[bytes, None]:
        async with dial(base_url) as socket:
            try:
                await socket.init()
                await socket.subscribe(
                    "1", self.document, **self._variables(self._last)
                )
                while (frame := await socket.receive_raw()) != _COMPLETE:
                    head, _, rest = frame.partition(b'"payload":')
                    assert head == b'{"id":"1","type":"next",', frame
                    yield rest.removesuffix(b"}")
            finally:
                socket.abort()


_COMPLETE: Final = b'{"id":"1","type":"complete"}'


class HttpWatcher(Watcher):
    """One of those whose results are pieces of a response that goes on."""

    accept: str
    separator: bytes

    async def _connected(self, base_url: str) -> AsyncGenerator[bytes, None]:
        async with (
            httpx.AsyncClient(base_url=base_url, timeout=PATIENCE_SECONDS) as http,
            http.stream(**self._request()) as answer,
        ):
            if answer.status_code == 204:
                return
            if answer.status_code != 200:
                raise AssertionError((answer.status_code, await answer.aread()))
            rest = b""
            async for chunk in answer.aiter_bytes():
                *pieces, rest = (rest + chunk).split(self.separator)
                for piece in pieces:
                    if self._is_end(piece):
                        return
                    if (payload := self._payload(piece)) is not None:
                        yield payload
                if self._is_end(rest):
                    return
            raise AssertionError(f"it broke off behind {self.numbers}")

    def _request(self) -> dict[str, Any]:
        body = {"query": self.document, "variables": self._variables(self._last)}
        headers = {"accept": self.accept}
        return {"method": "POST", "url": "/graphql", "json": body, "headers": headers}

    @abstractmethod
    def _payload(self, piece: bytes) -> bytes | None:
        """Return a piece's result, None where there is none in it."""

    @abstractmethod
    def _is_end(self, piece: bytes) -> bool:
        """Tell whether nothing follows."""


class EventStreamWatcher(HttpWatcher):
    """Server-sent events as EventSource reads them: the id of the last one resumes."""

    accept = "text/event-stream"
    separator = b"\n\n"

    def _request(self) -> dict[str, Any]:
        variables = json.dumps(self._variables(self._after))
        headers = {"accept": self.accept}
        if self.payloads and self._last is not None:
            headers["last-event-id"] = self._last
        params = {"query": self.document, "variables": variables}
        return {"method": "GET", "url": "/graphql", "params": params} | {
            "headers": headers
        }

    def _payload(self, piece: bytes) -> bytes | None:
        if not piece.startswith(b"event: next\n"):
            assert piece in (b"retry: 1000", b":"), piece
            return None
        _, id, data = piece.split(b"\n")
        payload = data.removeprefix(b"data: ")
        cursor = json.loads(payload)["data"]["jobEvents"]["cursor"]
        assert id == b"id: " + cursor.encode()
        return payload

    def _is_end(self, piece: bytes) -> bool:
        return piece.startswith(b"event: complete\n")


class MultipartWatcher(HttpWatcher):
    """Apollo's multipart subscriptions."""

    accept = "multipart/mixed;subscriptionSpec=1.0, application/json"
    separator = b"\r\n---"

    def _payload(self, piece: bytes) -> bytes | None:
        body = piece.removeprefix(b"\r\nContent-Type: application/json\r\n\r\n")
        if body in (b"", b"{}"):
            return None
        head, _, rest = body.partition(b'{"payload":')
        assert head == b"", body
        return rest.removesuffix(b"}")

    def _is_end(self, piece: bytes) -> bool:
        return piece == b"--\r\n"


class IncrementalWatcher(MultipartWatcher):
    """Multipart as urql and meros read it."""

    accept = "multipart/mixed, application/json"

    def _payload(self, piece: bytes) -> bytes | None:
        body = piece.strip(b" ").removeprefix(
            b"\r\nContent-Type: application/json\r\n\r\n"
        )
        return None if body in (b"", b'{"hasNext":false}') else body


TRANSPORTS: Final[tuple[Callable[[str, str | None], Watcher], ...]] = (
    WebSocketWatcher,
    EventStreamWatcher,
    MultipartWatcher,
    IncrementalWatcher,
)
