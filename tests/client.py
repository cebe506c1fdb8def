"""A client of the public API, as tests use it: HTTP, uploads and graphql-transport-ws."""

import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

CREATE_UPLOAD = """
mutation ($input: CreateUploadInput!) {
  createUpload(input: $input) {
    file { id status }
    target { method url headers { name value } expiresAt }
    userErrors { field code message }
  }
}
"""
PARSE = """
mutation ($input: ParsePsdInput!) {
  parsePsd(input: $input) {
    job { id status attempt error { code message retryable } result { __typename } }
    cursor
    userErrors { field code message }
  }
}
"""
JOB_EVENTS = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) {
    __typename
    cursor
    at
    job { id status attempt cursor progress { fraction stage done total } }
    ... on JobStarted { attempt }
    ... on JobFailed { error { code message retryable } }
    ... on PsdLayersExported { layers { id index } }
    ... on PsdPreviewReady { document { id } }
    ... on PsdPicturesExported { pictures { name } }
  }
}
"""


class GraphQLErrors(AssertionError):
    """The server answered with errors."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(json.dumps(errors, ensure_ascii=False))
        self.errors = errors


class Client:
    """Talks to one gateway."""

    def __init__(self, base_url: str, timeout: float = 30) -> None:
        self.base_url = base_url
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout)

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._http.aclose()

    async def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        """Run a query or mutation; return its data or raise GraphQLErrors."""
        body = {"query": document, "variables": variables}
        answer = (await self._http.post("/graphql", json=body)).json()
        if "errors" in answer:
            raise GraphQLErrors(answer["errors"])
        data: dict[str, Any] = answer["data"]
        return data

    async def upload(self, path: Path) -> str:
        """Upload a file; return its id."""
        data = path.read_bytes()
        announced = {
            "filename": path.name,
            "size": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        answer = (await self.ask(CREATE_UPLOAD, input=announced))["createUpload"]
        assert answer["userErrors"] == []
        target = answer["target"]
        headers = {header["name"]: header["value"] for header in target["headers"]}
        response = await self._http.request(
            target["method"], target["url"], content=data, headers=headers
        )
        assert response.status_code == 200, response.text
        file_id: str = answer["file"]["id"]
        return file_id

    async def parse(self, file_id: str, **options: Any) -> dict[str, Any]:
        """Start a parse, anew unless told otherwise; return the mutation's payload."""
        given = {"fileId": file_id, "reuse": False, **options}
        answer = await self.ask(PARSE, input=given)
        payload: dict[str, Any] = answer["parsePsd"]
        return payload

    async def subscribe(
        self, document: str, **variables: Any
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield each `next`'s data; return at `complete`, raise GraphQLErrors."""
        url = self.base_url.replace("http", "ws", 1) + "/graphql"
        protocol = Subprotocol("graphql-transport-ws")
        async with connect(url, subprotocols=[protocol]) as socket:
            await socket.send(json.dumps({"type": "connection_init"}))
            assert json.loads(await socket.recv()) == {"type": "connection_ack"}
            payload = {"query": document, "variables": variables}
            message = {"type": "subscribe", "id": "1", "payload": payload}
            await socket.send(json.dumps(message))
            while True:
                received = json.loads(await socket.recv())
                match received["type"]:
                    case "next" if "errors" not in received["payload"]:
                        yield received["payload"]["data"]
                    case "complete":
                        return
                    case "error":
                        raise GraphQLErrors(received["payload"])
                    case _:
                        raise AssertionError(received)

    async def job_events(
        self, job_id: str, after: str | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Yield a job's events to the end of the subscription."""
        events = self.subscribe(JOB_EVENTS, id=job_id, after=after)
        async with aclosing(events):
            async for data in events:
                yield data["jobEvents"]

    async def watch(self, job_id: str, after: str | None = None) -> list[Any]:
        """Return all of a job's events, when it has ended."""
        return [event async for event in self.job_events(job_id, after)]
