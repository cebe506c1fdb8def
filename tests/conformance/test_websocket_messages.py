"""graphql-transport-ws: messages and their order, each with exactly what comes of it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.websocket.messages import (
    NO_ID,
    NO_INIT_PAYLOAD,
    NO_MESSAGE,
    NO_QUERY,
    NOT_JSON,
    UNUSABLE,
    BadMessage,
    parse,
)
from tests.integration.sockets import dial
from tests.running import Running

pytestmark = pytest.mark.timeout(120)

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
PING, PONG = {"type": "ping"}, {"type": "pong"}
WATCH = 'subscription { events(subject: "nothing.>") { cursor } }'
READ = object()  # wait for the next answer before going on
HALF = "\\ud800"  # in JSON: half of a surrogate pair


def _subscribe(id: Any = "1", query: Any = "{ __typename }", **more: Any) -> Any:
    return {"type": "subscribe", "id": id, "payload": {"query": query, **more}}


def _next(id: str, data: Any = None) -> dict[str, Any]:
    shown = data or {"__typename": "Query"}
    return {"id": id, "type": "next", "payload": {"data": shown}}


def _complete(id: str) -> dict[str, Any]:
    return {"id": id, "type": "complete"}


def _error(id: str, message: str, *at: int, code: str = "BAD_USER_INPUT") -> Any:
    error: dict[str, Any] = {"message": message, "extensions": {"code": code}}
    if at:
        error["locations"] = [{"line": at[0], "column": at[1]}]
    return {"id": id, "type": "error", "payload": [error]}


OPENS_TOO_OFTEN = (4429, "Too many initialisation requests")
UNAUTHORIZED = (4401, "Unauthorized")
DUPLICATE = (4409, "Subscriber for 1 already exists")
VARIABLES = "The payload's variables must be an object"
NAME = "The payload's operationName must be a string"
EXTENSIONS = "The payload's extensions must be an object"
PING_PAYLOAD = "The ping's payload must be an object"
PONG_PAYLOAD = "The pong's payload must be an object"
NO_TEXT = "WebSocket message type must be text"
NO_SUCH = "Cannot query field 'wrong' on type 'Query'."
LAST_TYPE = '{"type": "x", "type": "ping"}'
NO_BOOLEAN = (
    "Variable '$x' has invalid value: Boolean cannot represent a non boolean value: "
)
KEY_IN_HALVES = "The message's id holds half of a surrogate pair"

CLOSED: dict[str, tuple[list[Any], tuple[int, str]]] = {
    # What is no message
    "empty": ([INIT, ""], (4400, NOT_JSON)),
    "blank": ([INIT, "  \n"], (4400, NOT_JSON)),
    "a brace": ([INIT, "{"], (4400, NOT_JSON)),
    "an object and more": ([INIT, '{"type":"ping"}{}'], (4400, NOT_JSON)),
    "a trailing comma": ([INIT, '{"type":"ping",}'], (4400, NOT_JSON)),
    "single quotes": ([INIT, "{'type':'ping'}"], (4400, NOT_JSON)),
    "a comment": ([INIT, '{"type":"ping"} // hello'], (4400, NOT_JSON)),
    "a byte order mark": ([INIT, '\ufeff{"type":"ping"}'], (4400, NOT_JSON)),
    "a raw control character": ([INIT, '{"type":"pi\x01ng"}'], (4400, NOT_JSON)),
    "NaN": ([INIT, '{"type":"ping","payload":{"x":NaN}}'], (4400, NOT_JSON)),
    "Infinity": ([INIT, '{"type":"ping","payload":{"x":Infinity}}'], (4400, NOT_JSON)),
    "lists, 100,000 deep": ([INIT, "[" * 100_000], (4400, NOT_JSON)),
    "objects, 40,000 deep": ([INIT, '{"a":' * 40_000], (4400, NOT_JSON)),
    "a deep payload": (
        [INIT, '{"type":"ping","payload":' + '{"a":' * 9000 + "1" + "}" * 9001],
        (4400, NOT_JSON),
    ),
    "5000 digits": (
        [INIT, f'{{"type":"ping","payload":{"9" * 5000}}}'],
        (4400, NOT_JSON),
    ),
    "binary": ([INIT, b'{"type":"ping"}'], (4400, NO_TEXT)),
    "empty binary": ([INIT, b""], (4400, NO_TEXT)),
    "null": ([INIT, "null"], (4400, NO_MESSAGE)),
    "a list": ([INIT, [PING]], (4400, NO_MESSAGE)),
    "a string": ([INIT, '"ping"'], (4400, NO_MESSAGE)),
    "a number": ([INIT, "1"], (4400, NO_MESSAGE)),
    "no type": ([INIT, {"id": "1"}], (4400, NO_MESSAGE)),
    "a type that is null": ([INIT, {"type": None}], (4400, NO_MESSAGE)),
    "a type that is a list": ([INIT, {"type": ["ping"]}], (4400, NO_MESSAGE)),
    # Types
    "an unknown type": ([INIT, {"type": "x"}], (4400, "Unknown message type: x")),
    "an empty type": ([INIT, {"type": ""}], (4400, "Unknown message type: ")),
    "a capital": ([INIT, {"type": "Ping"}], (4400, "Unknown message type: Ping")),
    "the old protocol's": (
        [INIT, {"type": "start", "id": "1"}],
        (4400, "Unknown message type: start"),
    ),
    "a server's ack": ([INIT, ACK], (4400, "Unknown message type: connection_ack")),
    "a server's next": ([INIT, _next("1")], (4400, "Unknown message type: next")),
    "a server's error": (
        [INIT, _error("1", "x")],
        (4400, "Unknown message type: error"),
    ),
    "a long type": (
        [INIT, {"type": "好" * 100}],
        (4400, "Unknown message type: " + "好" * 33),
    ),
    "a type in halves": (
        [INIT, f'{{"type":"{HALF}"}}'],
        (4400, "Unknown message type: ?"),
    ),
    # Payloads of what is no operation
    "an init with a list": ([INIT | {"payload": []}], (4400, NO_INIT_PAYLOAD)),
    "an init with a string": ([INIT | {"payload": "token"}], (4400, NO_INIT_PAYLOAD)),
    "an init with false": ([INIT | {"payload": False}], (4400, NO_INIT_PAYLOAD)),
    "an init in halves": (
        [f'{{"type":"connection_init","payload":{{"x":"{HALF}"}}}}'],
        (4400, UNUSABLE),
    ),
    "a ping with a list": ([PING | {"payload": []}], (4400, PING_PAYLOAD)),
    "a ping with a number": ([PING | {"payload": 0}], (4400, PING_PAYLOAD)),
    "a ping in halves": (
        [f'{{"type":"ping","payload":{{"x":"{HALF}"}}}}'],
        (4400, UNUSABLE),
    ),
    "a ping beyond all numbers": (
        ['{"type":"ping","payload":{"x":1e999}}'],
        (4400, UNUSABLE),
    ),
    "a pong with a string": ([PONG | {"payload": "x"}], (4400, PONG_PAYLOAD)),
    # Ids
    "a complete without an id": ([INIT, {"type": "complete"}], (4400, NO_ID)),
    "a complete with an empty id": ([INIT, _complete("")], (4400, NO_ID)),
    "a subscribe without an id": (
        [INIT, {"type": "subscribe", "payload": {"query": "{ __typename }"}}],
        (4400, NO_ID),
    ),
    "an empty id": ([INIT, _subscribe("")], (4400, NO_ID)),
    "an id that is a number": ([INIT, _subscribe(1)], (4400, NO_ID)),
    "an id that is null": ([INIT, _subscribe(None)], (4400, NO_ID)),
    "an id in halves": (
        [
            INIT,
            f'{{"type":"subscribe","id":"{HALF}","payload":{{"query":"{{x}}"}}}}',
        ],
        (4400, KEY_IN_HALVES),
    ),
    # Operations
    "no payload": ([INIT, {"type": "subscribe", "id": "1"}], (4400, NO_QUERY)),
    "a payload that is a string": (
        [INIT, {"type": "subscribe", "id": "1", "payload": "{ __typename }"}],
        (4400, NO_QUERY),
    ),
    "no query": (
        [INIT, {"type": "subscribe", "id": "1", "payload": {"extensions": {}}}],
        (4400, NO_QUERY),
    ),
    "a query that is null": ([INIT, _subscribe(query=None)], (4400, NO_QUERY)),
    "a query that is a list": ([INIT, _subscribe(query=["x"])], (4400, NO_QUERY)),
    "variables in a list": ([INIT, _subscribe(variables=[])], (4400, VARIABLES)),
    "variables in a string": ([INIT, _subscribe(variables="{}")], (4400, VARIABLES)),
    "a name that is a number": ([INIT, _subscribe(operationName=1)], (4400, NAME)),
    "a name that is an object": ([INIT, _subscribe(operationName={})], (4400, NAME)),
    "extensions in a list": ([INIT, _subscribe(extensions=[])], (4400, EXTENSIONS)),
    "extensions in a string": ([INIT, _subscribe(extensions="x")], (4400, EXTENSIONS)),
    # Order
    "subscribe first": ([_subscribe()], UNAUTHORIZED),
    "subscribe behind a ping": ([PING, _subscribe()], UNAUTHORIZED),
    "a bad subscribe first": ([_subscribe(id="")], (4400, NO_ID)),
    "init twice": ([INIT, INIT], OPENS_TOO_OFTEN),
    "init again later": ([INIT, _subscribe(query=WATCH), INIT], OPENS_TOO_OFTEN),
    "an id twice": ([INIT, _subscribe(query=WATCH), _subscribe()], DUPLICATE),
    "an id twice, by a bad operation": (
        [INIT, _subscribe(query=WATCH), _subscribe(query="{")],
        DUPLICATE,
    ),
    "a bad message amid operations": (
        [INIT, *(_subscribe(str(key), WATCH) for key in range(9)), "?"],
        (4400, NOT_JSON),
    ),
}

ANSWERED: dict[str, tuple[list[Any], list[Any]]] = {
    "init": ([INIT], [ACK]),
    "init with null": ([INIT | {"payload": None}], [ACK]),
    "init with an object": ([INIT | {"payload": {"token": "x"}}], [ACK]),
    "init with what it does not need": ([INIT | {"id": 1, "more": []}], [ACK]),
    "ping before init": ([PING], [PONG]),
    "ping with null": ([PING | {"payload": None}], [PONG]),
    "ping with an empty object": ([PING | {"payload": {}}], [PONG | {"payload": {}}]),
    "ping with a payload": (
        [INIT, PING | {"payload": {"at": [1, "好", None, 1.5]}}],
        [ACK, PONG | {"payload": {"at": [1, "好", None, 1.5]}}],
    ),
    "ping with a large number": (
        [PING | {"payload": {"n": 10**40}}],
        [PONG | {"payload": {"n": 10**40}}],
    ),
    "the last of two types counts": ([LAST_TYPE], [PONG]),
    "pong unasked": ([PONG, INIT, PONG | {"payload": {"x": 1}}], [ACK]),
    "complete before init": ([_complete("1")], []),
    "complete of nothing": ([INIT, _complete("never started")], [ACK]),
    "complete of what is over": (
        [INIT, _subscribe(query="{"), READ, READ, _complete("1"), _complete("1")],
        [ACK, _error("1", "Syntax Error: Expected Name, found <EOF>.", 1, 2)],
    ),
    "a subscription and its complete": (
        [INIT, _subscribe(query=WATCH), _complete("1"), _complete("1")],
        [ACK],
    ),
    "an id again after complete": (
        [INIT, *([_subscribe(query=WATCH), _complete("1")] * 5)],
        [ACK],
    ),
    "an id again after an error": (
        [INIT, READ, *([_subscribe(query="{ wrong }"), READ] * 2)],
        [ACK, *([_error("1", NO_SUCH, 1, 3)] * 2)],
    ),
    "an id again after its end": (
        [INIT, READ, *([_subscribe(), READ, READ] * 2)],
        [ACK, *([_next("1"), _complete("1")] * 2)],
    ),
    "nulls where they may be": (
        [INIT, _subscribe(variables=None, operationName=None, extensions=None)],
        [ACK, _next("1"), _complete("1")],
    ),
    "extensions": (
        [INIT, _subscribe(extensions={"trace": {"deep": [1]}})],
        [ACK, _next("1"), _complete("1")],
    ),
    "an odd id": (
        [INIT, _subscribe('"\\/\n\u2028😀')],
        [ACK, _next('"\\/\n\u2028😀'), _complete('"\\/\n\u2028😀')],
    ),
    "an id of 1000 letters": (
        [INIT, _subscribe("x" * 1000)],
        [ACK, _next("x" * 1000), _complete("x" * 1000)],
    ),
    "a mutation's name": (
        [INIT, _subscribe(query="mutation { __typename }")],
        [ACK, _next("1", {"__typename": "Mutation"}), _complete("1")],
    ),
    "one of several operations": (
        [INIT, _subscribe(query="query a { a: __typename } query b { b: __typename }")],
        [
            ACK,
            _error(
                "1",
                "The document holds several operations: say which in operationName.",
            ),
        ],
    ),
    "a name that the document has": (
        [
            INIT,
            _subscribe(
                query="query a { a: __typename } query b { b: __typename }",
                operationName="b",
            ),
        ],
        [ACK, _next("1", {"b": "Query"}), _complete("1")],
    ),
    "a query in halves": (
        [INIT, f'{{"type":"subscribe","id":"1","payload":{{"query":"{HALF}"}}}}'],
        [ACK, _error("1", "Syntax Error: Invalid character: U+D800.", 1, 1)],
    ),
    "variables in halves and beyond all numbers": (
        [
            INIT,
            '{"type":"subscribe","id":"1","payload":{"query":"{__typename}",'
            f'"variables":{{"x":1e999,"{HALF}":"{HALF}"}}}}}}',
        ],
        [ACK, _next("1"), _complete("1")],
    ),
    "a Boolean in halves": (
        [
            INIT,
            '{"type":"subscribe","id":"1","payload":{"query":'
            '"query ($x: Boolean!) { __typename @skip(if: $x) }",'
            f'"variables":{{"x":"{HALF}"}}}}}}',
        ],
        [ACK, _error("1", f"{NO_BOOLEAN}'\\ud800'", 1, 8)],
    ),
    "a large number for a Boolean": (
        [
            INIT,
            _subscribe(
                query="query ($x: Boolean!) { __typename @skip(if: $x) }",
                variables={"x": 10**30},
            ),
        ],
        [ACK, _error("1", f"{NO_BOOLEAN}{10**30}", 1, 8)],
    ),
}


async def _send(socket: Any, message: Any) -> None:
    if isinstance(message, str | bytes):
        await socket.send_raw(message)
    else:
        await socket.send(message)


@pytest.mark.parametrize("name", CLOSED)
async def test_what_closes_a_connection(name: str, running: Running) -> None:
    messages, expected = CLOSED[name]
    async with dial(running.base_url) as socket:
        for message in messages:
            await _send(socket, message)
        assert await socket.closing() == expected


@pytest.mark.parametrize("name", ANSWERED)
async def test_what_is_answered(name: str, running: Running) -> None:
    messages, expected = ANSWERED[name]
    end = {"payload": {"this": "was all"}}
    async with dial(running.base_url) as socket:
        received = []
        for message in messages:
            if message is READ:
                received.append(await socket.receive())
            else:
                await _send(socket, message)
        while len(received) < len(expected):
            received.append(await socket.receive())
        await socket.send(PING | end)
        assert [*received, await socket.receive()] == [*expected, PONG | end]


@given(
    st.text()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["type", "id", "payload", "query", "variables"])
            | st.text(),
            inner | st.sampled_from(["ping", "subscribe", "connection_init"]),
        ),
    ).map(json.dumps)
)
def test_whatever_comes_is_a_message_or_has_a_reason(message: str) -> None:
    try:
        parse(message.encode(errors="replace").decode())
    except BadMessage as bad:
        assert str(bad)


def test_there_are_enough_of_them() -> None:
    assert len(CLOSED) + len(ANSWERED) >= 90
