"""Whatever arrives is a request or is refused: nothing else happens."""

from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.http.accept import GRAPHQL_RESPONSE, JSON, STREAMS, accepted
from resolvers.http.parameters import BadRequest, check_content, from_body, from_url

JSON_PIECES = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"query"',
    b'"variables"',
    b'"operationName"',
    b":",
    b",",
    b'"\\ud800"',
    b'"{a}"',
    b"1e999",
    b"NaN",
    b"\xff",
    b"null",
    b"\x00",
]
pieces = st.lists(st.sampled_from(JSON_PIECES) | st.binary(max_size=3)).map(b"".join)
ranges = st.sampled_from(
    [JSON, GRAPHQL_RESPONSE, *STREAMS, "*/*", ";q=0", ";q=0.5", ";q=x", ",", ";", "nan"]
)


@given(pieces | st.binary())
@example(b'{"query":"\xff"}')
@example(b'{"query":"\\ud800"}')
def test_any_body_is_a_request_or_a_bad_one(body: bytes) -> None:
    with suppress(BadRequest):
        request = from_body(body)
        assert isinstance(request.query, str) and request.query


@given(st.binary() | st.text("query=&variablesx%{}[]0f").map(str.encode))
def test_any_url_is_a_request_or_a_bad_one(query_string: bytes) -> None:
    with suppress(BadRequest):
        assert from_url(query_string).query


@given(st.lists(ranges).map("".join) | st.text(max_size=20))
def test_any_accept_header_chooses_what_it_names(accept: str) -> None:
    single, stream = accepted(accept)
    assert single in (None, JSON, GRAPHQL_RESPONSE)
    assert stream is None or (stream in STREAMS and stream in accept)


@given(st.text(), st.text(max_size=5))
def test_only_json_passes(content_type: str, encoding: str) -> None:
    with suppress(BadRequest):
        check_content(content_type, encoding)
        assert content_type.strip().lower().startswith("application/json")
