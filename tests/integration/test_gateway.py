"""What only shows when something inside the gateway fails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from loguru import logger

from core.config import Settings
from core.database_async import Database
from features.jobs.reading import JobRowsService
from features.jobs.services import JobsService
from tests.integration.gateway import Gateway, gateway
from tests.integration.sockets import dial
from workers.embedded.nats import NatsServer

JOB = "query ($id: ID!) { job(id: $id) { id } viewer { id } }"
JOB_ID = "job_00000000000070008000000000000009"
SECRET = "password=hunter2 at /var/lib/secret.py"


@pytest.fixture(scope="module")
def own_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Start a NATS server that a test may stop."""
    nats = NatsServer(tmp_path_factory.mktemp("nats"))
    nats.start()
    yield nats
    nats.stop()


@pytest.fixture
async def inside(
    monkeypatch: pytest.MonkeyPatch,
    database: Database,
    migrated_url: str,
    own_nats: NatsServer,
    tmp_path: Path,
) -> AsyncIterator[Gateway]:
    """Serve in this process."""
    if own_nats.child is None or own_nats.child.poll() is not None:
        own_nats.start()
    async with gateway(monkeypatch, migrated_url, own_nats.url, tmp_path) as serving:
        yield serving


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Collect what is logged."""
    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message}\n{exception}")
    yield lines
    logger.remove(sink)


def _fail(monkeypatch: pytest.MonkeyPatch, kind: type[Any], name: str) -> None:
    async def fail(*_arguments: object) -> Any:
        raise RuntimeError(SECRET)

    monkeypatch.setattr(kind, name, fail)


def _check_masked(error: dict[str, Any], log: list[str]) -> None:
    assert error["message"] == "Something went wrong on our side."
    assert error["extensions"]["code"] == "INTERNAL"
    assert set(error) <= {"message", "locations", "path", "extensions"}
    assert set(error["extensions"]) == {"code", "id"}
    (line,) = [line for line in log if error["extensions"]["id"] in line]
    assert f"RuntimeError: {SECRET}" in line


async def test_an_internal_error_shows_an_id_and_nothing_of_ours(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    _fail(monkeypatch, JobsService, "by_ids")
    body = {"query": JOB, "variables": {"id": JOB_ID}}
    async with httpx.AsyncClient(base_url=inside.base_url) as http:
        answer = await http.post("/graphql", json=body)
    assert "hunter2" not in answer.text
    data, (error,) = answer.json()["data"], answer.json()["errors"]
    assert (data["job"], error["path"]) == (None, ["job"])
    assert data["viewer"] is not None
    _check_masked(error, log)


async def test_an_internal_error_is_masked_over_websockets_too(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    _fail(monkeypatch, JobsService, "by_ids")
    _fail(monkeypatch, JobRowsService, "body")
    async with dial(inside.base_url) as socket:
        await socket.init()
        await socket.subscribe("1", JOB, id=JOB_ID)
        message = await socket.receive()
        assert (message["type"], message["payload"]["data"]["job"]) == ("next", None)
        _check_masked(message["payload"]["errors"][0], log)
        assert await socket.receive() == {"type": "complete", "id": "1"}
        watch = "subscription ($id: ID!) { jobEvents(id: $id) { cursor } }"
        await socket.subscribe("2", watch, id=JOB_ID)
        message = await socket.receive()
        assert (message["type"], message["id"]) == ("error", "2")
        _check_masked(message["payload"][0], log)


async def _readiness(inside: Gateway) -> tuple[int, Any]:
    async with httpx.AsyncClient(base_url=inside.base_url, timeout=20) as http:
        assert (await http.get("/healthz")).json() == {"status": "alive"}
        answer = await http.get("/readyz")
        return answer.status_code, answer.json()


def _not_ready(name: str) -> tuple[int, Any]:
    checks = {"database": "ok", "nats": "ok", "store": "ok", name: "unavailable"}
    return 503, {"status": "not ready", "checks": checks}


async def _ready(inside: Gateway) -> None:
    async with asyncio.timeout(20):
        while (await _readiness(inside))[0] != 200:
            await asyncio.sleep(0.05)


async def test_readiness_names_the_store_that_is_missing(
    inside: Gateway, tmp_path: Path
) -> None:
    await _ready(inside)
    objects = tmp_path / "objects"
    objects.rename(tmp_path / "away")
    objects.write_text("in the way")
    assert await _readiness(inside) == _not_ready("store")
    objects.unlink()
    (tmp_path / "away").rename(objects)
    assert (await _readiness(inside))[0] == 200


async def test_readiness_names_nats_when_it_is_away(
    inside: Gateway, own_nats: NatsServer
) -> None:
    await _ready(inside)
    await asyncio.to_thread(own_nats.stop)
    async with asyncio.timeout(20):
        while (found := await _readiness(inside))[0] == 200:
            await asyncio.sleep(0.05)
    assert found == _not_ready("nats")


async def test_readiness_names_a_database_that_does_not_answer(
    inside: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _ready(inside)
    gone = Database(inside.settings.database_url.rpartition("/")[0] + "/gone")
    monkeypatch.setitem(inside.container._made, Database, gone)
    assert await _readiness(inside) == _not_ready("database")
    await gone.close()
