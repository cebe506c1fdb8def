"""What clients make of quiet streams, of a server that stops, and of a broken stream."""

import asyncio
from typing import Any

import pytest

from resolvers.http.streams.event_stream import EventStreamFormat
from resolvers.http.streams.multipart import IncrementalFormat, SubscriptionFormat
from resolvers.http.streams.outgoing import StreamFormat
from resolvers.operations import Sink
from tests.conformance.streams.node import all_said, client
from tests.test_http.serving import serving

REQUEST = {"query": "subscription { x }"}
PLAIN = ("urql.mjs", IncrementalFormat)
APOLLO = ("apollo.mjs", SubscriptionFormat)
ERRORS = b'[{"message":"No.","extensions":{"code":"NOT_FOUND"}}]'


def events() -> StreamFormat:
    return EventStreamFormat(silent_end=True)


async def slow(sink: Sink) -> None:
    """Send two results with pauses before, between and behind them."""
    sink.opened()
    for number in (b"1", b"2"):
        await asyncio.sleep(0.3)
        sink.next(b'{"data":{"x":%b}}' % number, None)
    await asyncio.sleep(0.3)
    sink.complete()


@pytest.mark.parametrize(
    ("script", "style"), [PLAIN, APOLLO, ("graphql_sse.mjs", events)]
)
async def test_hearts_are_no_results(script: str, style: Any) -> None:
    async with serving(slow, style=style, heartbeat_seconds=0.05) as served:
        said = await all_said(script, served.url, REQUEST)
    shown = [what["next"]["data"]["x"] for what in said if "next" in what]
    assert shown[:2] == [1, 2] and set(shown[2:]) <= {2}
    assert said[-1] == {"complete": True}


async def shown_one(sink: Sink) -> None:
    sink.opened()
    sink.next(b'{"data":{"x":1}}', None)
    await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("script", "style", "noticed"),
    [
        (*PLAIN, {"error": "terminated"}),
        ("urql.mjs", events, {"error": "terminated"}),
        (*APOLLO, {"failed": "TypeError"}),
        ("graphql_sse.mjs", events, {"connecting": True}),
        ("event_source.mjs", events, {"reconnecting": {"status": None}}),
    ],
)
async def test_no_client_takes_a_stopping_server_for_the_end(
    script: str, style: Any, noticed: Any
) -> None:
    async with serving(shown_one, style=style) as served:
        async with client(script, served.url, REQUEST) as said:
            async for what in said:
                if "next" in what:
                    served.ask_to_stop()
                elif "type" not in what and what not in (
                    {"connecting": False},
                    {"open": True},
                ):
                    break
    assert what == noticed


async def test_apollo_is_told_of_a_broken_stream() -> None:
    async def broken(sink: Sink) -> None:
        sink.opened()
        sink.next(b'{"data":{"x":1}}', None)
        sink.error(ERRORS)

    async with serving(broken, style=SubscriptionFormat) as served:
        _, shown, failed, last = await all_said("apollo.mjs", served.url, REQUEST)
    assert shown == {"next": {"data": {"x": 1}}}
    assert failed["failed"] == "CombinedProtocolErrors"
    assert failed["errors"][0]["message"] == "No."
    assert last == {"complete": True}
