"""WebSocket frames as no client should send them, each with exactly what comes of it."""

from typing import Any

import pytest
from websockets.frames import Opcode

from tests.integration.raw_sockets import frame, raw_socket, text
from tests.running import Running

pytestmark = pytest.mark.timeout(120)

INIT = text({"type": "connection_init"})
PING = {"type": "ping", "payload": {"n": 1}}
PONG = {"type": "pong", "payload": {"n": 1}}
PING_BYTES = b'{"type":"ping","payload":{"n":1}}'
NO_UTF8 = (1007, "A text message must be UTF-8")
LIMIT = 256 * 1024
GOODBYE = frame(Opcode.CLOSE, (1000).to_bytes(2) + b"bye")

CLOSED: dict[str, tuple[list[bytes], tuple[int, str] | None]] = {
    "a text that is no UTF-8": ([INIT, text(b'{"type":"\xff"}')], NO_UTF8),
    "an overlong slash": ([INIT, text(b'{"type":"\xc0\xaf"}')], NO_UTF8),
    "a surrogate in UTF-8": ([INIT, text(b'{"type":"\xed\xa0\x80"}')], NO_UTF8),
    "a letter cut off": ([INIT, text('{"type":"好'.encode()[:-1])], NO_UTF8),
    "no UTF-8, then a close": ([INIT, text(b"\xff"), GOODBYE], (1000, "bye")),
    "no UTF-8, in two pieces": (
        [
            INIT,
            frame(Opcode.TEXT, b"\xe5", fin=False),
            frame(Opcode.CONT, b"\xff"),
        ],
        NO_UTF8,
    ),
    "a message of one byte too many": (
        [INIT, text(b" " * (LIMIT + 1))],
        (1009, f"frame with {LIMIT + 1} bytes exceeds limit of {LIMIT} bytes"),
    ),
    "pieces of one byte too many": (
        [
            INIT,
            frame(Opcode.TEXT, b" " * LIMIT, fin=False),
            frame(Opcode.CONT, b" "),
        ],
        (
            1009,
            f"frame with 1 bytes after reading {LIMIT} bytes exceeds limit of "
            f"{LIMIT} bytes",
        ),
    ),
    "a frame without a mask": (
        [INIT, text(PING, mask=False)],
        (1002, "incorrect masking"),
    ),
    "a reserved bit": ([INIT, text(PING, rsv=4)], (1002, "reserved bits must be 0")),
    "an unknown opcode": ([INIT, frame(3, b"x")], (1002, "invalid opcode")),
    "an unknown control frame": ([INIT, frame(11)], (1002, "invalid opcode")),
    "a ping in pieces": (
        [INIT, frame(Opcode.PING, fin=False)],
        (1002, "fragmented control frame"),
    ),
    "a ping of 126 bytes": (
        [INIT, frame(Opcode.PING, b"x" * 126)],
        (1002, "control frame too long"),
    ),
    "a piece of nothing": (
        [INIT, frame(Opcode.CONT, b"x")],
        (1002, "unexpected continuation frame"),
    ),
    "a text amid another": (
        [INIT, frame(Opcode.TEXT, b"{", fin=False), text(PING)],
        (1002, "expected a continuation frame"),
    ),
    "a close of one byte": (
        [INIT, frame(Opcode.CLOSE, b"x")],
        (1002, "close frame too short"),
    ),
    "a close with a code that is none": (
        [INIT, frame(Opcode.CLOSE, (999).to_bytes(2))],
        (1002, "invalid status code"),
    ),
    "a close whose reason is no UTF-8": (
        [INIT, frame(Opcode.CLOSE, (1000).to_bytes(2) + b"\xff")],
        (1007, "invalid start byte at position 0"),
    ),
    "a close without a code": ([INIT, frame(Opcode.CLOSE)], (1005, "")),
    "a close": ([INIT, GOODBYE], (1000, "bye")),
    "a close at once": ([GOODBYE], (1000, "bye")),
    "a close amid a message": (
        [INIT, frame(Opcode.TEXT, b"{", fin=False), GOODBYE],
        (1002, "incomplete fragmented message"),
    ),
    "binary in pieces": (
        [
            INIT,
            frame(Opcode.BINARY, PING_BYTES[:9], fin=False),
            frame(Opcode.CONT, PING_BYTES[9:]),
        ],
        (4400, "WebSocket message type must be text"),
    ),
    "a bad message, then more of them": (
        [INIT, text(b"?"), text(b"??"), text(PING), frame(Opcode.BINARY)],
        (4400, "WebSocket message must be valid JSON"),
    ),
}

