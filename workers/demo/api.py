"""GraphQL over HTTP, as a client speaks it."""

from collections.abc import AsyncIterator
from typing import Any, Self

import httpx

from workers.demo.errors import DemoError

Json = dict[str, Any]
_SECONDS = 60.0


class Api:
    """One server's GraphQL endpoint."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        # The server is this machine's own: a proxy from the environment is not for it.
        self._http = httpx.AsyncClient(timeout=_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def execute(self, query: str, variables: Json | None = None) -> Json:
        """Run a query or mutation and return its data; DemoError where it has errors."""
        try:
            answer = await self._http.post(
                f"{self.base_url}/graphql",
                json={"query": query, "variables": variables or {}},
                headers={"accept": "application/graphql-response+json"},
            )
            body = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._unreachable(error) from error
        if body.get("errors") or not body.get("data"):
            raise DemoError(
                f"The API refused: {messages_of(body)}",
                "See the gateway's log for the same moment.",
            )
        data: Json = body["data"]
        return data

    async def send(self, target: Json, body: AsyncIterator[bytes], size: int) -> None:
        """Send bytes to an upload target."""
        headers = {item["name"]: item["value"] for item in target["headers"]}
        headers["content-length"] = str(size)
        try:
            answer = await self._http.request(
                target["method"], target["url"], content=body, headers=headers
            )
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if answer.is_error:
            raise DemoError(
                f"The store refused the upload: {answer.status_code} {answer.text}",
                "Check the disk's free space, or the settings ONEMANAGE_S3_*.",
            )

    def _unreachable(self, error: Exception) -> DemoError:
        reason = str(error) or type(error).__name__
        return DemoError(
            f"{self.base_url} does not answer as it should: {reason}",
            "Is OneManage running there? Start it by `make run`.",
        )


def messages_of(body: Json) -> str:
    """Join the messages of a GraphQL answer's errors."""
    errors = body.get("errors") or [{"message": "an answer without data"}]
    return "; ".join(str(error.get("message")) for error in errors)


def checked(payload: Json) -> Json:
    """Return a mutation's payload; DemoError where it has `userErrors`."""
    if errors := payload["userErrors"]:
        raise DemoError(
            "; ".join(f"{error['message']} ({error['code']})" for error in errors),
            "Send your own PSD from GraphiQL to see whether that works.",
        )
    return payload
