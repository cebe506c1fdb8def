"""Parts of a multipart/mixed body, byte by byte."""

import asyncio

import httpx
import pytest

from resolvers.http.streams.multipart import IncrementalFormat, SubscriptionFormat
from resolvers.http.streams.outgoing import StreamFormat
from resolvers.operations import Sink
from tests.test_http.serving import Script, serving

APOLLO = "multipart/mixed;subscriptionSpec=1.0, application/json"
PLAIN = "multipart/mixed"
TYPE = "Content-Type: application/json"
ERRORS = b'[{"message":"No.","extensions":{"code":"NOT_FOUND"}}]'
SHOWN = ERRORS.decode()


async def two_results(sink: Sink) -> None:
    sink.opened()
    assert sink.next(b'{"data":{"x":1}}', "a cursor")
    assert sink.next(b'{"data":{"x":2}}', None)
    sink.complete()


async def nothing(sink: Sink) -> None:
    sink.complete()


async def refused(sink: Sink) -> None:
    sink.error(ERRORS)


async def broken(sink: Sink) -> None:
    sink.opened()
    sink.error(ERRORS)


def body(*parts: str) -> str:
    """Write parts and the end as they should be."""
    written = "".join(f"\r\n{TYPE}\r\n\r\n{part}\r\n---" for part in parts)
    return f"\r\n---{written}--\r\n"


LAST = '{"hasNext":false}'


@pytest.mark.parametrize(
    ("accept", "script", "expected"),
    [
        (
            APOLLO,
            two_results,
            body('{"payload":{"data":{"x":1}}}', '{"payload":{"data":{"x":2}}}'),
        ),
        (APOLLO, nothing, body()),
        (APOLLO, refused, body(f'{{"payload":{{"errors":{SHOWN}}}}}')),
        (APOLLO, broken, body(f'{{"payload":null,"errors":{SHOWN}}}')),
        (PLAIN, two_results, body('{"data":{"x":1}}', '{"data":{"x":2}}', LAST)),
        (PLAIN, nothing, body(LAST)),
        (PLAIN, refused, body(f'{{"errors":{SHOWN},"hasNext":false}}')),
        (PLAIN, broken, body(f'{{"errors":{SHOWN},"hasNext":false}}')),
    ],
)
async def test_each_result_is_a_part_that_ends_with_its_delimiter(
    accept: str, script: Script, expected: str
) -> None:
    async with serving(script) as served, httpx.AsyncClient() as http:
        answer = await http.post(served.url, headers={"accept": accept})
    assert answer.status_code == 200
    version = "; subscriptionSpec=1.0" if accept == APOLLO else ""
    assert answer.headers["content-type"] == f'multipart/mixed; boundary="-"{version}'
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == expected


@pytest.mark.parametrize(
    ("style", "heart", "end"),
    [
        (SubscriptionFormat, f"\r\n{TYPE}\r\n\r\n{{}}\r\n---", "--\r\n"),
        (IncrementalFormat, " ", f"\r\n{TYPE}\r\n\r\n{LAST}\r\n-----\r\n"),
    ],
)
async def test_a_quiet_stream_has_a_heart(
    style: type[StreamFormat], heart: str, end: str
) -> None:
    async def quiet(sink: Sink) -> None:
        sink.opened()
        await asyncio.sleep(0.5)
        sink.complete()

    async with (
        serving(quiet, style=style, heartbeat_seconds=0.1) as served,
        httpx.AsyncClient() as http,
    ):
        text = (await http.post(served.url)).text
    hearts = text.removeprefix("\r\n---").removesuffix(end)
    assert hearts == heart * hearts.count(heart) and 2 <= hearts.count(heart) <= 5
