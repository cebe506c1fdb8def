"""Which stream an Accept header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from resolvers.http.accept import accepted
from resolvers.http.streams.event_stream import event_stream
from resolvers.http.streams.multipart import (
    multipart_incremental,
    multipart_subscription,
)
from resolvers.http.streams.negotiation import MakeStream, stream_maker

APOLLO = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,"
    "application/graphql-response+json,application/json;q=0.9"
)
ROUTER = 'multipart/mixed;subscriptionSpec="1.0", application/json'
URQL_QUERY = (
    "application/graphql-response+json, application/graphql+json, application/json, "
    "text/event-stream, multipart/mixed"
)
DEFER = "multipart/mixed;deferSpec=20220824,application/json;q=0.9"


def stream_of(accept: str) -> MakeStream | None:
    """Return what makes the stream that a header allows; None for an answer alone."""
    media_type = accepted(accept).stream
    if media_type is None:
        return None
    return stream_maker(media_type, Headers({"accept": accept}))


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/event-stream", event_stream),
        ("Text/Event-Stream; charset=utf-8", event_stream),
        ("text/event-stream, multipart/mixed", event_stream),
        ("multipart/mixed, text/event-stream", multipart_incremental),
        (APOLLO, multipart_subscription),
        (ROUTER, multipart_subscription),
        ("multipart/mixed;subscriptionSpec=2.0", multipart_incremental),
        (DEFER, multipart_incremental),
        (URQL_QUERY, event_stream),
        ("", None),
        ("*/*", None),
        ("text/*", None),
        ("multipart/*", None),
        ("application/*, text/*", None),
        ("application/json", None),
        ("text/html,application/xhtml+xml,*/*;q=0.8", None),
        ("application/json, text/event-stream", event_stream),
        ("text/event-stream;q=0.5, multipart/mixed;q=0.6", multipart_incremental),
        ("image/png, text/event-stream;q=0.1", event_stream),
        ("text/event-stream;q=0", None),
        ("text/event-stream;q=0.000, multipart/mixed", multipart_incremental),
        ("text/event-stream;q=much", None),
        ("text/event-stream;q=nan", None),
        ("text/event-stream;q=", None),
        (";;,=,text/event-stream", event_stream),
    ],
)
def test_the_preferred_kind_is_served(accept: str, expected: MakeStream | None) -> None:
    assert stream_of(accept) is expected


WHOLE = st.sampled_from(["*/*", "application/*", "application/json", "text/*"])
RANGE = st.one_of(WHOLE, st.builds("{};q=0.{}".format, WHOLE, st.integers(0, 999)))


@given(st.lists(RANGE).map(", ".join))
def test_wildcards_and_json_never_choose_a_stream(accept: str) -> None:
    assert stream_of(accept) is None


@given(st.text(st.characters(codec="latin-1")))
def test_no_header_is_too_odd(accept: str) -> None:
    assert stream_of("text/event-stream, " + accept.replace(",", "")) is not None
