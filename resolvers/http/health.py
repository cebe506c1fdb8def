"""/healthz: alive. /readyz: able to serve, each thing it needs named."""

import asyncio
from collections.abc import Awaitable

from loguru import logger
from nats.aio.client import Client
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.container import Container
from core.database_async import Database
from core.outages import is_outage, outages
from core.storage import Storage
from events.live.hub import Hub

CHECK_SECONDS = 3.0


def health_routes() -> list[Route]:
    """Return both routes."""
    return [Route("/healthz", _alive), Route("/readyz", _ready)]


async def _alive(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def _ready(request: Request) -> JSONResponse:
    container: Container = request.app.state.container
    checks = {
        "database": container.get(Database).check(),
        "nats": _nats(container),
        "store": container.get(Storage).check(),  # type: ignore[type-abstract]
    }
    states = await asyncio.gather(*(_state(n, c) for n, c in checks.items()))
    by_name = dict(zip(checks, states, strict=True))
    is_ready = all(state == "ok" for state in states)
    body = {"status": "ready" if is_ready else "not ready", "checks": by_name}
    return JSONResponse(body, 200 if is_ready else 503)


async def _nats(container: Container) -> None:
    client = container.get(Client)
    if not client.is_connected:
        raise ConnectionError("NATS is not connected")
    await client.flush()  # a round trip: a server that is frozen looks connected
    if not container.get(Hub).is_following:
        raise ConnectionError("the event log is not being followed")


async def _state(name: str, check: Awaitable[None]) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check
    except Exception as error:
        if name == "database" and is_outage(error):
            outages.met("/readyz", error)
        else:
            logger.warning("{} is not ready: {!r}", name, error)
        return "unavailable"
    return "ok"