ANSWERED = {
    "a message in one-byte pieces": [
        frame(Opcode.TEXT, PING_BYTES[:1], fin=False),
        *(frame(Opcode.CONT, bytes((one,)), fin=False) for one in PING_BYTES[1:-1]),
        frame(Opcode.CONT, PING_BYTES[-1:]),
    ],
    "a letter over two pieces": [
        text({"type": "pong"}),
        frame(
            Opcode.TEXT,
            '{"type":"ping","payload":{"n":1},"x":"好'.encode()[:-1],
            fin=False,
        ),
        frame(Opcode.CONT, "好".encode()[-1:] + b'"}'),
    ],
    "thousands of empty pieces": [
        frame(Opcode.TEXT, PING_BYTES[:5], fin=False),
        *([frame(Opcode.CONT, fin=False)] * 20_000),
        frame(Opcode.CONT, PING_BYTES[5:]),
    ],
    "thousands of small pieces": [
        frame(Opcode.TEXT, PING_BYTES, fin=False),
        *([frame(Opcode.CONT, b" ", fin=False)] * 20_000),
        frame(Opcode.CONT),
    ],
    "a message as large as may be": [
        text(PING_BYTES + b" " * (LIMIT - len(PING_BYTES)))
    ],
    "an unsolicited pong frame": [frame(Opcode.PONG, b"hello"), text(PING)],
}


@pytest.mark.parametrize("name", CLOSED)
async def test_what_closes_a_connection(name: str, running: Running) -> None:
    frames, expected = CLOSED[name]
    async with raw_socket(running.base_url) as socket:
        await socket.send(*frames)
        assert await socket.closing() == expected


@pytest.mark.parametrize("name", ANSWERED)
async def test_what_is_answered(name: str, running: Running) -> None:
    async with raw_socket(running.base_url) as socket:
        await socket.init()
        await socket.send(*ANSWERED[name])
        assert await socket.message() == PONG
        await socket.send(GOODBYE)
        assert await socket.closing() == (1000, "bye")


async def test_a_ping_frame_amid_a_message_is_answered(running: Running) -> None:
    async with raw_socket(running.base_url) as socket:
        await socket.send(
            frame(Opcode.TEXT, PING_BYTES[:9], fin=False),
            frame(Opcode.PING, b"alive?"),
            frame(Opcode.CONT, PING_BYTES[9:]),
        )
        answer = await socket.frame()
        assert answer is not None
        assert (answer.opcode, bytes(answer.data)) == (Opcode.PONG, b"alive?")
        assert await socket.message() == PONG


async def test_thousands_of_messages_at_once_are_answered_in_order(
    running: Running,
) -> None:
    async with raw_socket(running.base_url) as socket:
        pings = [{"type": "ping", "payload": {"n": n}} for n in range(5000)]
        await socket.init()
        sending = socket.send(*(text(ping) for ping in pings))
        await sending
        for n in range(5000):
            assert await socket.message() == {"type": "pong", "payload": {"n": n}}


async def test_compression_is_not_agreed_to(running: Running) -> None:
    offer = "Sec-WebSocket-Extensions: permessage-deflate"
    async with raw_socket(running.base_url, offer) as socket:
        agreed = socket.handshake.lower()
        assert "\r\nsec-websocket-protocol: graphql-transport-ws\r\n" in agreed
        assert "sec-websocket-extensions" not in agreed
        await socket.init()


def test_there_are_enough_of_them() -> None:
    assert len(CLOSED) + len(ANSWERED) >= 30
