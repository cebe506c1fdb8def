"""What subscriptions keep: what is needed, up to a limit, and given back at the end."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.base import new_id
from core.container import Container
from core.errors import AppError, ErrorCode
from core.security import Caller
from resolvers.execution.documents import Documents, Prepared
from resolvers.execution.request import OperationRequest
from resolvers.root import schema
from resolvers.subscriptions import holdings
from resolvers.subscriptions.key import SharingKey, sharing_key
from resolvers.subscriptions.sharing import SharedExecutions

WATCH = """
subscription ($id: ID!, $after: EventCursor) {
  jobEvents(id: $id, after: $after) { cursor }
}
"""
FEED = """
subscription ($kind: [JobKind!], $d: Delivery!) {
  jobFeed(kind: $kind, delivery: $d) { cursor }
}
"""
ONE, OTHER = (Caller(new_id("user"), is_admin=False) for _ in range(2))
DOCUMENTS = Documents(schema._schema)


def prepared(document: str = WATCH, **variables: Any) -> Prepared:
    return DOCUMENTS.prepare(OperationRequest(document, variables))


def key_of(**variables: Any) -> SharingKey:
    return sharing_key(prepared(**variables), ONE)


def events(number: int) -> str:
    return f'subscription E{number} {{ events(subject: "psd.>") {{ cursor }} }}'


@pytest.fixture
def shared() -> SharedExecutions:
    """Return the executions of a process in which nobody has subscribed."""
    return SharedExecutions(Container())


def test_only_declared_variables_are_kept() -> None:
    one = prepared(id="1", Id="x" * 1000, more={"a": ["b"] * 1000})
    assert one.variables == {"id": "1"}
    assert one.values.coerced["id"] == "1"


def test_of_a_subscriptions_request_nothing_else_is_kept() -> None:
    first = OperationRequest(WATCH, {"id": "1"}, extensions={"a": 1})
    second = first._replace(query=" ".join(["", *WATCH.split(" ")])[1:])
    assert second.query is not WATCH and second.query == WATCH
    kept = [DOCUMENTS.prepare(one) for one in (first, second)]
    assert kept[0].text is kept[1].text
    assert kept[0].extensions is None
    query = OperationRequest("{ __typename }", extensions={"a": 1})
    assert DOCUMENTS.prepare(query).extensions == {"a": 1}


def test_keys_tell_values_apart() -> None:
    values = [1, "1", "true", "null", "01", -1]
    keys = {key_of(id=value).variables for value in values}
    assert len(keys) == len(values)
    document = "subscription ($x: Boolean!) { events { cursor @include(if: $x) } }"
    assert sharing_key(prepared(document, x=True), ONE).variables == b'{"x":true}'
    # What a client must not send for an ID may be read as one all the same.
    assert key_of(id=2**70).variables == b'{"id":1180591620717411303424}'


def test_keys_know_no_order_and_no_place() -> None:
    one = prepared(FEED, kind=["PSD_PARSE"], d="ALL")
    other = prepared(FEED, d="ALL", kind=["PSD_PARSE"], more=1)
    assert sharing_key(one, ONE) == sharing_key(other, ONE)
    assert key_of(id="1", after="a") == key_of(id="1", after="b") == key_of(id="1")


@given(st.text(max_size=20))
def test_any_text_makes_a_key(text: str) -> None:
    written = key_of(id=text).variables
    assert json.loads(written.decode(errors="surrogatepass")) == {"id": text}


def test_a_lone_surrogate_makes_a_key() -> None:
    assert key_of(id="\ud800").variables == b'{"id":"\xed\xa0\x80"}'


@pytest.mark.parametrize("letter", ["x", "é"])
def test_large_variables_are_refused(letter: str, shared: SharedExecutions) -> None:
    size = len(letter.encode())
    most = (16 * 1024 - len('{"id":""}')) // size
    fitting = prepared(id=letter * most)
    shared.join(fitting, ONE, str).leave()
    with pytest.raises(AppError) as refused:
        shared.join(prepared(id=letter * (most + 1)), ONE, str)
    assert refused.value.code is ErrorCode.LIMIT_EXCEEDED
    found = len('{"id":""}') + size * (most + 1)
    assert refused.value.message == (
        "The variables of a subscription may have at most 16384 bytes as JSON; these "
        f"have {found}."
    )
    assert _nothing_is_held(shared)


def test_each_users_documents_are_bounded(
    shared: SharedExecutions, monkeypatch: pytest.MonkeyPatch
) -> None:
    several = [prepared(events(number)) for number in range(4)]
    size = several[0].parsed.size
    assert size == len(events(0)) + 600 * 13
    monkeypatch.setattr(holdings, "MAX_DOCUMENTS_BYTES", 3 * size)
    members = [shared.join(one, ONE, str) for one in several[:3] * 5]
    assert shared.holdings.bytes_of(ONE.user_id) == 3 * size
    with pytest.raises(AppError) as refused:
        shared.join(several[3], ONE, str)
    assert refused.value.code is ErrorCode.LIMIT_EXCEEDED
    assert refused.value.message == (
        "The documents of all your subscriptions may take at most 0 MiB on a gateway. "
        "End some, or send the same document with other variables."
    )
    members += [shared.join(one, OTHER, str) for one in several[1:]]
    members.append(shared.join(several[0], ONE, str))
    assert len(shared.holdings) == len(members) == 19
    for member in members[:15:3]:
        member.leave()
    with pytest.raises(AppError, match="at most 0 MiB"):  # one still holds it
        shared.join(several[3], ONE, str)
    members[15 + 3].leave()
    members.append(shared.join(several[3], ONE, str))
    for member in members:
        member.leave()
        member.leave()
    assert _nothing_is_held(shared)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1)), max_size=40))
def test_what_is_taken_is_given_back(starts: list[tuple[int, int]]) -> None:
    own = SharedExecutions(Container())
    callers = ONE, OTHER
    several = [prepared(events(number)) for number in range(4)]
    members = [own.join(several[one], callers[who], str) for one, who in starts]
    for who, caller in enumerate(callers):
        theirs = {one for one, whose in starts if whose == who}
        assert own.holdings.bytes_of(caller.user_id) == sum(
            several[one].parsed.size for one in theirs
        )
    for member in itertools.chain(members[::2], members):
        member.leave()
    assert _nothing_is_held(own)


def _nothing_is_held(shared: SharedExecutions) -> bool:
    held = shared.holdings
    return not (held._held or held._bytes or len(shared))
