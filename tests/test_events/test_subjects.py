"""Subjects and filters, held to what the real server matches and accepts."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import APIError

from core.base import new_id
from events import subjects
from events.subjects import (
    EVENTS,
    JobKind,
    Topic,
    Transition,
    is_filter,
    job_filter,
    matches,
    trailing_id,
    transition_topic,
    without_id,
)

on_a_server = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
TOKENS = st.sampled_from(["a", "ab"])
SUBJECTS = st.lists(TOKENS, min_size=1, max_size=3).map(".".join)
PATTERNS = st.builds(
    lambda tokens, end: ".".join([*tokens, *end]),
    st.lists(TOKENS | st.just("*"), max_size=2),
    st.sampled_from([["a"], ["*"], [">"]]),
)
TOPICS = [
    *(transition_topic(kind, one) for kind in JobKind for one in Transition),
    subjects.LAYERS_EXPORTED,
    subjects.PICTURES_EXPORTED,
    subjects.PREVIEW_READY,
    subjects.ROWS_REJECTED,
]
EXACT_TOPICS = {
    "psd.parse_export": JobKind.PSD_PARSE,
    "psd.export": JobKind.PSD_EXPORT,
    "data_import.import": JobKind.DATA_IMPORT,
    "business_analysis.run": JobKind.BUSINESS_ANALYSIS,
    "background.generation": JobKind.BACKGROUND_GENERATION,
}
STATUSES = "queued started progressed retrying completed failed canceled".split()


def test_the_names_are_the_contract_s_and_those_beside_it() -> None:
    told = {
        f"{name}.{status}": (kind, status)
        for name, kind in EXACT_TOPICS.items()
        for status in STATUSES
    }

    assert {
        str(transition_topic(kind, one)): (kind, one.value)
        for kind in JobKind
        for one in Transition
    } == told
    assert [one.value for one in Transition if one.is_terminal] == [
        "completed",
        "failed",
        "canceled",
    ]
    assert str(subjects.LAYERS_EXPORTED) == "psd.layers.exported"
    assert str(subjects.PICTURES_EXPORTED) == "psd.pictures.exported"
    assert str(subjects.PREVIEW_READY) == "psd.preview.ready"
    assert str(subjects.PREVIEW_PUBLISHED) == "psd.preview.published"
    assert str(subjects.ROWS_REJECTED) == "data_import.rows.rejected"
    assert str(subjects.DEAD_LETTER) == "tasks.dead.failed"


@pytest.mark.parametrize("topic", TOPICS, ids=str)
def test_a_job_s_filter_covers_its_subjects_and_no_other_job_s(topic: Topic) -> None:
    mine, other = new_id("job"), new_id("job")
    subject = topic.subject(mine)

    assert subject == f"events.{topic}.{mine}"
    assert matches(job_filter(mine), subject)
    assert not matches(job_filter(other), subject)
    assert not matches(job_filter(mine), f"{subject}.more")
    assert not matches(job_filter(mine), without_id(subject))
    assert (without_id(subject), trailing_id(subject)) == (f"events.{topic}", mine)


async def test_the_server_agrees_on_a_job_s_filter(client: Client) -> None:
    mine, other = new_id("job"), new_id("job")
    told = [topic.subject(job) for topic in TOPICS for job in (mine, other)]

    assert await heard(client, job_filter(mine), told) == [
        topic.subject(mine) for topic in TOPICS
    ]


async def heard(client: Client, pattern: str, told: list[str]) -> list[str]:
    """Return those of the subjects that the server hands to a subscription."""
    got: list[str] = []

    async def hear(message: Msg) -> None:
        got.append(message.subject)

    subscription = await client.subscribe(pattern, cb=hear)
    for subject in told:
        await client.publish(subject)
    await client.flush()
    await subscription.drain()  # type: ignore[no-untyped-call]
    return got


@on_a_server
@given(pattern=PATTERNS, told=st.lists(SUBJECTS, max_size=20))
async def test_matches_agrees_with_the_server(
    client: Client, pattern: str, told: list[str]
) -> None:
    assert is_filter(pattern)
    expected = [one for one in told if matches(pattern, one)]

    assert await heard(client, pattern, told) == expected


async def accepts(client: Client, pattern: str) -> bool:
    """Tell whether the server takes ``events.{pattern}`` as a consumer's filter."""
    jetstream = client.jetstream(timeout=5)
    try:
        info = await jetstream.add_consumer(
            EVENTS,
            config=ConsumerConfig(
                filter_subject=f"events.{pattern}", ack_policy=AckPolicy.NONE
            ),
        )
    except APIError as error:
        assert error.description == "invalid subject"
        return False
    await jetstream.delete_consumer(EVENTS, info.name)
    return True


def is_told_apart(pattern: str) -> bool:
    """Tell whether wildcards stand alone and every character can be printed.

    The server takes ``a*`` and invisible characters for plain words; people err.
    """
    return pattern.isprintable() and all(
        token in ("*", ">") or not set(token) & set("*>")
        for token in pattern.split(".")
    )


@on_a_server
@given(pattern=st.text("ab.*> \té层\u3000", max_size=7))
async def test_filters_are_what_the_server_accepts(
    client: Client, pattern: str
) -> None:
    assert is_filter(pattern) == (
        await accepts(client, pattern) and is_told_apart(pattern)
    )


@pytest.mark.parametrize(
    "pattern",
    ["", ".", "a.", ".a", "a..b", ">.a", "a.>.b", ">>", "a*", "*a", "a>", "a b", "a\n"],
)
def test_what_is_no_filter(pattern: str) -> None:
    assert not is_filter(pattern)


@pytest.mark.parametrize(
    "pattern", [">", "*", "psd.>", "*.*.failed", "psd.层.é", "*.>"]
)
def test_what_is_a_filter(pattern: str) -> None:
    assert is_filter(pattern)
