"""Which stream an Accept header asks for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.http.event_stream import event_stream
from resolvers.http.multipart import multipart_incremental, multipart_subscription
from resolvers.http.negotiation import MakeStream, chosen_stream

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
        (URQL_QUERY, None),
        ("", None),
        ("*/*", None),
        ("text/*", None),
        ("multipart/*", None),
        ("application/*, text/*", None),
        ("application/json", None),
        ("text/html,application/xhtml+xml,*/*;q=0.8", None),
        ("application/json, text/event-stream", None),
        ("text/event-stream, application/json", event_stream),
        ("application/json;q=0.5, text/event-stream;q=0.6", event_stream),
        ("application/json;q=0.6, text/event-stream;q=0.5", None),
        ("text/event-stream;q=0.5, */*", None),
        ("*/*, text/event-stream", event_stream),
        ("image/png, text/event-stream;q=0.1", event_stream),
        ("text/event-stream;q=0", None),
        ("text/event-stream;q=0.000, multipart/mixed", multipart_incremental),
        ("text/event-stream;q=much", None),
        ("text/event-stream;q=nan, application/json;q=0.1", None),
        ("text/event-stream;q=2", None),
        ("text/event-stream;q=", None),
        (";;,=,text/event-stream", event_stream),
    ],
)
def test_the_preferred_kind_is_served(accept: str, expected: MakeStream | None) -> None:
    assert chosen_stream(accept) is expected


WHOLE = st.sampled_from(["*/*", "application/*", "application/json", "text/*"])
RANGE = st.one_of(WHOLE, st.builds("{};q=0.{}".format, WHOLE, st.integers(0, 999)))


@given(st.lists(RANGE).map(", ".join))
def test_wildcards_and_json_never_choose_a_stream(accept: str) -> None:
    assert chosen_stream(accept) is None


@given(st.text())
def test_no_header_is_too_odd(accept: str) -> None:
    assert chosen_stream("text/event-stream, " + accept.replace(",", "")) is not None
