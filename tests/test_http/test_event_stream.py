"""Server-sent events, byte by byte."""

import asyncio

import httpx
import pytest

from core.base import new_id, utc_now
from events.cursor import EventCursor, encode_cursor
from resolvers.http.streams.event_stream import EventStreamFormat
from resolvers.operations import Sink
from tests.test_http.serving import Script, serving

SSE = {"accept": "text/event-stream"}
CURSOR = encode_cursor(EventCursor(utc_now(), None, new_id("job"), 1))
NOT_FOUND = b'[{"message":"No.","extensions":{"code":"NOT_FOUND"}}]'
INTERNAL = b'[{"message":"Oh.","extensions":{"code":"INTERNAL","id":"event_1"}}]'


async def two_results(sink: Sink) -> None:
    sink.opened()
    assert sink.next(b'{"data":{"x":1}}', CURSOR)
    assert sink.next(b'{"data":{"x":2}}', None)
    sink.complete()


async def nothing(sink: Sink) -> None:
    sink.complete()


async def ask(
    script: Script, method: str = "GET", headers: dict[str, str] | None = None
) -> httpx.Response:
    """Return the answer when it is whole."""
    async with serving(script) as served, httpx.AsyncClient() as http:
        answer = await http.request(method, served.url, headers=SSE | (headers or {}))
        await served.operations.at_most(0)
        return answer


async def test_results_are_events_and_cursors_their_ids() -> None:
    answer = await ask(two_results)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert answer.text == (
        "retry: 1000\n\n"
        f'event: next\nid: {CURSOR}\ndata: {{"data":{{"x":1}}}}\n\n'
        'event: next\ndata: {"data":{"x":2}}\n\n'
        "event: complete\nid: complete\ndata:\n\n"
    )


async def test_headers_come_before_the_first_result() -> None:
    may_go_on = asyncio.Event()

    async def slow(sink: Sink) -> None:
        sink.opened()
        await may_go_on.wait()
        sink.complete()

    async with serving(slow) as served, httpx.AsyncClient() as http:
        async with http.stream("GET", served.url, headers=SSE) as answer:
            assert answer.status_code == 200
            lines = answer.aiter_lines()
            assert await anext(lines) == "retry: 1000"
            may_go_on.set()
            rest = [line async for line in lines]
    assert rest == ["", "event: complete", "id: complete", "data:", ""]


async def test_hearts_come_between_events() -> None:
    async def quiet(sink: Sink) -> None:
        sink.opened()
        await asyncio.sleep(0.5)
        for _ in range(10):
            assert sink.next(b"{}", None)
            await asyncio.sleep(0.01)
        sink.complete()

    def style() -> EventStreamFormat:
        return EventStreamFormat(silent_end=True)

    async with (
        serving(quiet, style=style, heartbeat_seconds=0.1) as served,
        httpx.AsyncClient() as http,
    ):
        text = (await http.get(served.url)).text
    opening, results, _end = text.partition("event: next\n")
    hearts = opening.removeprefix("retry: 1000\n\n")
    assert hearts == ":\n\n" * hearts.count(":") and 2 <= hearts.count(":") <= 5
    assert text.count("event: next\ndata: {}\n\n") == 10


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_resume_with_nothing_to_come_is_no_content(method: str) -> None:
    answer = await ask(nothing, method, {"last-event-id": CURSOR})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


async def test_nothing_to_come_is_told_by_method() -> None:
    got = await ask(nothing, "GET")
    assert (got.status_code, got.content) == (204, b"")
    posted = await ask(nothing, "POST")
    assert posted.status_code == 200
    end = "event: complete\nid: complete\ndata:\n\n"
    assert posted.text == "retry: 1000\n\n" + end


async def test_whoever_was_told_of_the_end_is_not_served_again() -> None:
    async with serving(two_results) as served, httpx.AsyncClient() as http:
        headers = SSE | {"last-event-id": "complete"}
        answer = await http.get(served.url, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert served.operations.requests == []


async def test_last_event_id_reaches_the_operation() -> None:
    async with serving(two_results) as served, httpx.AsyncClient() as http:
        for given in ({}, {"last-event-id": CURSOR}, {"last-event-id": ""}):
            await http.get(served.url, headers=SSE | given)
        resumed = [one.resume_after for one in served.operations.requests]
    assert resumed == [None, CURSOR, None]


@pytest.mark.parametrize(
    "damaged",
    [CURSOR[:-1], CURSOR + "=", "x", "Complete", "complete,complete"],
    ids=["cut", "padded", "x", "Complete", "complete twice"],
)
async def test_a_damaged_last_event_id_is_refused(damaged: str) -> None:
    async with serving(two_results) as served, httpx.AsyncClient() as http:
        answer = await http.get(served.url, headers=SSE | {"last-event-id": damaged})
        assert served.operations.requests == []
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    (error,) = answer.json()["errors"]
    assert error == {
        "message": "Last-Event-ID is damaged. Send the `id` of the last event exactly "
        "as it was received, or none for a fresh start.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }


@pytest.mark.parametrize("is_open", [False, True])
@pytest.mark.parametrize(
    ("errors", "end"),
    [
        (NOT_FOUND, "event: complete\nid: complete\ndata:\n\n"),
        (INTERNAL, "event: complete\ndata:\n\n"),
    ],
)
async def test_errors_are_a_last_result(is_open: bool, errors: bytes, end: str) -> None:
    async def failing(sink: Sink) -> None:
        if is_open:
            sink.opened()
        sink.error(errors)

    answer = await ask(failing)
    assert answer.status_code == 200
    assert answer.text == (
        "retry: 1000\n\n" f'event: next\ndata: {{"errors":{errors.decode()}}}\n\n' + end
    )


async def test_head_has_the_headers_and_runs_nothing() -> None:
    async with serving(two_results) as served, httpx.AsyncClient() as http:
        answer = await http.head(served.url, headers=SSE)
        assert served.operations.requests == []
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
