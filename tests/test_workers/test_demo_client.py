"""The sample's client: its protocol, its resuming, and the whole of it for real."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from graphql import build_schema, parse, validate
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from websockets.asyncio.server import ServerConnection, serve

from tests.running import Running
from workers.demo import events as demo_events
from workers.demo import queries, run_demo
from workers.demo.api import Api
from workers.demo.client import show_sample
from workers.demo.errors import DemoError
from workers.demo.events import follow_job
from workers.demo.graphql_ws import PROTOCOL
from workers.demo.page import product_page
from workers.demo.summary import topmost_first

Json = dict[str, Any]

SDL = Path(__file__).parents[2] / "schema" / "schema.graphql"


def test_every_operation_is_valid() -> None:
    schema = build_schema(SDL.read_text())
    documents = [value for name, value in vars(queries).items() if name.isupper()]
    assert len(documents) == 6
    for document in documents:
        assert validate(schema, parse(document)) == []


class Log:
    """A server with a job of `count` events, which hangs up when it is told to."""

    def __init__(self, count: int, cuts: list[int], code: int = 1012) -> None:
        self.count = count
        self.cuts = list(cuts)
        self.code = code
        self.afters: list[str] = []
        self.pongs = 0

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with serve(
            self._answer, "127.0.0.1", 0, subprotocols=[PROTOCOL]
        ) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            yield f"http://127.0.0.1:{port}"

    async def _answer(self, socket: ServerConnection) -> None:
        assert json.loads(await socket.recv()) == {"type": "connection_init"}
        await socket.send('{"type": "ping"}')
        assert json.loads(await socket.recv()) == {"type": "pong"}
        self.pongs += 1
        await socket.send('{"type": "connection_ack"}')
        asked = json.loads(await socket.recv())
        assert (asked["type"], asked["payload"]["query"]) == (
            "subscribe",
            queries.JOB_EVENTS,
        )
        after = asked["payload"]["variables"]["after"]
        self.afters.append(after)
        budget = self.cuts.pop(0) if self.cuts else self.count
        for number in range(int(after) + 1, self.count + 1):
            if not budget:
                await socket.close(self.code)
                return
            budget -= 1
            await socket.send(json.dumps(self._next(asked["id"], number)))
        await socket.send(json.dumps({"id": asked["id"], "type": "complete"}))

    def _next(self, subscription: str, number: int) -> Json:
        kind = "JobSucceeded" if number == self.count else "JobProgressed"
        event = {"__typename": kind, "cursor": str(number)}
        payload = {"data": {"jobEvents": event}}
        return {"id": subscription, "type": "next", "payload": payload}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_events, "_FIRST_WAIT_SECONDS", 0.001)


@pytest.mark.parametrize(
    "cuts", [[], [0], [1], [9], [3, 3, 3], [0, 0, 0, 1, 0, 0, 0, 0, 0, 2]]
)
async def test_it_resumes_where_the_socket_dropped(cuts: list[int]) -> None:
    log = Log(10, cuts)
    async with log.serving() as url:
        seen = [event["cursor"] async for event in follow_job(url, "job_1", "0")]
    assert seen == [str(number) for number in range(1, 11)]
    starts = [sum(cuts[:place]) for place in range(len(cuts) + 1)]
    assert log.afters == [str(start) for start in starts]
    assert log.pongs == len(cuts) + 1


async def test_it_gives_up_on_a_server_that_always_hangs_up() -> None:
    log = Log(10, [0] * 20)
    async with log.serving() as url:
        with pytest.raises(
            DemoError, match="^The subscription to job_1 failed: .*1012"
        ):
            [event async for event in follow_job(url, "job_1", "0")]
    assert log.afters == ["0"] * 8


async def test_it_does_not_ask_again_when_it_is_refused() -> None:
    log = Log(10, [2], code=4403)
    refusing = Log(10, [2], code=4400)
    async with log.serving() as url:
        assert len([event async for event in follow_job(url, "job_1", "0")]) == 10
    async with refusing.serving() as url:
        with pytest.raises(DemoError, match="closed with 4400"):
            [event async for event in follow_job(url, "job_1", "0")]
    assert (log.afters, refusing.afters) == (["0", "2"], ["0"])


async def test_a_server_that_is_not_there_is_told_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await run_demo("http://127.0.0.1:9/")
    said = capsys.readouterr()
    assert "http://127.0.0.1:9 does not answer as it should" in said.out
    assert said.out.endswith("Is OneManage running there? Start it by `make run`.\n")
    assert "Traceback" not in said.out + said.err


Tree = list[Any]
trees: st.SearchStrategy[Tree] = st.recursive(
    st.just([]), lambda inner: st.lists(inner, max_size=4), max_leaves=20
)


@given(trees)
def test_layers_are_shown_upside_down_each_group_above_its_own(tree: Tree) -> None:
    stored = list(_bottom_first(tree, 0, ()))
    shown = [layer["path"] for layer in topmost_first(stored)]
    assert shown == list(_panel(tree, ()))


def _bottom_first(tree: Tree, depth: int, path: tuple[int, ...]) -> Iterator[Json]:
    for place, inner in enumerate(tree):
        here = (*path, place)
        yield {"path": here, "depth": depth}
        yield from _bottom_first(inner, depth + 1, here)


def _panel(tree: Tree, path: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    for place, inner in reversed(list(enumerate(tree))):
        yield (*path, place)
        yield from _panel(inner, (*path, place))


async def test_the_sample_is_shown_and_not_repeated(
    running: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Api(running.base_url) as api:
        await show_sample(api, Console())
    said = capsys.readouterr().out
    lines = said.splitlines()
    assert lines[1] == "Uploaded 2.4 MB"
    assert "100% done" in lines
    table = lines[lines.index("") + 1 :]
    for _, layer in product_page().walk():
        assert any(layer.name in line for line in table)
    await _check_link(lines[-1])
    await run_demo(running.base_url)
    again = capsys.readouterr().out
    assert again.startswith("No sample is needed: ") and again.count("\n") == 1


async def _check_link(link: str) -> None:
    """Run the query that the printed link carries."""
    parts = urlsplit(link)
    carried = parse_qs(parts.query)
    body = {
        "query": carried["query"][0],
        "variables": json.loads(carried["variables"][0]),
    }
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{parts.scheme}://{parts.netloc}/graphql", json=body)
    document = answer.json()["data"]["psdDocument"]
    assert (document["width"], document["height"]) == (1200, 1600)
    assert [group["name"] for group in document["tree"]][0] == "草稿 Drafts（不导出）"
    assert len(document["layers"]["nodes"]) == 10
