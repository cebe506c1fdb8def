"""graphql-transport-ws: what closes a socket, and what does not."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.sockets import dial
from tests.running import Running

pytestmark = pytest.mark.timeout(120)

WATCH = 'subscription { events(subject: "nothing.>") { cursor } }'
VIEWER = "{ viewer { __typename } }"
SEEN = {"data": {"viewer": {"__typename": "User"}}}
ID = "The message's id must be a string that is not empty"


def _subscribe(**changes: Any) -> dict[str, Any]:
    return {"type": "subscribe", "id": "1", "payload": {"query": WATCH}} | changes


def _payload(**payload: Any) -> dict[str, Any]:
    return _subscribe(payload={"query": VIEWER} | payload)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("{", "WebSocket message must be valid JSON"),
        ("", "WebSocket message must be valid JSON"),
        ("[" * 100_000, "WebSocket message must be valid JSON"),
        (b"{}", "WebSocket message type must be text"),
        ("null", "A message is an object with a type"),
        ("[]", "A message is an object with a type"),
        ('"ping"', "A message is an object with a type"),
        ({}, "A message is an object with a type"),
        ({"type": None}, "A message is an object with a type"),
        ({"type": "start"}, "Unknown message type: start"),
        ({"type": "好" * 100}, "Unknown message type: " + "好" * 33),
        ('{"type": "\\ud800"}', "Unknown message type: ?"),
        ({"type": "complete"}, ID),
        (_subscribe(id=""), ID),
        (_subscribe(id=1), ID),
        (
            _subscribe(payload=None),
            "The message's payload must be an object with a query",
        ),
        (
            _subscribe(payload={}),
            "The message's payload must be an object with a query",
        ),
        (_payload(query=["x"]), "The message's payload must be an object with a query"),
        (_payload(variables=[]), "The payload's variables must be an object"),
        (_payload(operationName=1), "The payload's operationName must be a string"),
    ],
    ids=lambda value: ascii(value)[:30],
)
async def test_a_bad_message_closes_the_socket_with_a_reason(
    frame: Any, reason: str, running: Running
) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        await socket.subscribe("a", WATCH)
        if isinstance(frame, str | bytes):
            await socket.send_raw(frame)
        else:
            await socket.send(frame)
        assert await socket.closing() == (4400, reason)


async def test_nothing_runs_before_the_protocol_is_open(running: Running) -> None:
    async with dial(running.base_url) as socket:
        await socket.subscribe("1", VIEWER)
        assert await socket.closing() == (4401, "Unauthorized")


async def test_the_protocol_opens_once(running: Running) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        await socket.send({"type": "connection_init"})
        assert await socket.closing() == (4429, "Too many initialisation requests")


@pytest.mark.parametrize("payload", [None, {}, {"token": "x"}])
async def test_the_protocol_opens_with_any_object(
    payload: Any, running: Running
) -> None:
    async with dial(running.base_url) as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize("payload", [[], "token", 1])
async def test_the_protocol_opens_with_nothing_else(
    payload: Any, running: Running
) -> None:
    async with dial(running.base_url) as socket:
        await socket.send({"type": "connection_init", "payload": payload})
        assert await socket.closing() == (4400, "Invalid connection init payload")


@pytest.mark.parametrize("key", ["1", "好" * 100])
async def test_an_id_is_used_once_at_a_time(key: str, running: Running) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        await socket.subscribe(key, WATCH)
        await socket.subscribe(key, WATCH)
        code, reason = await socket.closing()
        told = f"Subscriber for {key} already exists"
        assert (code, told.startswith(reason)) == (4409, True)
        assert len(reason) >= 30 and len(reason.encode()) <= 123


async def test_an_id_is_free_again_after_its_operation(running: Running) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        for _ in range(2):
            await socket.subscribe("1", VIEWER)
            assert await socket.receive() == {
                "type": "next",
                "id": "1",
                "payload": SEEN,
            }
            assert await socket.receive() == {"type": "complete", "id": "1"}
        for _ in range(3):
            await socket.subscribe("1", WATCH)
            await socket.send({"type": "complete", "id": "1"})
        await socket.send({"type": "complete", "id": "never started"})
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}


@pytest.mark.parametrize("protocol", [None, "graphql-ws", "soap"])
async def test_another_subprotocol_is_not_served(
    protocol: str | None, running: Running
) -> None:
    async with dial(running.base_url, protocol=protocol) as socket:
        assert await socket.closing() == (4406, "Subprotocol not acceptable")


async def test_a_ping_is_answered_and_a_pong_is_not(running: Running) -> None:
    async with dial(running.base_url) as socket:
        await socket.send({"type": "ping"})
        assert await socket.receive() == {"type": "pong"}
        await socket.init()
        await socket.send({"type": "pong"})
        await socket.send({"type": "ping", "payload": {"at": 1}})
        assert await socket.receive() == {"type": "pong", "payload": {"at": 1}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "Syntax Error: Expected Name, found <EOF>."),
        ("{ nope }", "Cannot query field 'nope' on type 'Query'"),
        ("subscription { nope }", "Cannot query field 'nope' on type 'Subscription'"),
        (
            "query ($id: ID!) { node(id: $id) { id } }",
            "Variable '$id' has invalid value",
        ),
        ('subscription { jobEvents(id: "x") { at } }', "There is no such job."),
        ("", "The query is missing: send a GraphQL document."),
        ("{" * 5000, "Syntax Error: "),
    ],
    ids=lambda value: value[:20],
)
async def test_a_bad_operation_ends_alone(
    document: str, message: str, running: Running
) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        await socket.subscribe("sibling", WATCH)
        await socket.subscribe("bad", document)
        answer = await socket.receive()
        assert (answer["type"], answer["id"]) == ("error", "bad")
        (error,) = answer["payload"]
        assert error["message"].startswith(message)
        assert error["extensions"]["code"] in ("BAD_USER_INPUT", "NOT_FOUND")
        await socket.subscribe("good", VIEWER)
        assert (await socket.receive())["payload"] == SEEN
        assert (await socket.receive())["type"] == "complete"
        await socket.subscribe("sibling", WATCH)
        assert (await socket.closing())[0] == 4409  # it was still running


async def test_an_operation_that_is_not_in_the_document_is_told(
    running: Running,
) -> None:
    async with dial(running.base_url) as socket:
        await socket.init()
        await socket.send(_payload(operationName="other"))
        answer = await socket.receive()
        message = "The document has no operation named 'other'."
        error = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
        assert answer == {"type": "error", "id": "1", "payload": [error]}


async def test_queries_and_mutations_run_beside_each_other(running: Running) -> None:
    announce = """mutation {
      createUpload(input: {filename: "a.psd", size: 1}) { userErrors { code } }
    }"""
    async with dial(running.base_url) as socket:
        await socket.init()
        for number in range(20):
            await socket.subscribe(str(number), VIEWER if number % 2 else announce)
        messages = [await socket.receive() for _ in range(40)]
    done = {message["id"] for message in messages if message["type"] == "complete"}
    shown = {m["id"]: m["payload"] for m in messages if m["type"] == "next"}
    assert done == shown.keys() == {str(number) for number in range(20)}
    assert all(shown[str(number)] == SEEN for number in range(1, 20, 2))
    made = {"data": {"createUpload": {"userErrors": list[Any]()}}}
    assert all(shown[str(number)] == made for number in range(0, 20, 2))


async def test_dozens_of_sockets_leave_the_server_as_it_was(running: Running) -> None:
    async def break_off(number: int) -> None:
        async with dial(running.base_url) as socket:
            await socket.init()
            await socket.subscribe("1", WATCH)
            if number % 2:
                await socket.send_raw(json.dumps({"type": "ping"})[:-1])
                await socket.closing()
            else:
                socket.abort()

    await asyncio.gather(*(break_off(number) for number in range(40)))
    async with dial(running.base_url) as socket:
        await socket.init()


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example", "x"]
)
async def test_a_page_of_another_site_gets_no_socket(
    origin: str, running: Running
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with dial(running.base_url, origin=origin):
            pass
    assert refused.value.response.status_code == 403


async def test_a_page_of_this_server_gets_a_socket(running: Running) -> None:
    async with dial(running.base_url, origin=running.base_url) as socket:
        await socket.init()


async def test_another_name_for_this_machine_gets_no_socket(running: Running) -> None:
    host, _, port = running.base_url.removeprefix("http://").partition(":")
    with pytest.raises(InvalidStatus) as refused:
        async with dial(f"http://evil.example:{port}", host=host, port=int(port)):
            pass
    assert refused.value.response.status_code == 403
