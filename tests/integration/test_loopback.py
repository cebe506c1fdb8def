"""By which names this machine's programs, and no others, are served."""

from urllib.parse import urlsplit

import pytest

from tests.integration.raw_http import raw_http
from tests.running import Running

pytestmark = pytest.mark.timeout(60)

PLAIN = "GET /healthz HTTP/1.1"
UPGRADE = (
    "GET /graphql HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws"
)
SERVED = pytest.mark.parametrize(
    ("request_line", "served"), [(PLAIN, 200), (UPGRADE, 101)], ids=["http", "socket"]
)
OURS = [
    "localhost",
    "localhost:8000",
    "LOCALHOST",
    "LocalHost:65535",
    "127.0.0.1",
    "127.0.0.1:1",
    "127.8.9.10:8000",
    "[::1]",
    "[::1]:8000",
    "[0:0:0:0:0:0:0:1]",
]
OTHERS = [
    "",
    "evil.example",
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "x.localhost",
    "localhost.",
    "127.0.0.1.",
    "localhost@evil.example",
    "evil.example@localhost",
    ":@127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.0.0.01",
    "0.0.0.0",
    "[::]",
    "::1",
    "[::1",
    "[[::1]]",
    "[127.0.0.1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[::1]x",
    "localhost:",
    "localhost:0",
    "localhost:65536",
    "localhost:+80",
    "localhost:80:80",
    "localhost:x",
    "localhost, evil.example",
    "localhost,localhost",
    "local host",
    "localhost evil.example",
    "localhost/",
    "localhost?evil.example",
    "localhost#evil.example",
    "localhost\\evil.example",
    "http://localhost",
    "localh\u00f6st",
    "localhost\u00a0",
    "\u00b9\u00b2\u00b7.0.0.1",
]


async def status(running: Running, *lines: str) -> int:
    """Return what a request is answered with; its Host lines are the caller's."""
    async with raw_http(running.base_url) as client:
        await client.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
        head = await client.reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1])


def own(running: Running) -> str:
    """Return the line that names the gateway."""
    return f"Host: {urlsplit(running.base_url).netloc}"


@SERVED
@pytest.mark.parametrize("host", OURS, ids=ascii)
async def test_this_machines_names_are_served(
    host: str, request_line: str, served: int, running: Running
) -> None:
    assert await status(running, request_line, f"Host: {host}") == served
    for scheme in ("http", "https"):
        origin = f"Origin: {scheme}://{host}"
        assert await status(running, request_line, own(running), origin) == served


@SERVED
@pytest.mark.parametrize("host", OTHERS, ids=ascii)
async def test_no_other_names_are_served(
    host: str, request_line: str, served: int, running: Running
) -> None:
    assert await status(running, request_line, f"Host: {host}") == 403
    origin = f"Origin: http://{host}"
    assert await status(running, request_line, own(running), origin) == 403


@SERVED
@pytest.mark.parametrize(
    "origin",
    ["", "null", "localhost", "//localhost", "ftp://localhost", "http:localhost"]
    + ["http://localhost http://localhost", "http://localhost, http://localhost"]
    + ["http://localhost/", "file://", "http://"],
    ids=ascii,
)
async def test_no_other_origins_are_served(
    origin: str, request_line: str, served: int, running: Running
) -> None:
    origin = f"Origin: {origin}"
    assert await status(running, request_line, own(running), origin) == 403


@SERVED
@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Host: localhost", "Host: localhost"],
        ["Host: localhost", "Host: evil.example"],
        ["Host: evil.example", "Host: localhost"],
    ],
    ids=["none", "twice", "other last", "other first"],
)
async def test_one_name_is_told(
    lines: list[str], request_line: str, served: int, running: Running
) -> None:
    assert await status(running, request_line, *lines) == 403


@pytest.mark.parametrize("second", ["http://localhost", "http://evil.example"])
async def test_at_most_one_origin_is_told(second: str, running: Running) -> None:
    lines = own(running), "Origin: http://localhost", f"Origin: {second}"
    assert await status(running, PLAIN, *lines) == 403
    # The library refuses before us.
    assert await status(running, UPGRADE, *lines) == 400
