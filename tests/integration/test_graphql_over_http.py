"""GraphQL over HTTP: what is asked how, and answered with which status and type."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.running import Running

QUERY = "{ viewer { __typename } }"
VIEWER = {"query": QUERY}
SEEN = {"data": {"viewer": {"__typename": "User"}}}
JSON = "application/json"
NEW = "application/graphql-response+json"
EVENTS = 'subscription { events(subject: "nothing.>") { cursor } }'
CANCEL = 'mutation { cancelJob(id: "x") { userErrors { code } } }'


@pytest.fixture
async def http(running: Running) -> AsyncIterator[httpx.AsyncClient]:
    """Send requests to the running gateway."""
    async with httpx.AsyncClient(base_url=running.base_url, timeout=30) as http:
        del http.headers["accept"]
        yield http


async def post(
    http: httpx.AsyncClient, body: bytes | dict[str, Any], **headers: str
) -> httpx.Response:
    """Send a body as JSON, or with other headers."""
    content = body if isinstance(body, bytes) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await http.post(
        "/graphql", content=content, headers={"content-type": JSON} | named
    )


def message_of(answer: httpx.Response) -> str:
    """Return the one error of an answer that holds no data."""
    body = answer.json()
    assert list(body) == ["errors"]
    (error,) = body["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    message: str = error["message"]
    return message


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (NEW, NEW),
        (f"{NEW}, {JSON}", NEW),
        (f"{JSON}, {NEW}", NEW),
        (f"{NEW}, */*", NEW),
        (f"{JSON}, */*", JSON),
        (f"{NEW};q=0.5, {JSON};q=0.9", JSON),
        (f"{NEW}; q=0.9, {JSON};q=0.5", NEW),
        (f"*/*;q=0.1, {NEW};q=0", JSON),
        (f"{JSON};q=0, */*", NEW),
        (f"{NEW.upper()};charset=UTF-8", NEW),
        (f'{JSON};charset="utf-8"', JSON),
        (f"{NEW};charset=latin1, {JSON}", JSON),
        (f"text/event-stream, multipart/mixed, {JSON}", JSON),
        (f"{NEW}, application/graphql+json, {JSON}, text/event-stream", NEW),
        (f"text/html;q=x, {JSON}", JSON),
    ],
)
async def test_the_best_accepted_type_is_sent(
    accept: str | None, media_type: str, http: httpx.AsyncClient
) -> None:
    headers = {} if accept is None else {"accept": accept}
    answer = await post(http, VIEWER, **headers)
    assert (answer.status_code, answer.json()) == (200, SEEN)
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["vary"] == "accept"


@pytest.mark.parametrize(
    "accept",
    [
        "text/plain",
        "image/*",
        f"{JSON};q=0",
        f"{JSON};charset=utf-16",
        "x",
        ",",
        ";q=1",
    ],
)
async def test_what_is_not_accepted_is_not_sent(
    accept: str, http: httpx.AsyncClient
) -> None:
    answer = await post(http, VIEWER, accept=accept)
    assert answer.status_code == 406
    assert message_of(answer).startswith(f"Accept `{NEW}` or `{JSON}`")


async def test_two_accept_headers_are_one(http: httpx.AsyncClient) -> None:
    headers = [("accept", "text/plain"), ("accept", NEW), ("content-type", JSON)]
    answer = await http.post("/graphql", json=VIEWER, headers=headers)
    assert answer.headers["content-type"] == f"{NEW}; charset=utf-8"


@pytest.mark.parametrize(
    ("request_body", "message"),
    [
        ({"query": "{"}, "Syntax Error: Expected Name, found <EOF>."),
        ({"query": "{ zzz }"}, "Cannot query field 'zzz' on type 'Query'."),
        (
            VIEWER | {"operationName": "other"},
            "The document has no operation named 'other'.",
        ),
        (
            {"query": "query ($id: ID!) { job(id: $id) { id } }"},
            "Variable '$id' has invalid value: "
            "Expected a value of non-null type 'ID!' to be provided.",
        ),
        (
            {"query": "query A { __typename } query B { __typename }"},
            "The document holds several operations: say which in operationName.",
        ),
    ],
)
async def test_a_request_of_which_nothing_runs(
    request_body: dict[str, Any], message: str, http: httpx.AsyncClient
) -> None:
    old = await post(http, request_body, accept=JSON)
    assert (old.status_code, message_of(old)) == (200, message)
    new = await post(http, request_body, accept=NEW)
    assert (new.status_code, message_of(new)) == (400, message)


async def test_an_error_of_a_field_leaves_the_status(http: httpx.AsyncClient) -> None:
    query = "{ psdDocuments(first: -1) { totalCount } viewer { __typename } }"
    answer = await post(http, {"query": query}, accept=NEW)
    assert answer.status_code == 200
    (error,) = answer.json()["errors"]
    assert error["path"] == ["psdDocuments"]


NOT_UTF8 = "The body is not UTF-8."
TOO_DEEP = "The body is nested too deeply."
NO_OBJECT = "The body must be a JSON object with a `query`."
BATCH = "Batching is off: send one operation in each request."
NO_QUERY = "The `query` is missing: send a GraphQL document."
NO_JSON = "The body is not JSON"


@pytest.mark.parametrize("accept", [JSON, NEW])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", f"{NO_JSON} (Expecting value: line 1 column 1 (char 0))."),
        (b"{", NO_JSON),
        (b"nope", NO_JSON),
        (b"null", NO_OBJECT),
        (b'"x"', NO_OBJECT),
        (b"1", NO_OBJECT),
        (b"NaN", NO_OBJECT),
        (b"1e999", NO_OBJECT),
        (b"9" * 5000, "The body is not JSON."),
        (b"[]", BATCH),
        (b'[{"query": "{ viewer { id } }"}]', BATCH),
        (b"\xff\xfe", NOT_UTF8),
        (b'{"query": "\xff"}', NOT_UTF8),
        (json.dumps(VIEWER).encode("utf-16"), NOT_UTF8),
        (b"[" * 100_000, TOO_DEEP),
        (b'{"query": ' + b'{"a":' * 100_000, TOO_DEEP),
        (b"{}", NO_QUERY),
        (b'{"query": null}', NO_QUERY),
        (b'{"query": ""}', NO_QUERY),
        (b'{"query": 1}', "`query` must be a string."),
        (b'{"query": "{a}", "variables": []}', "`variables` must be an object."),
        (b'{"query": "{a}", "variables": "{}"}', "`variables` must be an object."),
        (b'{"query": "{a}", "extensions": 0}', "`extensions` must be an object."),
        (b'{"query": "{a}", "operationName": 0}', "`operationName` must be a string."),
        (
            b'{"query": "{a}", "operationName": "\\ud800"}',
            "`operationName` must be a GraphQL name.",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_what_is_no_request_is_the_senders_fault(
    body: bytes, message: str, accept: str, http: httpx.AsyncClient
) -> None:
    answer = await post(http, body, accept=accept)
    assert answer.status_code == 400
    assert message_of(answer).startswith(message)


async def test_a_long_body_is_refused(http: httpx.AsyncClient) -> None:
    answer = await post(http, b" " * 60_000_000)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"query": "{ \ud800 }"}, "Syntax Error: Invalid character: U+D800."),
        ({"query": '{ job(id: "\ud800") { id } }'}, "Syntax Error: "),
        (
            {
                "query": "query ($id: ID!) { job(id: $id) { id } }",
                "variables": {"id": {}},
            },
            "Variable '$id' has invalid value: ID cannot represent value: {}",
        ),
        (
            {
                "query": "query ($n: Int!) { psdDocuments(first: $n) { totalCount } }",
                "variables": {"n": 2**70},
            },
            "Variable '$n' has invalid value: Int cannot represent non 32-bit signed "
            "integer value: 1180591620717411303424",
        ),
    ],
)
async def test_strange_values_are_told(
    body: dict[str, Any], message: str, http: httpx.AsyncClient
) -> None:
    answer = await post(http, body, accept=NEW)
    assert answer.status_code == 400
    assert message_of(answer).startswith(message)


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": ""},
        {"content_type": "application/json; charset=latin1"},
        {"content_type": "text/plain; x=application/json"},
        {"content_encoding": "gzip"},
    ],
    ids=str,
)
async def test_what_a_form_could_send_is_refused(
    headers: dict[str, str], http: httpx.AsyncClient
) -> None:
    answer = await post(http, VIEWER, **headers)
    assert answer.status_code == 415
    assert message_of(answer).startswith("Send the request ")


async def test_an_encoding_is_utf8_by_any_name(http: httpx.AsyncClient) -> None:
    answer = await post(http, VIEWER, content_type='Application/JSON; charset="UTF8"')
    assert answer.json() == SEEN


async def test_a_query_may_be_got(http: httpx.AsyncClient) -> None:
    query = "query A($name: String!) { __type(name: $name) { name } } query B { zzz }"
    parameters = {
        "query": query.replace("zzz", "__typename"),
        "operationName": "A",
        "variables": '{"name": "Job"}',
        "extensions": "{}",
    }
    answer = await http.get("/graphql", params=parameters)
    assert answer.status_code == 200
    assert answer.json() == {"data": {"__type": {"name": "Job"}}}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/graphql", NO_QUERY),
        ("/graphql?query=", NO_QUERY),
        ("/graphql?query=%ff", "The URL's parameters cannot be read."),
        (
            "/graphql?query={a}&query={b}",
            "The URL gives a parameter more than once.",
        ),
        ("/graphql?query={a}&variables=[]", "`variables` must be an object."),
        ("/graphql?query={a}&variables={", "`variables` is not JSON"),
        ("/graphql?query={a}&extensions=1", "`extensions` must be an object."),
        (
            "/graphql?query={a}&variables=" + "[" * 20_000,
            "`variables` is nested too deeply.",
        ),
    ],
    ids=lambda value: value[:40],
)
async def test_what_cannot_be_got_is_told(
    url: str, message: str, http: httpx.AsyncClient
) -> None:
    answer = await http.get(url)
    assert answer.status_code == 400
    assert message_of(answer).startswith(message)


async def test_a_mutation_is_not_got(http: httpx.AsyncClient) -> None:
    for accept in (JSON, NEW, "text/event-stream, application/json"):
        answer = await http.get(
            "/graphql", params={"query": CANCEL}, headers={"accept": accept}
        )
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert message_of(answer) == "Send a mutation by POST."


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_not_served(
    method: str, http: httpx.AsyncClient
) -> None:
    answer = await http.request(method, "/graphql")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert message_of(answer) == "Send GraphQL by GET or POST."


async def test_a_head_has_no_body(http: httpx.AsyncClient) -> None:
    answer = await http.head("/graphql", params=VIEWER)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(json.dumps(SEEN)) - 3)


@pytest.mark.parametrize("accept", [JSON, NEW, "*/*"])
async def test_a_subscription_has_no_single_answer(
    accept: str, http: httpx.AsyncClient
) -> None:
    answer = await post(http, {"query": EVENTS}, accept=accept)
    assert answer.status_code == 406
    assert message_of(answer) == (
        "A subscription's results come as a stream: send `Accept: text/event-stream` "
        "or `Accept: multipart/mixed`, or use a WebSocket with graphql-transport-ws."
    )


async def test_a_browser_gets_the_page(http: httpx.AsyncClient) -> None:
    answer = await http.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
